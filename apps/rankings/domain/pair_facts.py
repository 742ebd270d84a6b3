"""Who beat whom on the boards of segments: counts in tens, told only of pairs with enough people behind them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.rankings.domain.showing import in_tens
from apps.rankings.domain.sums import distinct
from apps.rankings.domain.votes import Codes, Counts, Outcome, Small

_KINDS: Final = len(Outcome)
#: A table of so many cells is made without asking how many votes there are.
_SMALL: Final = 1_000_000
#: Won and lost from the side of the pair's other model.
_TURNED: Final = np.array([Outcome.B, Outcome.A, Outcome.BOTH_GOOD, Outcome.BOTH_BAD], np.int8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairCells:
    """The pairs that are told anew.

    ``boards``, ``low`` and ``high`` (int64, cells) are the board's place and the codes of the two models, ``counts``
    (cells by 4, in tens) the votes that the first of them won, lost, and in which both were good or bad.
    """

    boards: Counts
    low: Counts
    high: Counts
    counts: Counts


def pairs_told(
    boards: Codes,
    models: tuple[Codes, Codes],
    outcome: Small,
    people: Codes,
    vote_ids: Counts,
    told_up_to: dict[tuple[int, int, int], int],
    *,
    many: int,
    least: int,
) -> PairCells:
    """Return the pairs on which at least ``least`` contributors cast votes since they were last told.

    ``boards`` (n) is each vote's board, ``models`` (two of n) its models' codes, of which there are ``many``.
    ``told_up_to`` maps a board, lower and higher code that were told before to the largest id among the votes of that
    night; votes with a larger one came since. A vote that was left out since counts for nobody here, so that a pair
    waits rather longer than it must: a few people's votes are never read off two nights.
    """
    low, high = np.minimum(*models).astype(np.int64), np.maximum(*models).astype(np.int64)
    present, cell = _numbered((boards.astype(np.int64) * many + low) * many + high)
    bounds = np.full(len(present), -1, np.int64)
    for (board, one, other), newest in told_up_to.items():
        at = int(np.searchsorted(present, (board * many + one) * many + other))
        if at < len(present) and present[at] == (board * many + one) * many + other:
            bounds[at] = newest
    fresh = vote_ids > bounds[cell]
    crowd = int(people.max(initial=0)) + 1
    voters = distinct(cell[fresh] * crowd + people[fresh]) // crowd
    anew = np.flatnonzero(np.bincount(voters, minlength=len(present)) >= least)
    said = np.where(models[0] < models[1], outcome, _TURNED[outcome])
    counts = np.bincount(cell * _KINDS + said, minlength=len(present) * _KINDS)
    rest, second = np.divmod(present[anew], many)
    place, first = np.divmod(rest, many)
    return PairCells(boards=place, low=first, high=second, counts=in_tens(counts.reshape(-1, _KINDS)[anew]))


def _numbered(cells: Counts) -> tuple[Counts, Counts]:
    """Return the cells that occur, rising, and for each vote the place of its own among them."""
    bound = int(cells.max(initial=-1)) + 1
    if bound > max(4 * len(cells), _SMALL):
        present = distinct(cells)
        return present, np.searchsorted(present, cells)
    seen = np.zeros(bound, np.bool_)
    seen[cells] = True
    present = np.flatnonzero(seen)
    places = np.cumsum(seen, dtype=np.int64) - 1
    return present, places[cells]
