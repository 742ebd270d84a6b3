"""Many write at once while sequencers compete and are killed: no gap, no duplicate, no fork, every entry published."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections, transaction

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.merkle import leaf_hash, root_hash
from apps.audit.models import Entry
from apps.audit.queries import proved_entry
from apps.audit.services import record
from tests.audit.forked import kill, start_sequencer
from tests.audit.garden import ROBOT, GardenEvent
from tests.audit.press import Press, assert_the_shown_log_holds
from tests.audit.test_sequence_waiting import assert_the_tree_is_whole
from tests.conftest import NOON

pytestmark = pytest.mark.committed

PATIENCE = 60.0


@contextmanager
def threads(*works: Callable[[], None]) -> Iterator[None]:
    """Run the works beside the test until they end by themselves; an error of one is the test's."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - shown below.
            errors.append(error)
        finally:
            connections.close_all()

    running = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in running:
        thread.start()
    yield
    for thread in running:
        thread.join()
    assert not errors, errors


def storm(press: Press, *, writers: int, seconds: float, kill_every: float | None) -> None:
    """Let many write, one in five of them in vain, beside two sequencers; then check everything."""
    until = time.monotonic() + seconds
    seen: set[Checkpoint] = set()
    turns = itertools.count()

    def write() -> None:
        while time.monotonic() < until:
            turn = next(turns)
            with transaction.atomic():
                record(GardenEvent.PLANTED, actor=ROBOT, subject=f"gardens.tree:{turn}", at=NOON)
                if turn % 7 == 0:
                    time.sleep(0.05)
                if turn % 5 == 0:
                    transaction.set_rollback(True)

    def read() -> None:
        while time.monotonic() < until:
            if (shown := press.shown()) is not None:
                seen.add(shown)
            time.sleep(0.1)

    working = [start_sequencer(press), start_sequencer(press)]
    try:
        with threads(read, *[write] * writers):
            while kill_every is not None and time.monotonic() < until:
                time.sleep(kill_every)
                # The older one is at work or about to be; the other takes over.
                kill(working.pop(0))
                working.append(start_sequencer(press))
        _wait_until_all_is_published(press)
    finally:
        for sequencer in working:
            kill(sequencer)
    _check_everything(press, seen)


def _wait_until_all_is_published(press: Press) -> None:
    count, until = Entry.objects.count(), time.monotonic() + PATIENCE
    while (shown := press.shown()) is None or shown.size < count:
        assert time.monotonic() < until, f"{shown} and {count} entries"
        time.sleep(0.1)


def _check_everything(press: Press, seen: set[Checkpoint]) -> None:
    assert_the_tree_is_whole()
    shown = assert_the_shown_log_holds(press)
    assert shown is not None
    assert shown.size == Entry.objects.count()
    # Every checkpoint that anybody saw on the way is one of this tree's.
    hashes = [leaf_hash(entry) for entry in press.entries(shown.size)]
    assert len(seen) > 1
    for checkpoint in seen:
        assert root_hash(hashes[: checkpoint.size]) == checkpoint.root
    for number in Entry.objects.order_by("?").values_list("pk", flat=True)[:200]:
        proved = proved_entry(number)
        assert proved is not None
        assert proved.inclusion is not None
        assert proved.inclusion.verified


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Press:
    return Press.new(tmp_path)


@pytest.mark.parametrize("kill_every", [None, 1], ids=["in peace", "killed"])
def test_a_few_writers_and_two_sequencers(press: Press, kill_every: float | None) -> None:
    storm(press, writers=4, seconds=8, kill_every=kill_every)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kill_every", [None, 1], ids=["in peace", "killed every second"])
def test_sixteen_writers_and_two_sequencers_for_a_minute(press: Press, kill_every: float | None) -> None:
    storm(press, writers=16, seconds=60, kill_every=kill_every)
