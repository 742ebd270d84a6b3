"""Whatever happens to a build: nothing half is left, and the next look finishes it."""

import errno
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs.models import JobRun, JobState
from apps.jobs.services import request_cancel
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import build_due_editions, cancel, sweep
from apps.licensing.gateways import EditionStore
from apps.licensing.models import (
    Edition,
    Release,
)
from apps.licensing.queries import due_editions
from apps.licensing.queries.editions import folder_of
from apps.licensing.services import (
    NothingToBuild,
    request_edition,
)
from tests.licensing.builds import (
    BUILDER,
    ROWS,
    Killed,
    built,
    contents,
    dying,
    in_small_groups,
    phases_of,
    rebuilt,
    sealed,
    store,
)
from tests.licensing.world import World
from tests.trails import trail_of

__all__ = ["sealed", "store"]

pytestmark = pytest.mark.committed


def test_killed_at_any_stage_the_next_look_finishes_it(
    sealed: Release, store: EditionStore, tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)
    whole = EditionStore(tmp_path / "whole")
    moments = phases_of(sealed, whole)
    expected = contents(tmp_path / "whole")
    assert {phase for phase, _done in moments} == {
        "reading rows", "writing rows", "writing the manifest", "publishing", "published"
    }  # fmt: skip
    name = folder_of(sealed.pk, world.licensee.pk)
    for moment in dict.fromkeys(moments):
        rebuilt(world)
        store.remove(name)
        untidied, report = dying(store, moment)
        with pytest.raises(Killed):
            build_due_editions(actor=BUILDER, store=untidied, report=report)
        assert not Edition.objects.exists()
        # What can be seen under its own name is whole, or nothing.
        assert store.names() == ([name] if moment[0] == "published" else [])
        assert JobRun.objects.get().state == JobState.RUNNING
        sweep(actor=BUILDER, store=store)
        assert contents(store.root) == expected, moment
        assert Edition.objects.get().rows == ROWS


def test_an_edition_that_was_touched_before_it_was_confirmed_is_built_anew(
    sealed: Release, store: EditionStore, world: World
) -> None:
    untidied, report = dying(store, ("published", ROWS))
    with pytest.raises(Killed):
        build_due_editions(actor=BUILDER, store=untidied, report=report)
    file = store.root / folder_of(sealed.pk, world.licensee.pk) / "battles-00000.parquet"
    before = file.read_bytes()
    file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    sweep(actor=BUILDER, store=store)
    assert file.read_bytes() == before
    assert Edition.objects.get().rows == ROWS


