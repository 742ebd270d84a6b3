"""Rows that say where each vote stands in a snapshot; written inside the transaction that publishes it.

A night changes little: a vote gets a row when it is first read, when it is left out, and when it counts again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from apps.rankings.domain.ballot_tree import BallotTree
from apps.rankings.models import Snapshot, SnapshotBallots


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standings:
    """Which votes counted (ids of their rows), which did not (id, reason, clause), and the tree over the former."""

    counted: Sequence[int]
    aside: Sequence[tuple[int, str, str]]
    ballots: BallotTree

    @property
    def left_out(self) -> dict[str, int]:
        """The number of votes that do not count, by reason."""
        return dict(Counter(because for _vote_id, because, _clause in self.aside))


# The votes as they were read for this snapshot.
_AS_READ: Final = """
WITH told AS MATERIALIZED (
  SELECT unnest(%(counted)s::bigint[]) AS vote_id, '' AS because, '' AS clause
  UNION ALL
  SELECT * FROM unnest(%(aside)s::bigint[], %(because)s::text[], %(clauses)s::text[]))
"""
_CLOSE: Final = (
    _AS_READ
    + """
UPDATE rankings_votestanding s SET until_id = %(snapshot)s WHERE s.until_id IS NULL AND NOT EXISTS (
  SELECT FROM told t WHERE t.vote_id = s.vote_id AND t.because = s.left_out_because AND t.clause = s.clause)
"""
)
_OPEN: Final = (
    _AS_READ
    + """
INSERT INTO rankings_votestanding (vote_id, since_id, left_out_because, clause)
SELECT t.vote_id, %(snapshot)s, t.because, t.clause FROM told t WHERE NOT EXISTS (
  SELECT FROM rankings_votestanding s WHERE s.vote_id = t.vote_id AND s.until_id IS NULL)
"""
)


def write_standings(snapshot: Snapshot, standings: Standings) -> None:
    """Keep where every vote stands in this snapshot, as far as it stood otherwise in the one before."""
    values: dict[str, Any] = {
        "snapshot": snapshot.pk,
        "counted": list(standings.counted),
        "aside": [vote_id for vote_id, _because, _clause in standings.aside],
        "because": [because for _vote_id, because, _clause in standings.aside],
        "clauses": [clause for _vote_id, _because, clause in standings.aside],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, values)
        cursor.execute(_OPEN, values)
    SnapshotBallots.objects.create(
        snapshot=snapshot,
        size=standings.ballots.size,
        firsts=b"".join(standings.ballots.firsts),
        roots=b"".join(standings.ballots.roots),
    )
