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
_BUILT: Final = "licensing.edition_built"
_BEGUN: Final = "licensing.delivery_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many things there are of a licensee, up to which number they count, and what the log tells of both."""

    there: int
    there_to: int
    told: int
    told_to: int

    @property
    def is_gapless(self) -> bool:
        """Whether nothing is missing below the highest number."""
        return self.there == self.there_to

    @property
    def is_told(self) -> bool:
        """Whether the log has an entry for each, with the same highest number."""
        return (self.told, self.told_to) == (self.there, self.there_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterLine:
    """One licensee, with its editions and its deliveries."""

    licensee: Licensee
    editions: Counted
    deliveries: Counted

    @property
    def is_gapless(self) -> bool:
        """Whether no number is missing."""
        return self.editions.is_gapless and self.deliveries.is_gapless

    @property
    def is_told(self) -> bool:
        """Whether the log tells of every edition and every delivery."""
        return self.editions.is_told and self.deliveries.is_told


def counters() -> tuple[CounterLine, ...]:
    """Return every licensee's counters beside the entries of the log."""
    editions, deliveries = _counted(_EDITIONS), _counted(_DELIVERIES)
    # An edition's entry tells how many were counted before it, so the first one says nought.
    built = {
        licensee: (count, highest + 1)
        for licensee, (count, highest) in counted_entries(_BUILT, of="licensee", number="editions_before").items()
    }
    begun = counted_entries(_BEGUN, of="licensee", number="counter")
    return tuple(
        CounterLine(
            licensee=licensee,
            editions=_line(editions.get(licensee.pk), built.get(licensee.ref)),
            deliveries=_line(deliveries.get(licensee.pk), begun.get(licensee.ref)),
        )
        for licensee in Licensee.objects.select_related("organization").order_by("organization__name")
    )


def _counted(statement: str) -> dict[int, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {licensee: (count, highest) for licensee, count, highest in cursor.fetchall()}


def _line(there: tuple[int, int] | None, told: tuple[int, int] | None) -> Counted:
    count, highest = there or (0, 0)
    said, said_to = told or (0, 0)
    return Counted(there=count, there_to=highest, told=said, told_to=said_to)
