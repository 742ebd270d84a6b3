"""Who is tied to whom at any distance, and the shortest row of ties that proves it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from apps.organizations.models import Tie, TieKind

EVERY_KIND: Final = tuple(TieKind)

# The ties of those who were reached last, both ways, on the day. OFFSET 0 keeps each look-up by itself, and so in an
# index: joined freely, a table that was never counted is read as a whole for every ring.
_NEIGHBOURS: Final = """
    SELECT found.id, found.tie FROM unnest(@these) AS at (id) CROSS JOIN LATERAL (
        SELECT tie.held_id AS id, tie.id AS tie FROM organizations_tie tie WHERE tie.holder_id = at.id
          AND tie.kind = ANY(%(kinds)s) AND tie.since <= %(on)s AND (tie.until IS NULL OR tie.until > %(on)s)
        UNION ALL
        SELECT tie.holder_id, tie.id FROM organizations_tie tie WHERE tie.held_id = at.id
          AND tie.kind = ANY(%(kinds)s) AND tie.since <= %(on)s AND (tie.until IS NULL OR tie.until > %(on)s)
        OFFSET 0
    ) AS found
"""
# Ring by ring around the first: a tie of the ring leads into the ring itself, into the one before, or to somebody new,
# so these two are all that has to be remembered. Every organization is in one ring, and a circle ends by itself.
# Walking back, each step goes to the lowest number of the ring before, so the answer is always the same.
_TIED: Final = """
WITH RECURSIVE ring(distance, before, here) AS (
    SELECT 0, '{}'::bigint[], %(start)s::bigint[]
    UNION ALL
    SELECT ring.distance + 1, ring.here, further.ids
    FROM ring CROSS JOIN LATERAL (
        SELECT array_agg(found.id) AS ids FROM (
            (SELECT neighbour.id FROM (@of_ring) AS neighbour)
            EXCEPT SELECT unnest(ring.here || ring.before)
        ) AS found
    ) AS further
    WHERE further.ids IS NOT NULL AND NOT ring.here && %(goal)s::bigint[]
), way(distance, id, tie) AS (
    SELECT ring.distance, (SELECT min(one) FROM unnest(ring.here) AS one WHERE one = ANY(%(goal)s)), NULL::bigint
    FROM ring WHERE ring.here && %(goal)s::bigint[]
    UNION ALL
    SELECT way.distance - 1, step.id, step.tie
    FROM way JOIN ring ON ring.distance = way.distance - 1
    CROSS JOIN LATERAL (
        SELECT neighbour.id, neighbour.tie FROM (@of_one) AS neighbour
        WHERE neighbour.id = ANY(ring.here) ORDER BY neighbour.id, neighbour.tie LIMIT 1
    ) AS step
)
SELECT id, tie FROM way ORDER BY distance
""".replace("@of_ring", _NEIGHBOURS.replace("@these", "ring.here")).replace(
    "@of_one", _NEIGHBOURS.replace("@these", "ARRAY[way.id]")
)
_REACHABLE: Final = """
WITH RECURSIVE reached(id) AS (
    SELECT unnest(%(start)s::bigint[])
    UNION
    SELECT neighbour.id FROM reached CROSS JOIN LATERAL (
        SELECT tie.held_id AS id FROM organizations_tie tie WHERE tie.holder_id = reached.id
          AND tie.kind = ANY(%(kinds)s) AND tie.since <= %(on)s AND (tie.until IS NULL OR tie.until > %(on)s)
        UNION ALL
        SELECT tie.holder_id FROM organizations_tie tie WHERE tie.held_id = reached.id
          AND tie.kind = ANY(%(kinds)s) AND tie.since <= %(on)s AND (tie.until IS NULL OR tie.until > %(on)s)
        OFFSET 0
    ) AS neighbour
)
SELECT id FROM reached
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TieStep:
    """One tie on the way; ``share`` is in per cent. The tie is read from holder to held, whichever way one walks."""

    tie_id: int
    holder_id: int
    holder: str
    held_id: int
    held: str
    kind: TieKind
    share: Decimal | None
    since: date
    until: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TiePath:
    """How two are tied on a day: the fewest ties from ``start_id`` to ``end_id``, none when they are the same."""

    on: date
    start_id: int
    end_id: int
    steps: tuple[TieStep, ...]

    @property
    def distance(self) -> int:
        """How many ties lie between the two."""
        return len(self.steps)


