"""Completeness: whether what was counted for each licensee has no gap, and whether the log tells of all of it."""

from dataclasses import dataclass
from typing import Final

from django.db import connection

from apps.audit.queries import counted_entries
from apps.licensing.models import Licensee

# Numbers that are missing between the first one that there must be and the highest one that there is.
_EDITIONS: Final = """
SELECT licensee_id, count(*), coalesce(max(ordinal) + 1, 0) FROM licensing_edition GROUP BY licensee_id
"""
_DELIVERIES: Final = """
SELECT licensee_id, count(*), coalesce(max(counter), 0) FROM licensing_delivery GROUP BY licensee_id
"""
_BEGUN: Final = "licensing.delivery_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterLine:
    """One licensee: how many editions and deliveries there are, up to which number they count, what the log tells."""

    licensee: Licensee
    editions: int
    editions_to: int
    deliveries: int
    deliveries_to: int
    told: int
    told_to: int

    @property
    def is_gapless(self) -> bool:
        """Whether nothing is missing below the highest numbers."""
        return self.editions == self.editions_to and self.deliveries == self.deliveries_to

    @property
    def is_told(self) -> bool:
        """Whether the log has an entry for every delivery, with the same highest number."""
        return (self.told, self.told_to) == (self.deliveries, self.deliveries_to)


def counters() -> tuple[CounterLine, ...]:
    """Return every licensee's counters beside the entries of the log."""
    with connection.cursor() as cursor:
        cursor.execute(_EDITIONS)
        editions = {licensee: (count, highest) for licensee, count, highest in cursor.fetchall()}
        cursor.execute(_DELIVERIES)
        deliveries = {licensee: (count, highest) for licensee, count, highest in cursor.fetchall()}
    told = counted_entries(_BEGUN, of="licensee", number="counter")
    lines = []
    for licensee in Licensee.objects.select_related("organization").order_by("organization__name"):
        made, sent, said = (
            editions.get(licensee.pk, (0, 0)), deliveries.get(licensee.pk, (0, 0)), told.get(licensee.ref, (0, 0)),
        )  # fmt: skip
        lines.append(
            CounterLine(
                licensee=licensee,
                editions=made[0],
                editions_to=made[1],
                deliveries=sent[0],
                deliveries_to=sent[1],
                told=said[0],
                told_to=said[1],
            )
        )
    return tuple(lines)
