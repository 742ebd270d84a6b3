"""The rows of the regression: counted votes written in one direction, sorted by pair and cut into fixed blocks."""

import math
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.method import POSITION, FitMethod
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import Codes, Counts, Floats, Small, Votes

#: Sums are taken over blocks of so many votes in canonical order, so that a split between blocks changes no bit.
BLOCK: Final = 65_536

_NONE: Final = np.zeros(0)
_SCORE2: Final = np.array([2, 0, 1, 1], np.int8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """n votes between ranked models, each written with the lower code first.

    ``low`` and ``high`` (int32, n) are codes below ``models``; ``score2`` (int8, n) is twice the low model's score;
    ``weight`` (float64, n, or empty for ones) is count * weight and ``square`` count * weight²; ``z`` (k by n) holds
    the style columns, named by ``columns``; ``run_starts`` and its models cut the rows into runs of one pair within
    one block (none where the rows are not sorted by pair).
    """

    models: int
    low: Codes
    high: Codes
    score2: Small
    weight: Floats
    square: Floats
    contributor: Codes | None
    z: Floats
    columns: tuple[str, ...]
    run_starts: Counts
    run_low: Codes
    run_high: Codes

    def __len__(self) -> int:
        return len(self.low)

    @property
    def pairs(self) -> Counts:
        """Each row's pair as one number, low · models + high."""
        return self.low.astype(np.int64) * self.models + self.high

    def without_columns(self, dropped: tuple[str, ...]) -> Self:
        """Return the same rows with fewer style columns."""
        kept = [j for j, name in enumerate(self.columns) if name not in dropped]
        return replace(self, z=np.ascontiguousarray(self.z[kept]), columns=tuple(self.columns[j] for j in kept))


def rows_of(votes: Votes, models: Codes, method: FitMethod, kernels: Kernels) -> Rows:
    """Write the votes as rows over the ranked models.

    ``models`` (int32, models of the votes) maps a model's code to its place on the board; every vote's two models have
    one. Swapping a vote's two models changes nothing here: outcome, style and position are turned with them.
    """
    a, b = models[votes.model_a], models[votes.model_b]
    turned = a > b
    score2 = _SCORE2[votes.outcome]
    score2[turned] = 2 - score2[turned]
    columns, z = _style_columns(votes, method)
    if len(columns):
        np.negative(z, out=z, where=turned)
    weight, square = _weights(votes)
    rows = Rows(
        models=int(models.max()) + 1,
        low=np.where(turned, b, a),
        high=np.where(turned, a, b),
        score2=score2,
        weight=weight,
        square=square,
        contributor=votes.contributor,
        z=z,
        columns=columns,
        run_starts=np.zeros(1, np.int64),
        run_low=np.zeros(0, np.int32),
        run_high=np.zeros(0, np.int32),
    )
    return _sorted_by_pair(rows, kernels) if len(columns) else rows


def cells_of(rows: Rows) -> Rows:
    """Gather rows without style columns into one weighted row per pair and outcome, which carry the same likelihood."""
    cells = rows.pairs * 3 + rows.score2
    size = rows.models * rows.models * 3
    present = np.flatnonzero(np.bincount(cells, minlength=size))
    given = len(rows.weight) > 0
    weight = by_group(cells, rows.weight if given else None, size)[present]
    square = by_group(cells, rows.square if given else None, size)[present]
    pairs = present // 3
    gathered = replace(
        rows,
        low=(pairs // rows.models).astype(np.int32),
        high=(pairs % rows.models).astype(np.int32),
        score2=(present % 3).astype(np.int8),
        weight=weight,
        square=square,
        contributor=None,
        z=np.zeros((0, len(present))),
    )
    return _with_runs(gathered)


def style_scale(column: Floats, counts: Counts | None) -> float:
    """Return the root mean square of one style column (n differences) over the votes; 0 where all are zero.

    Never centred: subtracting a mean would favour whichever model a vote happens to name first.
    """
    largest = float(np.abs(column).max(initial=0.0))
    if not largest:
        return 0.0
    # Squares of very large or very small numbers leave the range of floating point; a power of two costs no bit.
    exponent = math.frexp(largest)[1]
    squares = np.square(np.ldexp(column, -exponent))
    total = float(squares.sum() if counts is None else (squares * counts).sum())
    return math.ldexp(math.sqrt(total / (len(column) if counts is None else int(counts.sum()))), exponent)


def _style_columns(votes: Votes, method: FitMethod) -> tuple[tuple[str, ...], Floats]:
    if not method.style or votes.style is None:
        return (), np.zeros((0, len(votes)))
    names = list(method.style)
    placed = votes.position is not None and bool(votes.position.any())
    z = np.empty((len(names) + placed, len(votes)))
    for j, name in enumerate(names):
        column = votes.style[:, votes.style_names.index(name)]
        scale = method.scales.get(name) or style_scale(column, votes.counts)
        z[j] = column / scale if scale > 0 else 0.0
    if placed and votes.position is not None:
        z[-1] = votes.position
        names.append(POSITION)
    return tuple(names), z


def _weights(votes: Votes) -> tuple[Floats, Floats]:
    if votes.weights is None and votes.counts is None:
        return _NONE, _NONE
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights
    return counts * weights, counts * weights * weights


def _sorted_by_pair(rows: Rows, kernels: Kernels) -> Rows:
    _, order = kernels.grouped(rows.pairs.astype(np.int32), rows.models * rows.models)
    return _with_runs(
        replace(
            rows,
            low=rows.low[order],
            high=rows.high[order],
            score2=rows.score2[order],
            weight=rows.weight[order] if len(rows.weight) else _NONE,
            square=rows.square[order] if len(rows.square) else _NONE,
            contributor=None if rows.contributor is None else rows.contributor[order],
            z=np.array([column[order] for column in rows.z]),
        )
    )


def _with_runs(rows: Rows) -> Rows:
    changes = (rows.low[1:] != rows.low[:-1]) | (rows.high[1:] != rows.high[:-1])
    begins = np.union1d(np.flatnonzero(changes) + 1, np.arange(0, len(rows), BLOCK))
    return replace(
        rows,
        run_starts=np.append(begins, len(rows)).astype(np.int64),
        run_low=rows.low[begins],
        run_high=rows.high[begins],
    )
