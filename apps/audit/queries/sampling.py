"""What a sample is drawn from: the leaves of one event and period, and the drawn entries themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import psycopg
from django.db import connections

from apps.audit.events import AuditEvent
from apps.audit.models import Entry, Salt
from apps.audit.queries.entries import DEFAULT, EntryRow, entry_rows

_AT_ONCE: Final = 50_000
_LEAVES: Final = """
SELECT l.leaf_index FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
WHERE e.event = %s AND e.recorded_at >= %s AND e.recorded_at < %s
"""


@dataclass(slots=True)
class Population:
    """The leaves of a period below a size; ``late`` counts what has a later leaf, or none yet. Iterate once."""

    event: str
    since: datetime
    until: datetime
    below: int
    using: str
    size: int = 0
    late: int = 0

    def __iter__(self) -> Iterator[int]:
        """Yield leaf indexes in no certain order, and count them; the whole may be larger than memory."""
        connections[self.using].ensure_connection()
        connection = cast("psycopg.Connection[Any]", connections[self.using].connection)
        # A cursor of the driver's own needs a transaction, and these connections commit by themselves.
        with connection.transaction(), connection.cursor(name="population") as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(_LEAVES, [self.event, self.since, self.until])
            for (leaf_index,) in cursor:
                if leaf_index is None or leaf_index >= self.below:
                    self.late += 1
                else:
                    self.size += 1
                    yield leaf_index


def entries_at(leaf_indexes: Sequence[int], *, using: str = DEFAULT) -> list[EntryRow]:
    """Return the entries at these leaves, in the order given; what has no leaf there is left out."""
    rows = entry_rows(Entry.objects.using(using).filter(leaf__leaf_index__in=leaf_indexes))
    found = {row.leaf_index: row for row in rows}
    return [found[leaf_index] for leaf_index in leaf_indexes if leaf_index in found]


def salt_of(commitment: str, *, using: str = DEFAULT) -> bytes | None:
    """Return the 32 secret bytes of a commitment, or None once it is forgotten.

    Whoever shows them opens the commitment, and must have written an entry that says so.
    """
    salt = Salt.objects.using(using).filter(pk=commitment).values_list("salt", flat=True).first()
    return bytes(salt) if salt is not None else None


def salts_that_came_back(*, using: str = DEFAULT) -> list[str]:
    """Return the commitments that open although the log says that they were forgotten: a backup brought them back."""
    forgotten = Entry.objects.using(using).filter(event=AuditEvent.TEXT_FORGOTTEN)
    named = {str(entry.facts.get("commitment", "")) for entry in forgotten.iterator()}
    return sorted(Salt.objects.using(using).filter(pk__in=named).values_list("pk", flat=True))
