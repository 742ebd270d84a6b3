"""Reads about long pieces of work: how far they are and how long they will still take."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.jobs.models import JobRun, JobState

# What a kind of work and its phases are called on pages; one without words here is shown by its name.
_KINDS: Final[dict[str, str | Promise]] = {
    "rankings.refit": _("Recomputing every board"),
    "licensing.edition": _("Writing the files of a release"),
    "licensing.back_test": _("Judging past releases under a proposed rulebook"),
}
_PHASES: Final[dict[str, str | Promise]] = {
    "keeping months": _("keeping closed months"),
    "reading votes": _("reading votes"),
    "fitting boards": _("fitting boards"),
    "publishing": _("publishing"),
    "judging releases": _("judging releases"),
    "sorting rows": _("sorting rows"),
    "writing rows": _("writing rows"),
    "hashing files": _("hashing files"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a piece of work is; ``remaining`` is a guess from the pace so far, or None."""

    job: JobRun
    percent: int
    remaining: timedelta | None
    is_over: bool
    is_cancelling: bool

    @property
    def title(self) -> str:
        """What this work is called on pages."""
        return str(_KINDS.get(self.job.kind, self.job.kind))

    @property
    def phase(self) -> str:
        """What the work is doing now, in words."""
        return str(_PHASES.get(self.job.phase, self.job.phase))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How much of the newest work is under way, waits for a worker, or has failed."""

    running: int
    due: int
    failed: int


def tally_of(jobs: Iterable[Progress]) -> Tally:
    """Count pieces of work by what they need of a reader."""
    states = [progress.job.state for progress in jobs]
    return Tally(
        running=states.count(JobState.RUNNING), due=states.count(JobState.DUE), failed=states.count(JobState.FAILED)
    )


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
