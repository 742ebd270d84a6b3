"""The auditor's overview: what needs one now, the log's state, and what is out of the ordinary."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.queries import (
    CheckpointRow,
    Overview,
    WitnessRow,
    log_overview,
    newest_checkpoint,
    refusals_since,
    witness_rows,
)
from apps.integrity.models import Exclusion, Finding, FindingState
from apps.jobs.models import JobRun, JobState
from apps.licensing.models import Attempt, AttemptState, Release, ReleaseState
from apps.moderation.models import Appeal, AppealState
from apps.rankings.models import Snapshot
from apps.rankings.queries import latest_snapshot

A_DAY: Final = timedelta(days=1)
# The promise of publication, with room for a busy machine.
BEHIND: Final = timedelta(seconds=30)
# A witness that is asked answers within seconds; one that only pulls comes by when it likes.
SILENT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditorHome:
    """What an auditor finds at home; no entry is read here, so it is not a look."""

    log: Overview
    checkpoint: CheckpointRow | None
    unsigned: int
    lag: timedelta
    is_behind: bool
    witnesses: list[WitnessRow]
    silent: list[WitnessRow]
    has_own_witness: bool
    releases: list[Release]
    pending: int
    refused: int
    refusals_today: int
    interrupted: int
    failed_jobs: int
    open_findings: int
    exclusions: int
    appeals_open: int
    appeals_overturned: int
    snapshot: Snapshot | None


def auditor_home(*, actor: Actor, now: datetime) -> AuditorHome:
    """Return the state of the log and of what it is about.

    Raises:
        NotPermitted: when the actor is no auditor.
    """
    if not actor.has(Role.AUDITOR):
        raise NotPermitted("This page is the auditors'.")
    log, checkpoint = log_overview(), newest_checkpoint()
    witnesses = [row for row in witness_rows() if row.ended_at is None]
    signed = checkpoint.size if checkpoint else 0
    return AuditorHome(
        log=log,
        checkpoint=checkpoint,
        unsigned=log.size - signed + log.waiting,
        lag=log.lag(now),
        is_behind=log.lag(now) > BEHIND or _is_unsigned(log, checkpoint, now),
        witnesses=witnesses,
        silent=[row for row in witnesses if row.is_asked and _is_silent(row, checkpoint)],
        has_own_witness=any(row.owner == actor.pseudonym for row in witnesses),
        releases=list(Release.objects.for_lists().order_by("-drafted_at")[:8]),
        pending=Release.objects.filter(state=ReleaseState.DRAFT).count(),
        refused=Release.objects.filter(state=ReleaseState.REFUSED).count(),
        refusals_today=refusals_since(now - A_DAY),
        interrupted=Attempt.objects.filter(state=AttemptState.INTERRUPTED, attempted_at__gte=now - 7 * A_DAY).count(),
        failed_jobs=JobRun.objects.filter(state=JobState.FAILED, finished_at__gte=now - 7 * A_DAY).count(),
        open_findings=Finding.objects.filter(state=FindingState.OPEN).count(),
        exclusions=Exclusion.objects.filter(restored_at=None).count(),
        appeals_open=Appeal.objects.filter(state=AppealState.OPEN).count(),
        appeals_overturned=Appeal.objects.filter(state=AppealState.OVERTURNED).count(),
        snapshot=latest_snapshot(),
    )


def _is_unsigned(log: Overview, checkpoint: CheckpointRow | None, now: datetime) -> bool:
    """Whether the tree has a head that nobody has signed, for longer than publication takes."""
    signed = checkpoint.size if checkpoint else 0
    return log.size > signed and log.last_head_at is not None and now - log.last_head_at > BEHIND


def _is_silent(witness: WitnessRow, checkpoint: CheckpointRow | None) -> bool:
    """Whether a witness that is asked has not signed for a while, although there was something to sign."""
    if checkpoint is None or witness.last_size == checkpoint.size:
        return False
    last = max(filter(None, (witness.last_cosigned_at, witness.added_at)))
    return checkpoint.signed_at - last > SILENT
