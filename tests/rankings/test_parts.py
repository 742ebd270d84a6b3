"""Any number of workers share a run; whichever of them dies, at whatever line, the run is published once and whole."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.audit.domain.actor import Actor
from apps.audit.queries import trail_of
from apps.jobs.models import JobRun
from apps.rankings.events import RankingEvent
from apps.rankings.flows import recompute_open_run, running
from apps.rankings.flows.months import months_to_write
from apps.rankings.models import PartState, RefitPart, RefitRun, RunState, Snapshot, VoteStanding
from apps.rankings.queries import open_run
from apps.rankings.services import (
    PartLost,
    Phase,
    beat_part,
    claim_part,
    end_run_cancelled,
    finish_part,
    let_go_of,
    publishing,
    request_refit,
    take_up_run,
)
from apps.rankings.services.parts import SILENCE
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

NIGHT = Actor.system("rankings.nightly")


def begun() -> RefitRun:
    run = request_refit(actor=NIGHT, now=NOON)
    return take_up_run(actor=NIGHT, run_id=run.pk, months=["2026-07", "2026-08"], now=NOON)


def test_parts_of_a_phase_are_shared_out_and_the_next_phase_waits(db: None) -> None:
    run = begun()
    first = claim_part(actor=NIGHT, run_id=run.pk, now=NOON)
    second = claim_part(actor=NIGHT, run_id=run.pk, now=NOON)
    assert first is not None
    assert second is not None
    assert {first.key, second.key} == {"2026-07", "2026-08"}
    finish_part(part=first, result=b"kept", now=NOON)
    # Where the second one's worker lives elsewhere, the phase after it would not begin before it has ended.
    assert set(run.parts.filter(phase=Phase.READ).values_list("state", flat=True)) == {PartState.DUE}
    finish_part(part=second, result=b"kept", now=NOON)
    third = claim_part(actor=NIGHT, run_id=run.pk, now=NOON)
    assert third is not None
    assert third.phase == Phase.READ
    for part in (first, second, third):
        let_go_of(part)


def test_a_part_that_was_taken_over_takes_no_result_from_its_first_worker(db: None) -> None:
    run = begun()
    slow = claim_part(actor=NIGHT, run_id=run.pk, now=NOON)
    assert slow is not None
    beat_part(part=slow, now=NOON)
    later = NOON + SILENCE + timedelta(seconds=1)
    RefitPart.objects.exclude(pk=slow.pk).filter(phase=Phase.MONTHS).update(state=PartState.DONE, finished_at=NOON)
    quick = claim_part(actor=NIGHT, run_id=run.pk, now=later)
    assert quick is not None
    assert (quick.pk, quick.attempts) == (slow.pk, 2)
    with pytest.raises(PartLost):
        beat_part(part=slow, now=later)
    with pytest.raises(PartLost):
        finish_part(part=slow, result=b"late", now=later)
    finish_part(part=quick, result=b"kept", now=later)
    assert trail_of(run.ref).count(RankingEvent.TAKEN_UP) == 2
    let_go_of(quick)


def test_a_run_that_was_stopped_takes_no_more_results(db: None) -> None:
    run = begun()
    part = claim_part(actor=NIGHT, run_id=run.pk, now=NOON)
    assert part is not None
    end_run_cancelled(actor=NIGHT, run_id=run.pk, now=NOON)
    with pytest.raises(PartLost):
        finish_part(part=part, result=b"kept", now=NOON)
    assert claim_part(actor=NIGHT, run_id=run.pk, now=NOON) is None
    let_go_of(part)


def die(*_what: object, **_how: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_while(spoil: Callable[[pytest.MonkeyPatch], None]) -> None:
    """Let a process of its own work on the run until it is killed where ``spoil`` says."""
    child = os.fork()
    if not child:
        try:
            # The parent's connection stays the parent's.
            connection.connection = None
            spoil(pytest.MonkeyPatch())
            recompute_open_run(actor=NIGHT)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the process ended before it could be killed"
    deadline = time.monotonic() + 60
    while _locks_held():
        assert time.monotonic() < deadline, "the server keeps a dead process's locks"


def _locks_held() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
        return bool(cursor.fetchone()[0])


def at_the_end_of(phase: Phase) -> Callable[[pytest.MonkeyPatch], None]:
    def spoil(patched: pytest.MonkeyPatch) -> None:
        def finish(**how: Any) -> None:
            if how["part"].phase == phase:
                die()
            finish_part(**how)

        patched.setattr(running, "finish_part", finish)

    return spoil


def within_the_publication(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(publishing, "write_standings", die)


@pytest.mark.committed
def test_a_process_killed_in_every_phase_loses_nothing_and_leaves_nothing_half() -> None:
    plant_votes(120)
    request_refit(actor=NIGHT, now=NOON)
    for spoil in (
        at_the_end_of(Phase.MONTHS),
        at_the_end_of(Phase.READ),
        at_the_end_of(Phase.FIT),
        within_the_publication,
    ):
        killed_while(spoil)
        run = open_run()
        assert run is not None
        assert run.state == RunState.RUNNING
        assert not Snapshot.objects.exists()
        assert not VoteStanding.objects.exists()
    snapshot = recompute_open_run(actor=NIGHT)
    assert snapshot is not None
    assert snapshot.votes_counted == VoteStanding.objects.count() == 120
    assert RefitRun.objects.get().state == RunState.DONE
    assert JobRun.objects.get().state == "done"
    assert trail_of(snapshot.ref) == [RankingEvent.PUBLISHED]
    assert set(RefitPart.objects.values_list("state", flat=True)) == {PartState.DONE}
    # Each phase was begun twice, and only its killed part.
    assert sorted(RefitPart.objects.filter(attempts=2).values_list("phase", flat=True)) == sorted(Phase)
    assert recompute_open_run(actor=NIGHT) is None
    assert months_to_write(until=snapshot.taken_at) == []
