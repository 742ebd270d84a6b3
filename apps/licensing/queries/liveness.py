"""What is live, what is past the wall, and when the rest of it will be; by the database's clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.licensing.queries.candidates import min_age_days
from apps.prompts.queries import screening_rules, signing_of

_DUE: Final = """
SELECT c.cluster_id FROM battle_cluster c JOIN battles_battle b ON b.id = c.battle_id
WHERE NOT EXISTS (SELECT 1 FROM retired_cluster r WHERE r.cluster_id = c.cluster_id)
  AND NOT EXISTS (SELECT 1 FROM near_released n WHERE n.cluster_id = c.cluster_id)
GROUP BY c.cluster_id HAVING max(b.last_event_at) <= clock_timestamp() - make_interval(hours => 24 * %s)
ORDER BY c.cluster_id LIMIT %s
"""
_OVERVIEW: Final = """
WITH last_event AS (
  SELECT c.cluster_id, max(b.last_event_at) AS at, count(*) AS battles
  FROM battle_cluster c JOIN battles_battle b ON b.id = c.battle_id GROUP BY c.cluster_id)
SELECT
  (SELECT count(*) FROM prompts_cluster),
  count(*),
  count(*) FILTER (WHERE r.cluster_id IS NOT NULL),
  count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM eligible_battle_cluster x JOIN release_item i ON i.battle_id = x.battle_id
    WHERE x.cluster_id = l.cluster_id)),
  count(*) FILTER (WHERE r.cluster_id IS NULL AND n.cluster_id IS NULL
    AND l.at <= clock_timestamp() - make_interval(hours => 24 * %s)),
  count(*) FILTER (WHERE n.cluster_id IS NOT NULL),
  (SELECT count(*) FROM eligible_battle e
    WHERE NOT EXISTS (SELECT 1 FROM release_item i WHERE i.battle_id = e.battle_id)),
  (SELECT count(*) FROM release_item),
  (SELECT count(*) FROM battles_battle WHERE source = 'platform'),
  clock_timestamp()
FROM last_event l LEFT JOIN retired_cluster r ON r.cluster_id = l.cluster_id
LEFT JOIN (SELECT DISTINCT cluster_id FROM near_released) AS n ON n.cluster_id = l.cluster_id
"""
_WEEKS: Final = """
SELECT date_trunc('week', due AT TIME ZONE 'UTC')::timestamp AT TIME ZONE 'UTC' AS week, count(*), sum(battles)
FROM (
  SELECT max(b.last_event_at) + make_interval(hours => 24 * %s) AS due, count(*) AS battles
  FROM battle_cluster c JOIN battles_battle b ON b.id = c.battle_id
  WHERE NOT EXISTS (SELECT 1 FROM retired_cluster r WHERE r.cluster_id = c.cluster_id)
    AND NOT EXISTS (SELECT 1 FROM near_released n WHERE n.cluster_id = c.cluster_id)
  GROUP BY c.cluster_id) AS live
WHERE due > clock_timestamp() GROUP BY 1 ORDER BY 1
"""


_COMPARISON_DUE: Final = """
SELECT NOT EXISTS (
  SELECT 1 FROM clusters_compared WHERE near_jaccard <= %s AND permutations = %s AND bands = %s AND shingle = %s
    AND method >= %s)
"""


def is_comparison_due() -> bool:
    """Return whether there are numbers of clause P3, or a method, by which the clusters have not been compared yet."""
    rules = screening_rules()
    signing = signing_of(rules)
    with connection.cursor() as cursor:
        cursor.execute(
            _COMPARISON_DUE,
            [rules.near_jaccard, signing.permutations, signing.bands, signing.shingle, signing.method],
        )
        (due,) = cursor.fetchone()
    return bool(due)


def due_clusters(*, limit: int = 500) -> list[int]:
    """Return ids of clusters whose last live event is old enough and that have no certificate, lowest first."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [min_age_days(), limit])
        return [cluster_id for (cluster_id,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLine:
    """The clusters that are past the wall from some day of a week on, if nothing more happens on them."""

    begins: datetime
    clusters: int
    battles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOverview:
    """The state of the wall in counts.

    ``waiting`` are old enough and not yet certified; ``near_released`` resemble something sold and never leave.
    """

    clusters: int
    fought: int
    retired: int
    released: int
    waiting: int
    near_released: int
    eligible_battles: int
    released_battles: int
    battles: int
    days: int
    at: datetime
    weeks: tuple[WeekLine, ...]

    @property
    def live(self) -> int:
        """Clusters on which something happened too recently."""
        return self.fought - self.retired - self.waiting - self.near_released

    @property
    def busiest(self) -> int:
        """The most clusters that one week brings, for the scale of the bars."""
        return max((week.clusters for week in self.weeks), default=0)


def live_overview() -> LiveOverview:
    """Return what is live and what will be past the wall in which week."""
    days = min_age_days()
    with connection.cursor() as cursor:
        cursor.execute(_OVERVIEW, [days])
        clusters, fought, retired, released, waiting, near, eligible, items, battles, at = cursor.fetchone()
        cursor.execute(_WEEKS, [days])
        weeks = tuple(WeekLine(begins=begins, clusters=number, battles=int(held)) for begins, number, held in cursor)
    return LiveOverview(
        clusters=clusters,
        fought=fought,
        retired=retired,
        released=released,
        waiting=waiting,
        near_released=near,
        eligible_battles=eligible,
        released_battles=items,
        battles=battles,
        days=days,
        at=at,
        weeks=weeks,
    )