def test_a_full_disk_fails_the_build_and_leaves_nothing(
    sealed: Release, store: EditionStore, margaret: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_store: EditionStore, _name: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(EditionStore, "publish", full)
        assert build_due_editions(actor=BUILDER, store=store) == 0
    job = JobRun.objects.get()
    assert job.state == JobState.FAILED
    assert job.error.startswith("No space left on device")
    assert contents(store.root) == {}
    assert trail_of(sealed)[-1] == LicensingEvent.BUILD_STOPPED
    # Nobody tries by themselves for ever; the officer asks again.
    assert sweep(actor=BUILDER, store=store) == 0
    request_edition(actor=margaret.as_actor(), release_id=sealed.pk, now=timezone.now())
    with pytest.raises(NothingToBuild):
        request_edition(actor=margaret.as_actor(), release_id=sealed.pk, now=timezone.now())
    assert sweep(actor=BUILDER, store=store) == 1


def test_a_disk_that_is_full_at_any_stage_leaves_nothing_and_can_be_tried_again(
    sealed: Release, store: EditionStore, tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)
    whole = EditionStore(tmp_path / "whole")
    moments = phases_of(sealed, whole)
    expected = contents(tmp_path / "whole")

    def full_at(moment: tuple[str, int]) -> Callable[[str, int, int], None]:
        def report(phase: str, done: int, _total: int) -> None:
            if (phase, done) == moment:
                raise OSError(errno.ENOSPC, "No space left on device")

        return report

    for moment in dict.fromkeys(moments):
        rebuilt(world)
        assert build_due_editions(actor=BUILDER, store=store, report=full_at(moment)) == 0, moment
        assert not Edition.objects.exists()
        assert (contents(store.root), store.left_behind()) == ({}, []), moment
    rebuilt(world)
    assert build_due_editions(actor=BUILDER, store=store) == 1
    assert contents(store.root) == expected


def test_killed_by_the_system_it_leaves_nothing_that_anybody_can_fetch(
    sealed: Release, store: EditionStore, world: World, client: Client, ingrid: User, settings: Any
) -> None:
    """Nobody tidies up after SIGKILL: no ``finally``, no exit of a context."""
    settings.RELEASES_DIR = store.root
    client.force_login(ingrid)
    for phase in ("reading rows", "writing rows", "writing the manifest", "publishing", "published"):
        rebuilt(world)
        killed_at(phase, store)
        assert not Edition.objects.exists()
        assert JobRun.objects.get().state == JobState.RUNNING
        last = world.value("SELECT last_value FROM licensing_edition_id_seq")
        for number in range(1, last + 2):
            assert client.get(f"/releases/mine/{number}/files/battles-00000.parquet").status_code == 404
        assert sweep(actor=BUILDER, store=store) == 1
        assert (store.names(), store.left_behind()) == ([folder_of(sealed.pk, world.licensee.pk)], [])
        assert Edition.objects.get().rows == ROWS
        store.remove(folder_of(sealed.pk, world.licensee.pk))


def killed_at(phase: str, store: EditionStore) -> None:
    """Build in a process of its own, which the system kills as it comes to a phase."""

    def report(at: str, _done: int, _total: int) -> None:
        if at == phase:
            os.kill(os.getpid(), signal.SIGKILL)

    def build() -> None:
        build_due_editions(actor=BUILDER, store=store, report=report)

    # Connections are not shared between two processes; each makes its own.
    connections.close_all()
    child = multiprocessing.get_context("fork").Process(target=build)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL


def test_an_officer_stops_a_build(
    sealed: Release, store: EditionStore, margaret: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)

    def stop_at_five(phase: str, done: int, _total: int) -> None:
        if (phase, done) == ("reading rows", 5):
            request_cancel(actor=margaret.as_actor(), job_id=JobRun.objects.get().pk, now=timezone.now())

    assert build_due_editions(actor=BUILDER, store=store, report=stop_at_five) == 0
    assert JobRun.objects.get().state == JobState.CANCELLED
    assert contents(store.root) == {}
    assert due_editions() == []


def test_a_release_cancelled_while_it_is_built_leaves_no_file(
    sealed: Release, store: EditionStore, margaret: User
) -> None:
    def cancel_it(phase: str, _done: int, _total: int) -> None:
        if phase == "published":
            cancel(actor=margaret.as_actor(), release_id=sealed.pk, store=EditionStore(store.root / "elsewhere"))

    assert build_due_editions(actor=BUILDER, store=store, report=cancel_it) == 0
    assert not Edition.objects.exists()
    assert contents(store.root) == {}


def test_cancelling_takes_the_edition_off_the_disk(
    sealed: Release, store: EditionStore, margaret: User, world: World
) -> None:
    built(sealed, store)
    cancel(actor=margaret.as_actor(), release_id=sealed.pk, store=store)
    assert contents(store.root) == {}
    # The sweeper does the same for a process that died in between.
    name = folder_of(sealed.pk, world.licensee.pk)
    (store.root / name).mkdir()
    (store.root / ".building" / name).mkdir(parents=True)
    sweep(actor=BUILDER, store=store)
    assert store.names() == store.left_behind() == []


def test_a_row_that_lost_its_words_fails_the_build(sealed: Release, store: EditionStore, world: World) -> None:
    world.owner.execute("DELETE FROM battles_response WHERE battle_id = (SELECT min(battle_id) FROM release_item)")
    assert build_due_editions(actor=BUILDER, store=store) == 0
    assert JobRun.objects.get().error == "1 of the release's rows are not complete any more."
    assert contents(store.root) == {}
