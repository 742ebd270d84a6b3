"""Whether the owners of an organization, at any distance, have changed since somebody looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection

from apps.organizations.models import TieKind

# Upwards only: an owner, its owners, and so on. An owner that had gone before somebody looked is not followed, unless
# it became known only afterwards. UNION without ALL ends circles, and OFFSET 0 keeps each step in an index.
_CHANGES: Final = """
WITH RECURSIVE owner(asked, id, seen, seen_on) AS (
    SELECT asked.place, asked.organization, asked.seen, (asked.seen AT TIME ZONE 'UTC')::date
    FROM unnest(%(organizations)s::bigint[], %(seen)s::timestamptz[])
      WITH ORDINALITY AS asked (organization, seen, place)
    UNION
    SELECT owner.asked, above.holder_id, owner.seen, owner.seen_on FROM owner CROSS JOIN LATERAL (
        SELECT tie.holder_id FROM organizations_tie tie
        WHERE tie.held_id = owner.id AND tie.kind = %(ownership)s AND tie.declared_at <= %(at)s
          AND (tie.until IS NULL OR tie.until > owner.seen_on OR tie.end_declared_at > owner.seen)
        OFFSET 0
    ) AS above
)
SELECT owner.asked, tie.id, holder.name, held.name, tie.since,
  CASE WHEN tie.end_declared_at <= %(at)s THEN tie.until END,
  CASE WHEN tie.declared_at > owner.seen THEN tie.declared_at
       WHEN tie.end_declared_at > owner.seen THEN tie.end_declared_at END
FROM owner
JOIN organizations_tie tie ON tie.held_id = owner.id
JOIN organizations_organization holder ON holder.id = tie.holder_id
JOIN organizations_organization held ON held.id = tie.held_id
WHERE tie.kind = %(ownership)s AND tie.declared_at <= %(at)s AND (
  (tie.declared_at > owner.seen AND (tie.until IS NULL OR tie.until > owner.seen_on))
  OR (tie.declared_at <= owner.seen AND tie.end_declared_at > owner.seen AND tie.end_declared_at <= %(at)s)
  OR (tie.since > owner.seen_on AND tie.since <= %(on)s)
  OR (tie.until > owner.seen_on AND tie.until <= %(on)s AND tie.end_declared_at <= %(at)s))
ORDER BY owner.asked, tie.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChange:
    """An ownership tie that began, ended or became known; ``known_at`` is None for one that was known to come."""

    tie_id: int
    holder: str
    held: str
    since: date
    until: date | None
    known_at: datetime | None


def changes_of_control(organization_id: int, *, since: datetime, at: datetime) -> tuple[ControlChange, ...]:
    """Return what changed among the owners of an organization, at any distance, between two moments.

    Whatever was declared or ended in between counts, and what was declared before and took effect in between.
    """
    return changes_of_control_of_each([(organization_id, since)], at=at)[0]


def changes_of_control_of_each(
    asked: Sequence[tuple[int, datetime]], *, at: datetime
) -> list[tuple[ControlChange, ...]]:
    """Return for each (organization, since) what ``changes_of_control`` says of it, in one query for all of them."""
    told: dict[str, Any] = {
        "organizations": [organization_id for organization_id, _since in asked],
        "ownership": TieKind.OWNERSHIP.value,
        "seen": [since for _organization_id, since in asked],
        "at": at,
        "on": at.astimezone(UTC).date(),
    }
    found: list[list[ControlChange]] = [[] for _one in asked]
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, told)
        for place, tie, holder, held, begun, until, known in cursor.fetchall():
            change = ControlChange(tie_id=tie, holder=holder, held=held, since=begun, until=until, known_at=known)
            found[place - 1].append(change)
    return [tuple(changes) for changes in found]
