"""Rows that say where each vote stands in a snapshot; written inside the transaction that publishes it.

A night changes little: a vote gets a row when it is first read, when it is left out, and when it counts again. Only
what changed is asked for and sent: sums over stretches of ids tell where the rows differ from what was read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.rankings.domain.ballot_tree import BallotTree
from apps.rankings.models import Snapshot, SnapshotBallots


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standings:
    """Which votes counted (int64, their rows), which did not (row, reason, clause), and the tree over the former."""

    counted: NDArray[np.int64]
    aside: Sequence[tuple[int, str, str]]
    ballots: BallotTree

    @property
    def left_out(self) -> dict[str, int]:
        """The number of votes that do not count, by reason."""
        return dict(Counter(because for _vote_id, because, _clause in self.aside))


#: Ids are compared in stretches of so many.
STRETCH_BITS: Final = 16
_CHUNK: Final = 100_000

_STRETCHES: Final = """
SELECT vote_id >> %(bits)s, count(*), sum(vote_id)::bigint, bit_xor(vote_id) FROM rankings_votestanding
WHERE until_id IS NULL GROUP BY 1
"""
_STANDING: Final = """
SELECT vote_id FROM rankings_votestanding
WHERE until_id IS NULL AND vote_id >= %(stretch)s::bigint << %(bits)s
  AND vote_id < (%(stretch)s::bigint + 1) << %(bits)s
"""
# Left out now, and otherwise before.
_NOW_ASIDE: Final = """
UPDATE rankings_votestanding s SET until_id = %(snapshot)s
FROM unnest(%(aside)s::bigint[], %(because)s::text[], %(clauses)s::text[]) AS t (vote_id, because, clause)
WHERE s.vote_id = t.vote_id AND s.until_id IS NULL AND (s.left_out_because, s.clause) <> (t.because, t.clause)
RETURNING s.vote_id
"""
# Left out before, and not now.
_NO_LONGER_ASIDE: Final = """
UPDATE rankings_votestanding SET until_id = %(snapshot)s
WHERE until_id IS NULL AND left_out_because <> '' AND vote_id <> ALL (%(aside)s::bigint[]) RETURNING vote_id
"""
_GONE: Final = """
UPDATE rankings_votestanding SET until_id = %(snapshot)s WHERE until_id IS NULL AND vote_id = ANY (%(gone)s::bigint[])
"""
_OPEN: Final = """
INSERT INTO rankings_votestanding (vote_id, since_id, left_out_because, clause)
SELECT t.vote_id, %s, t.because, t.clause FROM unnest(%s::bigint[], %s::text[], %s::text[])
  AS t (vote_id, because, clause)
"""


def write_standings(snapshot: Snapshot, standings: Standings) -> None:
    """Keep where every vote stands in this snapshot, as far as it stood otherwise in the one before."""
    aside = {vote_id: (because, clause) for vote_id, because, clause in standings.aside}
    ids = list(aside)
    read = np.sort(np.concatenate([standings.counted, np.array(ids, np.int64)]))
    values: dict[str, Any] = {
        "snapshot": snapshot.pk,
        "aside": ids,
        "because": [aside[vote_id][0] for vote_id in ids],
        "clauses": [aside[vote_id][1] for vote_id in ids],
    }
    with connection.cursor() as cursor:
        new, gone = _differences(read)
        changed: list[int] = []
        if gone:
            cursor.execute(_GONE, {**values, "gone": gone})
        for statement in (_NOW_ASIDE, _NO_LONGER_ASIDE):
            cursor.execute(statement, values)
            changed += [vote_id for (vote_id,) in cursor.fetchall()]
        new += changed
        for start in range(0, len(new), _CHUNK):
            opened = new[start : start + _CHUNK]
            told = [aside.get(vote_id, ("", "")) for vote_id in opened]
            cursor.execute(_OPEN, [snapshot.pk, opened, [one[0] for one in told], [one[1] for one in told]])
    SnapshotBallots.objects.create(
        snapshot=snapshot,
        size=standings.ballots.size,
        firsts=b"".join(standings.ballots.firsts),
        roots=b"".join(standings.ballots.roots),
    )


def _differences(read: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Return which of the votes that were read (rising) stand nowhere yet, and which stand and were not read."""
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES, {"bits": STRETCH_BITS})
        standing = {stretch: tuple(rest) for stretch, *rest in cursor.fetchall()}
        new: list[int] = []
        gone: list[int] = []
        for stretch, ids in _stretches(read):
            there = standing.pop(stretch, None)
            if there is None:
                new += ids.tolist()
            elif there != (len(ids), int(ids.sum()), int(np.bitwise_xor.reduce(ids))):
                cursor.execute(_STANDING, {"stretch": stretch, "bits": STRETCH_BITS})
                rows = np.array([vote_id for (vote_id,) in cursor.fetchall()], np.int64)
                new += np.setdiff1d(ids, rows, assume_unique=True).tolist()
                gone += np.setdiff1d(rows, ids, assume_unique=True).tolist()
        for stretch in standing:
            cursor.execute(_STANDING, {"stretch": stretch, "bits": STRETCH_BITS})
            gone += [vote_id for (vote_id,) in cursor.fetchall()]
    return new, gone


def _stretches(rising: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    numbers = rising >> STRETCH_BITS
    edges = np.flatnonzero(np.diff(numbers)) + 1
    for ids in np.split(rising, edges) if len(rising) else ():
        yield int(ids[0]) >> STRETCH_BITS, ids
