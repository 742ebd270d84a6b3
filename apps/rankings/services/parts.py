"""Parts of a run: claimed by whichever worker comes first, kept alive by its heartbeat, and ended once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import connection, transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import record
from apps.rankings.events import RankingEvent
from apps.rankings.models import PartState, RefitPart, RefitRun, RunState

# A number of our own for the first half of a part's lock; the second half is the part.
_LOCKS: Final = 0x5D_02
#: A worker that has not been heard of for so long has died or hangs, even if its connection stands.
SILENCE: Final = timedelta(minutes=10)


class Phase(StrEnum):
    """The phases of a run, in their order: a part waits until all parts of the phases before are done."""

    MONTHS = "months"
    READ = "read"
    FIT = "fit"
    PUBLISH = "publish"


class PartLost(Refused):
    """The run has ended, or another worker took the part over; what was computed is thrown away."""


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part that is to be done."""

    phase: Phase
    key: str


def plan_parts(run: RefitRun, parts: Iterable[PlannedPart]) -> None:
    """Put down parts of a run, inside the transaction of the service that begins it or ends an earlier part."""
    RefitPart.objects.bulk_create(RefitPart(run=run, phase=part.phase, key=part.key) for part in parts)


@transaction.atomic
def claim_part(*, actor: Actor, run_id: int, now: datetime) -> RefitPart | None:
    """Take the next part of a running run that nobody is working on; None where there is none.

    A part whose worker's connection is gone, or which has been silent for too long, is taken over.
    """
    parts = RefitPart.objects.filter(run_id=run_id, run__state=RunState.RUNNING)
    waiting = set(parts.exclude(state=PartState.DONE).values_list("phase", flat=True))
    phase = next((phase for phase in Phase if phase in waiting), None)
    if phase is None:
        return None
    open_ones = parts.filter(phase=phase, state__in=[PartState.DUE, PartState.RUNNING]).order_by("state", "pk")
    for number in open_ones.values_list("pk", flat=True):
        # One row at a time: whoever claims beside this process finds all others free.
        part = open_ones.filter(pk=number).select_for_update(of=("self",), skip_locked=True).first()
        if part is None:
            continue
        is_silent = part.heartbeat_at is not None and part.heartbeat_at < now - SILENCE
        if not _try_lock(part) and not is_silent:
            continue
        if part.state == PartState.RUNNING:
            record(
                RankingEvent.TAKEN_UP,
                actor=actor,
                subject=part.run.ref,
                at=now,
                facts={"again": True, "part": f"{part.phase}:{part.key}"},
            )
        part.state = PartState.RUNNING
        part.attempts += 1
        part.claimed_at = part.heartbeat_at = now
        part.save(update_fields=["state", "attempts", "claimed_at", "heartbeat_at"])
        return part
    return None


@transaction.atomic
def beat_part(*, part: RefitPart, now: datetime) -> None:
    """Say that the part is still worked on.

    Raises:
        PartLost: when the run has ended or another worker has the part.
    """
    mine = RefitPart.objects.filter(
        pk=part.pk, attempts=part.attempts, state=PartState.RUNNING, run__state=RunState.RUNNING
    )
    if not mine.update(heartbeat_at=now):
        raise PartLost("This part of the recomputation belongs to somebody else now.")


@transaction.atomic
def finish_part(*, part: RefitPart, result: bytes, then: Iterable[PlannedPart] = (), now: datetime) -> None:
    """Keep a part's result, and put down the parts that follow from it.

    Raises:
        PartLost: when the run has ended or another worker has the part.
    """
    run = RefitRun.objects.select_for_update().get(pk=part.run_id)
    row = RefitPart.objects.select_for_update().get(pk=part.pk)
    if (run.state, row.state, row.attempts) != (RunState.RUNNING, PartState.RUNNING, part.attempts):
        raise PartLost("This part of the recomputation belongs to somebody else now.")
    row.state = PartState.DONE
    row.finished_at = now
    row.result = result
    row.result_sha256 = hashlib.sha256(result).hexdigest()
    row.save(update_fields=["state", "finished_at", "result", "result_sha256"])
    plan_parts(run, then)


@transaction.atomic
def give_back_part(*, part: RefitPart) -> None:
    """Put a part that cannot be done now back among those that are due; nothing of it is lost but the attempt."""
    RefitPart.objects.filter(pk=part.pk, attempts=part.attempts, state=PartState.RUNNING).update(
        state=PartState.DUE, heartbeat_at=None
    )


def let_go_of(part: RefitPart) -> None:
    """Give the part's lock back; it falls by itself with the connection, even when the process is killed."""
    if connection.is_usable():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCKS, _half(part)])


def _try_lock(part: RefitPart) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCKS, _half(part)])
        (held,) = cursor.fetchone() or (False,)
    return bool(held)


def _half(part: RefitPart) -> int:
    return int(part.pk) % 2**31
