"""What the demo's moderators read for their decisions: looks, their hours, and the entries of those that are over."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Final

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.moderation.models import Decision, DecisionSource
from apps.policy.domain.reading import BATCH, CLAUSE, DAY, Look, Purpose, digest_of
from apps.policy.events import PolicyEvent
from apps.policy.models import ContentLook, ReadingBatch
from showdown.demo.loading.tables import copy_rows, next_id
from showdown.demo.loading.trail import Trail

_SWEEP: Final = Actor.system("policy.close_readings")
_SWEEP_EVERY: Final = timedelta(minutes=1)


@dataclass(slots=True)
class _Batch:
    """An hour of one person's reading."""

    reader: str
    began_at: datetime
    looks: list[Look] = field(default_factory=list)


def load_reading(*, trail: Trail, chance: Random, now: datetime) -> int:
    """Write a look before every decision that a person made on somebody's words; return how many looks there are."""
    batches = [batch for reader, looks in _looks(chance) for batch in _batches(reader, looks)]
    rows, look_rows = [], []
    batch_id, look_id = next_id(ReadingBatch), next_id(ContentLook)
    for batch in batches:
        closed_at: datetime | None = batch.began_at + BATCH + _SWEEP_EVERY * chance.random()
        digest = digest_of(batch.looks)
        if closed_at is not None and closed_at >= now:
            closed_at, digest = None, ""
        rows.append(
            (batch_id, batch.reader, Role.MODERATOR.value, Purpose.CASE.value, "", batch.began_at, closed_at, digest)
        )
        for look in batch.looks:
            look_rows.append((look_id, batch_id, look.at, list(look.subjects), look.counted))
            look_id += 1
        if closed_at is not None:
            trail.record(
                PolicyEvent.CONTENT_READ,
                actor=_SWEEP,
                subject=f"policy.readingbatch:{batch_id}",
                at=closed_at,
                clause=CLAUSE,
                facts={
                    "reader": batch.reader,
                    "role": Role.MODERATOR.value,
                    "purpose": Purpose.CASE.value,
                    "looks": len(batch.looks),
                    "texts": sum(look.counted for look in batch.looks),
                    "digest": digest,
                },
            )
        batch_id += 1
    copy_rows(ReadingBatch, rows)
    copy_rows(ContentLook, look_rows)
    trail.write()
    return len(look_rows)


def _looks(chance: Random) -> Iterator[tuple[str, list[tuple[datetime, tuple[str, ...]]]]]:
    """Yield each person's looks in the order of time: half a minute or two before they decided."""
    made = (
        Decision.objects.filter(source=DecisionSource.PERSON, prompt__isnull=False)
        .order_by("decided_by__pseudonym", "decided_at", "pk")
        .values_list("decided_by__pseudonym", "decided_at", "prompt_id", "case__appeal_id")
    )
    for reader, decisions in groupby(made, key=lambda row: str(row[0])):
        looks = []
        for _reader, decided_at, prompt_id, appeal_id in decisions:
            subjects = [f"prompts.prompt:{prompt_id}", *([f"moderation.appeal:{appeal_id}"] if appeal_id else [])]
            looks.append((decided_at - timedelta(seconds=chance.uniform(15, 120)), tuple(sorted(subjects))))
        yield reader, sorted(looks)


def _batches(reader: str, looks: list[tuple[datetime, tuple[str, ...]]]) -> Iterator[_Batch]:
    batch: _Batch | None = None
    within_a_day: deque[tuple[datetime, tuple[str, ...]]] = deque()
    for at, subjects in looks:
        while within_a_day and within_a_day[0][0] <= at - DAY:
            within_a_day.popleft()
        known = {subject for _at, seen in within_a_day for subject in seen}
        if batch is None or at - batch.began_at >= BATCH:
            if batch is not None:
                yield batch
            batch = _Batch(reader, at)
        batch.looks.append(Look(at=at, subjects=subjects, counted=len(set(subjects) - known)))
        within_a_day.append((at, subjects))
    if batch is not None:
        yield batch
