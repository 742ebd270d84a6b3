"""A recomputation's life until it is published: asked for, taken up, given up."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.jobs.services import begin, cancel_job, fail_job, start_job
from apps.rankings.events import RankingEvent
from apps.rankings.models import RefitRun, RunState
from apps.rankings.permissions import may_recompute
from apps.rankings.services.parts import Phase, PlannedPart, plan_parts

JOB_KIND = "rankings.refit"


class RefitAlreadyRunning(Refused):
    """Another recomputation is due or running; it will publish what this one would."""


class RunIsOver(Refused):
    """The run has already been published, cancelled or given up."""


_OPEN = (RunState.DUE, RunState.RUNNING)


@transaction.atomic
def request_refit(*, actor: Actor, now: datetime, night: date | None = None) -> RefitRun:
    """Put down that every board is to be recomputed; a night is recomputed once.

    Raises:
        NotPermitted: when the actor may not ask for it.
        RefitAlreadyRunning: when a recomputation is due or running.
    """
    if not may_recompute(actor):
        raise NotPermitted("Only a network administrator starts a recomputation.")
    if night is not None:
        tonight = RefitRun.objects.filter(night=night).first()
        if tonight is not None:
            return tonight
    job = start_job(actor=actor, kind=JOB_KIND, now=now)
    try:
        with transaction.atomic():
            run = RefitRun.objects.create(night=night, job=job, requested_by=actor.pseudonym, due_at=now)
    except IntegrityError as already:
        raise RefitAlreadyRunning(
            "A recomputation is already due or running; watch it instead of starting another."
        ) from already
    record(
        RankingEvent.REQUESTED,
        actor=actor,
        subject=run.ref,
        at=now,
        facts={"night": night.isoformat() if night else ""},
    )
    return run


@transaction.atomic
def take_up_run(*, actor: Actor, run_id: int, months: Iterable[str], now: datetime) -> RefitRun:
    """Begin a run with its first parts, or join one that others have begun, whose parts tell what is left.

    ``months`` names the closed months whose file is to be written first.

    Raises:
        RunIsOver: when there is nothing left to do.
    """
    run = RefitRun.objects.select_for_update().get(pk=run_id)
    if run.state not in _OPEN:
        raise RunIsOver("This recomputation has already ended.", subject=run.ref)
    is_again = run.state == RunState.RUNNING
    if is_again and run.parts.exists():
        return run
    run.state = RunState.RUNNING
    run.started_at = now
    run.save(update_fields=["state", "started_at"])
    begin(job_id=run.job_id, now=now)
    first = [PlannedPart(Phase.MONTHS, month) for month in months]
    plan_parts(run, [*first, PlannedPart(Phase.READ, "votes"), PlannedPart(Phase.PUBLISH, "snapshot")])
    record(RankingEvent.TAKEN_UP, actor=actor, subject=run.ref, at=now, facts={"again": is_again})
    return run


def _forget_results(run: RefitRun) -> None:
    """Let go of what the parts computed: once a run has ended nobody reads it, and it may be large."""
    run.parts.exclude(result=None).update(result=None)


@transaction.atomic
def end_run_cancelled(*, actor: Actor, run_id: int, now: datetime) -> RefitRun:
    """End a run that somebody asked to stop; the last snapshot stays up."""
    run = RefitRun.objects.select_for_update().get(pk=run_id)
    if run.state in _OPEN:
        run.state = RunState.CANCELLED
        run.finished_at = now
        run.save(update_fields=["state", "finished_at"])
        _forget_results(run)
        cancel_job(actor=actor, job_id=run.job_id, now=now)
        record(RankingEvent.CANCELLED, actor=actor, subject=run.ref, at=now)
    return run


@transaction.atomic
def end_run_failed(*, actor: Actor, run_id: int, error: str, now: datetime) -> RefitRun:
    """End a run that cannot be finished; the last snapshot stays up and the next night tries again."""
    run = RefitRun.objects.select_for_update().get(pk=run_id)
    if run.state in _OPEN:
        run.state = RunState.FAILED
        run.finished_at = now
        run.save(update_fields=["state", "finished_at"])
        _forget_results(run)
        fail_job(actor=actor, job_id=run.job_id, error=error, now=now)
        record(RankingEvent.FAILED, actor=actor, subject=run.ref, at=now)
    return run
