"""Long pieces of work: begun, advanced, asked to stop, and brought to an end."""

from datetime import datetime

from django.db import transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.jobs.events import JobEvent
from apps.jobs.models import JobRun, JobState
from apps.jobs.permissions import may_cancel


class JobCancelled(Refused):
    """Somebody asked this work to stop, and it stops here."""


class JobIsOver(Refused):
    """The work has already come to an end."""


_ENDS = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@transaction.atomic
def start_job(*, actor: Actor, kind: str, subject: str = "", now: datetime) -> JobRun:
    """Put down that a piece of work is due; whoever finds the row does it."""
    job = JobRun.objects.create(kind=kind, subject=subject, owner=actor.pseudonym, created_at=now)
    record(JobEvent.STARTED, actor=actor, subject=job.ref, at=now, facts={"kind": kind, "about": subject})
    return job


@transaction.atomic
def begin(*, job_id: int, now: datetime) -> JobRun:
    """Mark the work as running; beginning it again after a crash is not an error.

    Raises:
        JobIsOver: when it is done, failed or cancelled.
    """
    job = JobRun.objects.select_for_update().get(pk=job_id)
    if job.state in _ENDS:
        raise JobIsOver("This work has already ended.", subject=job.ref)
    job.state = JobState.RUNNING
    job.started_at = job.started_at or now
    job.heartbeat_at = now
    job.save(update_fields=["state", "started_at", "heartbeat_at"])
    return job


@transaction.atomic
def advance_job(*, job_id: int, phase: str, done: int, total: int, now: datetime) -> None:
    """Tell how far the work is; progress is not an entry of the log.

    Raises:
        JobCancelled: when somebody asked the work to stop.
    """
    job = JobRun.objects.select_for_update().get(pk=job_id)
    if job.cancel_requested_at is not None:
        raise JobCancelled("Somebody asked this work to stop.", subject=job.ref)
    # The old total may be smaller than the new count, so all three change in one statement.
    JobRun.objects.filter(pk=job_id).update(
        phase=phase[:80], total=max(total, 0), done=max(0, min(done, total)), heartbeat_at=now
    )


def _end(job: JobRun, state: JobState, now: datetime, error: str = "") -> JobRun:
    job.state = state
    job.finished_at = now
    job.error = error[:500]
    job.save(update_fields=["state", "finished_at", "error"])
    return job


@transaction.atomic
def finish_job(*, actor: Actor, job_id: int, now: datetime) -> JobRun:
    """Mark the work as done; doing so twice changes nothing."""
    job = JobRun.objects.select_for_update().get(pk=job_id)
    if job.state in _ENDS:
        return job
    record(JobEvent.FINISHED, actor=actor, subject=job.ref, at=now, facts={"kind": job.kind})
    return _end(job, JobState.DONE, now)


@transaction.atomic
def fail_job(*, actor: Actor, job_id: int, error: str, now: datetime) -> JobRun:
    """Mark the work as failed, with one sentence that says why and holds no content."""
    job = JobRun.objects.select_for_update().get(pk=job_id)
    if job.state in _ENDS:
        return job
    record(JobEvent.FAILED, actor=actor, subject=job.ref, at=now, facts={"kind": job.kind})
    return _end(job, JobState.FAILED, now, error)


@transaction.atomic
def cancel_job(*, actor: Actor, job_id: int, now: datetime) -> JobRun:
    """Mark the work as cancelled, once it has really stopped."""
    job = JobRun.objects.select_for_update().get(pk=job_id)
    if job.state in _ENDS:
        return job
    record(JobEvent.CANCELLED, actor=actor, subject=job.ref, at=now, facts={"kind": job.kind})
    return _end(job, JobState.CANCELLED, now)


@transaction.atomic
def request_cancel(*, actor: Actor, job_id: int, now: datetime) -> JobRun:
    """Ask the work to stop at its next step; asking twice changes nothing.

    Raises:
        NotPermitted: when it is somebody else's work.
        JobIsOver: when there is nothing left to stop.
    """
    job = JobRun.objects.select_for_update().filter(pk=job_id).first()
    if job is None or not may_cancel(actor, job):
        raise NotPermitted("You can stop your own work only.")
    if job.state in _ENDS:
        raise JobIsOver("This work has already ended.", subject=job.ref)
    if job.cancel_requested_at is None:
        job.cancel_requested_at = now
        job.save(update_fields=["cancel_requested_at"])
        record(JobEvent.CANCEL_REQUESTED, actor=actor, subject=job.ref, at=now, facts={"kind": job.kind})
    return job
