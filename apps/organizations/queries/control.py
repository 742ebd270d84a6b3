"""Whether the owners of an organization, at any distance, have changed since somebody looked."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection

from apps.organizations.models import TieKind

# Upwards only: an owner, its owners, and so on. An owner that had gone before somebody looked is not followed, unless
# it became known only afterwards. UNION without ALL ends circles, and OFFSET 0 keeps each step in an index.
_CHANGES: Final = """
WITH RECURSIVE owner(id) AS (
    SELECT %(organization)s::bigint
    UNION
    SELECT above.holder_id FROM owner CROSS JOIN LATERAL (
        SELECT tie.holder_id FROM organizations_tie tie
        WHERE tie.held_id = owner.id AND tie.kind = %(ownership)s AND tie.declared_at <= %(at)s
          AND (tie.until IS NULL OR tie.until > %(seen_on)s OR tie.end_declared_at > %(seen)s)
        OFFSET 0
    ) AS above
)
SELECT tie.id, holder.name, held.name, tie.since,
  CASE WHEN tie.end_declared_at <= %(at)s THEN tie.until END,
  CASE WHEN tie.declared_at > %(seen)s THEN tie.declared_at
       WHEN tie.end_declared_at > %(seen)s THEN tie.end_declared_at END
FROM owner
JOIN organizations_tie tie ON tie.held_id = owner.id
JOIN organizations_organization holder ON holder.id = tie.holder_id
JOIN organizations_organization held ON held.id = tie.held_id
WHERE tie.kind = %(ownership)s AND tie.declared_at <= %(at)s AND (
  (tie.declared_at > %(seen)s AND (tie.until IS NULL OR tie.until > %(seen_on)s))
  OR (tie.declared_at <= %(seen)s AND tie.end_declared_at > %(seen)s AND tie.end_declared_at <= %(at)s)
  OR (tie.since > %(seen_on)s AND tie.since <= %(on)s)
  OR (tie.until > %(seen_on)s AND tie.until <= %(on)s AND tie.end_declared_at <= %(at)s))
ORDER BY tie.id
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
    told: dict[str, Any] = {
        "organization": organization_id,
        "ownership": TieKind.OWNERSHIP.value,
        "seen": since,
        "seen_on": since.astimezone(UTC).date(),
        "at": at,
        "on": at.astimezone(UTC).date(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, told)
        return tuple(
            ControlChange(tie_id=tie, holder=holder, held=held, since=begun, until=until, known_at=known)
            for tie, holder, held, begun, until, known in cursor.fetchall()
        )
