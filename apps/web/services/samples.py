"""Keeping what an auditor drew by lot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.domain.sampling import digest_of
from apps.audit.services import record
from apps.web.domain.clauses import SAMPLES
from apps.web.events import WebEvent
from apps.web.models import Sample, SampledEntry
from apps.web.permissions import may_audit

# Two samples of one auditor that were drawn at once must not overlap; a constraint sees only equal beginnings.
_LOCK_SPACE: Final = 0x5D0F


class NotYourLot(NotPermitted):
    """Only auditors draw samples."""


class PeriodsOverlap(Refused):
    """The auditor has drawn from a part of this period before, and a second lot would choose again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A lot as it came out: the inputs, and the entries (id, leaf index) from the lowest ticket up."""

    event: str
    since: datetime
    until: datetime
    population: int
    late: int
    checkpoint_size: int
    witness: str
    cosignature: str
    seed: bytes
    entries: Sequence[tuple[int, int]]


@transaction.atomic
def keep_sample(*, actor: Actor, drawn: Drawn, now: datetime) -> Sample:
    """Keep a sample, and write into the log what it was drawn from and what came out.

    Raises:
        NotYourLot: when the actor is no auditor.
        PeriodsOverlap: when the actor drew from a part of the period before.
    """
    if not may_audit(actor):
        raise NotYourLot(_("Only auditors draw samples."))
    sample = Sample(
        auditor=actor.pseudonym,
        event=drawn.event,
        since=drawn.since,
        until=drawn.until,
        population=drawn.population,
        late=drawn.late,
        checkpoint_size=drawn.checkpoint_size,
        witness=drawn.witness,
        cosignature=drawn.cosignature,
        seed=drawn.seed.hex(),
        digest=digest_of(leaf_index for _entry_id, leaf_index in drawn.entries),
        drawn_at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_SPACE, actor.pseudonym])
    require_fresh_period(sample)
    sample.save(force_insert=True)
    SampledEntry.objects.bulk_create(
        SampledEntry(sample=sample, place=place, entry_id=entry_id, leaf_index=leaf_index)
        for place, (entry_id, leaf_index) in enumerate(drawn.entries, start=1)
    )
    record(
        WebEvent.SAMPLE_DRAWN,
        actor=actor,
        subject=sample.ref,
        at=now,
        clause=SAMPLES,
        facts={
            "event": sample.event,
            "since": time_text(sample.since),
            "until": time_text(sample.until),
            "population": sample.population,
            "late": sample.late,
            "number": len(drawn.entries),
            "checkpoint": sample.checkpoint_size,
            "seed": sample.seed,
            "leaves_digest": sample.digest,
        },
    )
    return sample


def require_fresh_period(sample: Sample) -> None:
    """Raise ``PeriodsOverlap`` when the sample's auditor has drawn from a part of its period before."""
    other = Sample.objects.overlapping(sample).order_by("since").first()
    if other is not None:
        raise PeriodsOverlap(
            _("You drew sample %(number)d of this event from %(since)s to %(until)s (UTC); choose another period.")
            % {"number": other.pk, "since": f"{other.since:%Y-%m-%d %H:%M}", "until": f"{other.until:%Y-%m-%d %H:%M}"},
            clause=SAMPLES,
            subject=other.ref,
        )
