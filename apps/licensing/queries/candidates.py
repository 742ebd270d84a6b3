"""What each clause says about the battles that a draft asks for; the database's function judges all of them at once.

Times are compared with the database's clock, as the wall does it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from psycopg import sql

from apps.licensing.domain.tally import Tally, WallClause
from apps.licensing.models import Release
from apps.policy.queries import clause, current_version

FLOOR_DAYS: Final = 60

# The clauses stand in the database, where sealing goes by the same words.
_JUDGED: Final = sql.SQL("SELECT battle_id, clause FROM judge_release(%(release)s)")
_TALLY: Final = sql.SQL("SELECT clause, count(*) FROM ({judged}) AS judged GROUP BY clause").format(judged=_JUDGED)
# When the clusters of what W1 takes out will be old enough, if nothing more happens on them. Without MATERIALIZED the
# planner would write the subqueries behind `due` out for each of the six places that read it, and run them as often.
_WINDOW: Final = sql.SQL("""
WITH waiting AS MATERIALIZED (
  SELECT j.battle_id, CASE
    WHEN b.tag IS NOT NULL OR b.source <> 'platform' OR EXISTS (
      SELECT 1 FROM battle_cluster o JOIN near_released n ON n.cluster_id = o.cluster_id WHERE o.battle_id = j.battle_id
    ) OR EXISTS (
      SELECT 1 FROM battle_cluster o JOIN eligible_battle_cluster x ON x.cluster_id = o.cluster_id
      JOIN release_item i ON i.battle_id = x.battle_id WHERE o.battle_id = j.battle_id) THEN NULL
    ELSE (
      SELECT max(ob.last_event_at) FROM battle_cluster o JOIN battle_cluster t ON t.cluster_id = o.cluster_id
      JOIN battles_battle ob ON ob.id = t.battle_id WHERE o.battle_id = j.battle_id
    ) + make_interval(hours => 24 * %(days)s) END AS due
  FROM ({judged}) AS j JOIN battles_battle b ON b.id = j.battle_id WHERE j.clause = 'W1'
)
SELECT count(*) FILTER (WHERE due > clock_timestamp()), count(*) FILTER (WHERE due <= clock_timestamp()),
  count(*) FILTER (WHERE due IS NULL), min(due) FILTER (WHERE due > clock_timestamp()), max(due)
FROM waiting
""").format(judged=_JUDGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementWindow:
    """Of the battles that W1 takes out: those still live and when the first and last of them are past the wall.

    ``waiting`` are old enough and not yet certified by the nightly task; ``never`` belong to something released, or
    to nothing that could retire.
    """

    live: int = 0
    waiting: int = 0
    never: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


NO_WINDOW: Final = RetirementWindow()


def min_age_days(release: Release | None = None) -> int:
    """Return W1's days in force, for a release the longer of those it was drafted under and now; never below 60."""
    versions = {current_version()} | ({release.policy_version} if release is not None else set())
    return max(FLOOR_DAYS, *(int(clause("W1", version=version).parameters["min_age_days"]) for version in versions))


def _parameters(release: Release) -> dict[str, Any]:
    return {"release": release.pk, "days": min_age_days(release)}


def tally_of(release: Release) -> Tally:
    """Return how many battles each clause takes out of a draft now."""
    with connection.cursor() as cursor:
        cursor.execute(_TALLY, _parameters(release))
        counts = dict(cursor.fetchall())
    taken_out = {WallClause(number): count for number, count in counts.items() if number is not None}
    return Tally(asked=sum(counts.values()), taken_out=taken_out)


def retirement_window(release: Release) -> RetirementWindow:
    """Return when what W1 takes out of a draft will be past the wall."""
    with connection.cursor() as cursor:
        cursor.execute(_WINDOW, _parameters(release))
        found: tuple[Any, ...] = cursor.fetchone() or (0, 0, 0, None, None)
    live, waiting, never, first_at, last_at = found
    return RetirementWindow(live=live, waiting=waiting, never=never, first_at=first_at, last_at=last_at)
