"""Why a battle or a cluster is live: its last event, on which battle, and what else hangs on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext_lazy as _

from apps.licensing.queries.candidates import min_age_days

PAGE_LENGTH: Final = 50

# Everything by a primary key or the index of battle_cluster, whatever the number of battles.
LIVENESS: Final = """
SELECT b.id, b.source, b.state, b.voted, b.tag, b.last_event_at, e.battle_id IS NOT NULL, i.release_id,
  c.cluster_id, r.retired_at,
  EXISTS (SELECT 1 FROM near_released n WHERE n.cluster_id = c.cluster_id)
FROM battles_battle b
LEFT JOIN eligible_battle e ON e.battle_id = b.id
LEFT JOIN release_item i ON i.battle_id = b.id
LEFT JOIN battle_cluster c ON c.battle_id = b.id
LEFT JOIN retired_cluster r ON r.cluster_id = c.cluster_id
WHERE b.id = %s ORDER BY c.cluster_id
"""
_REASONS: Final = """
SELECT c.id, c.merged_into_id, last.battle_id, last.last_event_at, last.voted, r.retired_at,
  (SELECT i.release_id FROM eligible_battle_cluster x JOIN release_item i ON i.battle_id = x.battle_id
    WHERE x.cluster_id = c.id LIMIT 1),
  (SELECT array_agg(n.released_cluster_id ORDER BY n.released_cluster_id) FROM near_released n
    WHERE n.cluster_id = c.id),
  (SELECT array_agg(o.cluster_id ORDER BY o.cluster_id) FROM battle_cluster o WHERE o.battle_id = last.battle_id),
  (SELECT count(*) FROM battle_cluster l WHERE l.cluster_id = c.id),
  clock_timestamp()
FROM prompts_cluster c
CROSS JOIN LATERAL (
  SELECT b.id AS battle_id, b.last_event_at, b.voted
  FROM battle_cluster l JOIN battles_battle b ON b.id = l.battle_id
  WHERE l.cluster_id = c.id ORDER BY b.last_event_at DESC, b.id DESC LIMIT 1) AS last
LEFT JOIN retired_cluster r ON r.cluster_id = c.id
WHERE c.id > %(after)s AND (%(clusters)s::bigint[] IS NULL OR c.id = ANY (%(clusters)s::bigint[]))
ORDER BY c.id LIMIT %(limit)s
"""


class Standing(StrEnum):
    """Where a battle or a cluster stands with the wall."""

    LIVE = "live"
    RETIRED = "retired"
    RELEASED = "released"
    NEAR_RELEASED = "near_released"
    NEVER = "never"

    @property
    def label(self) -> str:
        """Return it in the reader's words."""
        return str(_LABELS[self])


_LABELS: Final = {
    Standing.LIVE: _("live"),
    Standing.RETIRED: _("past the wall"),
    Standing.RELEASED: _("sold"),
    Standing.NEAR_RELEASED: _("near something sold"),
    Standing.NEVER: _("never leaves"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """How one battle stands with the wall, and through which clusters."""

    battle_id: int
    standing: Standing
    last_event_at: datetime
    is_eligible: bool
    release_id: int | None
    live_clusters: tuple[int, ...]
    retired_clusters: tuple[int, ...]


def liveness_of(battle_id: int) -> Liveness | None:
    """Return how one battle stands, by one look-up in indexes; None when there is no such battle."""
    with connection.cursor() as cursor:
        cursor.execute(LIVENESS, [battle_id])
        rows = cursor.fetchall()
    if not rows:
        return None
    _id, source, _state, _voted, tag, last_event_at, is_eligible, release_id = rows[0][:8]
    clusters = [(cluster_id, retired_at, is_near) for *_battle, cluster_id, retired_at, is_near in rows if cluster_id]
    live = tuple(cluster_id for cluster_id, retired_at, _near in clusters if retired_at is None)
    if release_id is not None:
        standing = Standing.RELEASED
    elif source != "platform" or not clusters:
        standing = Standing.NEVER
    elif tag == Standing.NEAR_RELEASED or any(is_near for _cluster, _retired, is_near in clusters):
        standing = Standing.NEAR_RELEASED
    elif tag is not None:
        standing = Standing.NEVER
    else:
        standing = Standing.LIVE if live else Standing.RETIRED
    return Liveness(
        battle_id=battle_id,
        standing=standing,
        last_event_at=last_event_at,
        is_eligible=is_eligible,
        release_id=release_id,
        live_clusters=live,
        retired_clusters=tuple(cluster_id for cluster_id, retired_at, _near in clusters if retired_at is not None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One cluster, where it stands, and the battle whose event was its last.

    ``beside`` are the other clusters of that battle: through it they wait for each other. ``due_at`` is when the
    cluster is past the wall if nothing more happens; None when it is, or never will be.
    """

    cluster_id: int
    merged_into: int | None
    standing: Standing
    last_battle: int
    last_event_at: datetime
    last_was_vote: bool
    retired_at: datetime | None
    release_id: int | None
    near: tuple[int, ...]
    beside: tuple[int, ...]
    battles: int
    due_at: datetime | None
    is_waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """A page of clusters in the order of their ids; ``more_after`` is the id to go on after, or None."""

    lines: tuple[Reason, ...]
    more_after: int | None


def reasons_after(cluster_id: int = 0, *, limit: int = PAGE_LENGTH) -> Reasons:
    """Return the clusters behind one id on which something was ever fought."""
    lines = _reasons(after=cluster_id, clusters=None, limit=limit + 1)
    return Reasons(lines=lines[:limit], more_after=lines[limit - 1].cluster_id if len(lines) > limit else None)


def reason_of_cluster(cluster_id: int) -> Reasons:
    """Return one cluster, if anything was ever fought on it."""
    return Reasons(lines=_reasons(after=0, clusters=[cluster_id], limit=1), more_after=None)


def reasons_of_battle(battle_id: int) -> Reasons:
    """Return the clusters of one battle."""
    found = liveness_of(battle_id)
    clusters = [*found.live_clusters, *found.retired_clusters] if found else []
    return Reasons(lines=_reasons(after=0, clusters=clusters, limit=PAGE_LENGTH), more_after=None)


def _reasons(*, after: int, clusters: list[int] | None, limit: int) -> tuple[Reason, ...]:
    age = timedelta(hours=24 * min_age_days())
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, {"after": after, "clusters": clusters, "limit": limit})
        return tuple(_reason(row, age) for row in cursor.fetchall())


def _reason(row: tuple[Any, ...], age: timedelta) -> Reason:
    cluster_id, merged_into, battle_id, at, voted, retired_at, release_id, near, beside, battles, now = row
    if release_id is not None:
        standing = Standing.RELEASED
    elif near:
        standing = Standing.NEAR_RELEASED
    else:
        standing = Standing.LIVE if retired_at is None else Standing.RETIRED
    is_live = standing is Standing.LIVE
    return Reason(
        cluster_id=cluster_id,
        merged_into=merged_into,
        standing=standing,
        last_battle=battle_id,
        last_event_at=at,
        last_was_vote=voted,
        retired_at=retired_at,
        release_id=release_id,
        near=tuple(near or ()),
        beside=tuple(other for other in beside or () if other != cluster_id),
        battles=battles,
        due_at=at + age if is_live else None,
        is_waiting=is_live and at + age <= now,
    )
