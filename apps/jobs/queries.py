"""Reads about long pieces of work: how far they are and how long they will still take."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.jobs.models import JobRun, JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a piece of work is; ``remaining`` is a guess from the pace so far, or None."""

    job: JobRun
    percent: int
    remaining: timedelta | None
    is_over: bool
    is_cancelling: bool


def progress_of(job: JobRun, *, now: datetime) -> Progress:
    """Return how far a piece of work is at a given moment."""
    is_over = job.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
    remaining = None
    if not is_over and job.started_at is not None and 0 < job.done < job.total:
        remaining = (now - job.started_at) * ((job.total - job.done) / job.done)
    percent = 100 if job.state == JobState.DONE else (100 * job.done // job.total if job.total else 0)
    return Progress(
        job=job,
        percent=percent,
        remaining=remaining,
        is_over=is_over,
        is_cancelling=job.cancel_requested_at is not None and not is_over,
    )


def newest_jobs(*, owner: str | None = None, limit: int = 50) -> list[JobRun]:
    """Return the newest pieces of work, of one owner if named."""
    jobs = JobRun.objects.order_by("-created_at", "-pk")
    return list((jobs.filter(owner=owner) if owner is not None else jobs)[:limit])
