"""A recomputation's life until it is published: asked for, taken up, given up."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.permissions import has_lately_proved_identity
from apps.audit.services import ReauthenticationNeeded, commit_to, record
from apps.jobs.services import begin, cancel_job, fail_job, start_job
from apps.rankings.events import RankingEvent
from apps.rankings.models import RefitRun, RunState, Snapshot
from apps.rankings.permissions import may_correct, may_recompute
from apps.rankings.services.parts import Phase, PlannedPart, plan_parts

JOB_KIND = "rankings.refit"


class RefitAlreadyRunning(Refused):
    """Another recomputation is due or running; it will publish what this one would."""


class CorrectionSaysNothing(Refused):
    """A correction names a published snapshot and says what was wrong with it."""


class RunIsOver(Refused):
    """The run has already been published, cancelled or given up."""


_LONGEST_REASON = 500
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
def correct_snapshot(*, actor: Actor, snapshot_id: int, reason: str, now: datetime) -> RefitRun:
    """Ask for a snapshot that corrects another and says why; the old one stays at its address, under a banner.

    Raises:
        NotPermitted: when the actor is no network administrator.
        ReauthenticationNeeded: when a person has not lately proved who they are.
        CorrectionSaysNothing: without a reason of at most 500 characters.
        RefitAlreadyRunning: when a recomputation is due or running.
    """
    if not may_correct(actor):
        raise NotPermitted(_("Only a network administrator corrects a snapshot."))
    if not actor.is_system and not has_lately_proved_identity(actor, now):
        raise ReauthenticationNeeded(_("Sign in again first: a correction is public and stays."))
    reason = " ".join(reason.split())
    if not reason or len(reason) > _LONGEST_REASON:
        raise CorrectionSaysNothing(_("Say in at most 500 characters what was wrong with it."))
    snapshot = Snapshot.objects.published().filter(pk=snapshot_id).first()
    if snapshot is None:
        raise CorrectionSaysNothing(_("There is no published snapshot of this number."))
    run = request_refit(actor=actor, now=now)
    run.corrects, run.correction = snapshot, reason
    run.save(update_fields=["corrects", "correction"])
    record(
        RankingEvent.CORRECTION_REQUESTED,
        actor=actor,
        subject=snapshot.ref,
        at=now,
        facts={"run": run.ref, "reason": commit_to(reason, subject=snapshot.ref)},
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