def tied(
    a_ids: Iterable[int], b_ids: Iterable[int], *, kinds: Collection[TieKind] = EVERY_KIND, on: date
) -> TiePath | None:
    """Return the shortest way from any of some organizations to any of others over ties that held on a day.

    Ties count in both directions and at any distance; two daughters of one owner are tied. None when there is no way.
    An organization in both is tied to itself by a way without steps.
    """
    start, goal = sorted(set(a_ids)), sorted(set(b_ids))
    if not start or not goal:
        return None
    told: dict[str, Any] = {"start": start, "goal": goal, "kinds": [kind.value for kind in kinds], "on": on}
    with connection.cursor() as cursor:
        cursor.execute(_TIED, told)
        way: list[tuple[int, int | None]] = cursor.fetchall()
    if not way:
        return None
    ties = Tie.objects.select_related("holder", "held").in_bulk([tie for _id, tie in way if tie is not None])
    steps = tuple(_step(ties[tie]) for _id, tie in way if tie is not None)
    return TiePath(on=on, start_id=way[0][0], end_id=way[-1][0], steps=steps)


def tied_each(starts: Sequence[Iterable[int]], goal: Iterable[int], *, on: date) -> list[TiePath | None]:
    """Return for each of several groups what ``tied`` says about it and the goal, over ties of every kind.

    All ties of the day are read in one query and walked here, ring by ring and with the same choice between ways of
    one length, so a page that asks for everybody at once asks the database once.
    """
    goals = frozenset(goal)
    holding = Tie.objects.filter(Q(until=None) | Q(until__gt=on), since__lte=on) if goals else Tie.objects.none()
    ties = {tie.pk: tie for tie in holding.select_related("holder", "held")}
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for tie in ties.values():
        neighbours.setdefault(tie.holder_id, []).append((tie.held_id, tie.pk))
        neighbours.setdefault(tie.held_id, []).append((tie.holder_id, tie.pk))
    return [_walked(frozenset(start), goals, neighbours, ties, on=on) for start in starts]


def _walked(
    start: frozenset[int],
    goal: frozenset[int],
    neighbours: Mapping[int, Sequence[tuple[int, int]]],
    ties: Mapping[int, Tie],
    *,
    on: date,
) -> TiePath | None:
    """Walk from a group to the goal, and back along the lowest numbers."""
    rings, seen = [start], set(start)
    while rings[-1] and not rings[-1] & goal:
        ring = frozenset(found for one in rings[-1] for found, _tie in neighbours.get(one, ())) - seen
        rings.append(ring)
        seen |= ring
    if not rings[-1]:
        return None
    way = [min(rings[-1] & goal)]
    steps: list[TieStep] = []
    for ring in reversed(rings[:-1]):
        before, tie = min(step for step in neighbours[way[0]] if step[0] in ring)
        way.insert(0, before)
        steps.insert(0, _step(ties[tie]))
    return TiePath(on=on, start_id=way[0], end_id=way[-1], steps=tuple(steps))


def reachable(organization_ids: Iterable[int], *, kinds: Collection[TieKind] = EVERY_KIND, on: date) -> frozenset[int]:
    """Return everybody tied to some organizations on a day, at any distance and either way, themselves included."""
    told: dict[str, Any] = {"start": sorted(set(organization_ids)), "kinds": [kind.value for kind in kinds], "on": on}
    with connection.cursor() as cursor:
        cursor.execute(_REACHABLE, told)
        return frozenset(row[0] for row in cursor.fetchall())


def _step(tie: Tie) -> TieStep:
    return TieStep(
        tie_id=tie.pk,
        holder_id=tie.holder_id,
        holder=tie.holder.name,
        held_id=tie.held_id,
        held=tie.held.name,
        kind=TieKind(tie.kind),
        share=tie.share,
        since=tie.since,
        until=tie.until,
        source=tie.source,
    )
