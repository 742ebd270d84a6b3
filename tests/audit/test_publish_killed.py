"""SIGKILL between any two steps of publication, then a restart: what others saw holds, and it goes on as before."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.db import connections

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.models import Leaf, PublishedCheckpoint, TreeHead
from apps.audit.services import SequencerBusy
from tests.audit.garden import plant, sequence, sequence_what_was_there
from tests.audit.press import ORIGIN, Press, assert_the_shown_log_holds

pytestmark = pytest.mark.committed

Killer = Callable[[ExitStack], None]
# Leaves come in steps that make partial and full tiles, and a tile that begins.
GROWTH = (3, 250, 1, 300)

# Each step of log.md, section 1.3, and what it calls: the process dies before it, or when it is just done.
STEPS = {
    "the leaves": "apps.audit.services.sequencing._extend",
    "the consistency with what was signed": "apps.audit.flows.publishing._require_consistency",
    "the tiles": "apps.audit.gateways.tiles.TileStore.write",
    "one tile": "apps.audit.gateways.tiles.prepare",
    "the memory": "apps.audit.gateways.keys.SignerMemory.remember",
    "the signature": "apps.audit.flows.publishing.sign",
    "the row of the checkpoint": "apps.audit.flows.publishing.keep_checkpoint",
    "the cosignatures": "apps.audit.flows.publishing.NoWitnesses.countersign",
    "the public checkpoint": "apps.audit.gateways.tiles.TileStore.replace_checkpoint",
    "the narrow tiles": "apps.audit.gateways.tiles.TileStore.drop_partial",
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at(place: str, *, after: bool) -> Killer:
    """Return what kills the process before or after the first call of a function."""
    from pkgutil import resolve_name

    def arm(stack: ExitStack) -> None:
        function = resolve_name(place)

        def dying(*arguments: Any, **named: Any) -> Any:
            if after:
                function(*arguments, **named)
            die()

        stack.enter_context(mock.patch(place, dying))

    return arm


def at_system_call(number: int) -> Killer:
    """Return what kills the process before its ``number``-th change of the disk or of the database."""

    def arm(stack: ExitStack) -> None:
        made = 0

        def counted(function: Callable[..., Any]) -> Callable[..., Any]:
            def counting(*arguments: Any, **named: Any) -> Any:
                nonlocal made
                made += 1
                if made == number:
                    die()
                return function(*arguments, **named)

            return counting

        for place in ("os.open", "os.fsync", "pathlib.Path.rename", "pathlib.Path.mkdir", "shutil.rmtree"):
            from pkgutil import resolve_name

            stack.enter_context(mock.patch(place, counted(resolve_name(place))))
        for name in ("execute", "copy"):
            whole = f"psycopg.Cursor.{name}"
            stack.enter_context(mock.patch(whole, counted(getattr(psycopg.Cursor, name))))
        stack.enter_context(mock.patch("psycopg.Connection.commit", counted(psycopg.Connection.commit)))

    return arm


def in_another_process(press: Press, killer: Killer | None = None) -> bool:
    """Sequence and publish as a process that has just started; return whether it came to its end."""
    # Both would write to the same sockets otherwise.
    connections.close_all()
    child = os.fork()
    if not child:
        status = 1
        try:
            with ExitStack() as stack:
                if killer is not None:
                    killer(stack)
                _sequence_and_publish(Press(press.keys, press.public))
            status = 0
        finally:
            os._exit(status)
    _child, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def _sequence_and_publish(press: Press) -> None:
    until = time.monotonic() + 20
    with press.key_folder.held():
        while time.monotonic() < until:
            try:
                while sequence():
                    pass
                break
            except SequencerBusy:
                # The server has not noticed yet that the one before was killed.
                time.sleep(0.02)
        press.publish()


def assert_nothing_was_signed_unremembered(press: Press) -> None:
    """Whatever signature exists anywhere, the memory outside the database knows as much."""
    remembered = press.memory.last()
    if remembered.size:
        assert bytes(TreeHead.objects.get(size=remembered.size).root) == remembered.root
    signed = [checkpoint.size for checkpoint in PublishedCheckpoint.objects.all()]
    shown = press.shown()
    assert max([*signed, shown.size if shown else 0], default=0) <= remembered.size
    if shown is not None:
        assert shown.size in signed


def assert_it_goes_on(press: Press, seen: Checkpoint | None) -> Checkpoint:
    """After a restart the newest head is shown, nothing is missing, and it begins with what was seen."""
    assert in_another_process(press)
    shown = assert_the_shown_log_holds(press, seen)
    assert shown is not None
    assert shown == Checkpoint(ORIGIN, shown.size, bytes(TreeHead.objects.latest("size").root))
    assert shown.size == Leaf.objects.count()
    return shown


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Iterator[Press]:
    sequence_what_was_there()
    yield Press.new(tmp_path)
    connections.close_all()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_a_step(press: Press, step: str, after: bool) -> None:
    seen: Checkpoint | None = None
    for count in GROWTH:
        plant(count)
        killed = not in_another_process(press, at(STEPS[step], after=after))
        # At the first head there is nothing yet that it could be consistent with.
        assert killed or (step == "the consistency with what was signed" and seen is None)
        seen = assert_the_shown_log_holds(press, seen)
        assert_nothing_was_signed_unremembered(press)
        if count % 2:
            # Killed again at the same place before it could heal.
            plant(1)
            in_another_process(press, at(STEPS[step], after=after))
            assert_nothing_was_signed_unremembered(press)
        seen = assert_it_goes_on(press, seen)


@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 40])
def test_killed_at_every_change_of_disk_and_database(press: Press, count: int) -> None:
    plant(100)
    assert in_another_process(press)
    seen = press.shown()
    for number in range(1, 500):
        plant(count)
        if in_another_process(press, at_system_call(number)):
            break
        seen = assert_the_shown_log_holds(press, seen)
        assert_nothing_was_signed_unremembered(press)
        seen = assert_it_goes_on(press, seen)
    assert 20 < number < 499
