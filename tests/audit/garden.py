"""A garden whose trees give the log something to tell, and a sequencer for it."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.db import connection, transaction

from apps.audit.domain.actor import Actor
from apps.audit.models import Entry, Leaf
from apps.audit.services import SequencerMemory, record, sequence_waiting
from tests.conftest import NOON

ROBOT: Final = Actor.system("tests.robot")


_PLANT_MANY: Final = """
INSERT INTO audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body)
SELECT e.event, e.actor_kind, e.actor_pseudonym, e.subject, e.clause, e.recorded_at,
  convert_to((convert_from(e.body, 'UTF8')::jsonb
    || jsonb_build_object('nonce', md5(n::text || random())))::text, 'UTF8')
FROM audit_entry e CROSS JOIN generate_series(1, %(more)s) n WHERE e.id = %(example)s ORDER BY n
"""


class GardenEvent(StrEnum):
    """What happens in the garden."""

    PLANTED = "gardens.planted"
    WATERED = "gardens.watered"
    DESCRIBED = "gardens.described"


def plant(count: int, event: GardenEvent = GardenEvent.PLANTED, clause: str | None = None) -> list[Entry]:
    """Write entries about trees 0, 1, 2…, three in every minute, in one transaction."""
    with transaction.atomic():
        return [
            record(
                event,
                actor=ROBOT,
                subject=f"gardens.tree:{number}",
                at=NOON + timedelta(minutes=number // 3),
                clause=clause,
            )
            for number in range(count)
        ]


def plant_many(count: int) -> None:
    """Write so many entries by one statement, quicker than the service can; they differ in their nonces alone."""
    (example,) = plant(1)
    with connection.cursor() as cursor:
        cursor.execute(_PLANT_MANY, {"example": example.pk, "more": count - 1})


def sequence(limit: int = 1000, memory: SequencerMemory | None = None) -> int:
    """Give leaves to entries that wait; return how many."""
    return sequence_waiting(using="sequencer", limit=limit, now=NOON, memory=memory)


def sequence_what_was_there() -> int:
    """Give leaves to what the migrations wrote, so that a test counts its own; return how many there are."""
    while sequence():
        pass
    return Leaf.objects.count()
