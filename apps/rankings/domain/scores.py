"""Scores summed by contributor: the table that a pass over the votes fills, and the middle matrix made of it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from apps.rankings.domain.design import Block, Design, Source
from apps.rankings.domain.estimate import Estimate, Sink, derivatives
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.kernels_numpy import TILE
from apps.rankings.domain.passes import in_order
from apps.rankings.domain.votes import Codes, Counts, Floats

#: The middle matrix is summed over so many contributors at a time, and then in their order.
GROUPS: Final = 4096
#: The jackknife works on contributors with about so many votes together, each of whom needs a small system solved.
_TOGETHER: Final = 4096
#: A table of scores takes at most this many bytes a vote, or this many bytes in all where votes are few; where all
#: contributors' scores are more, the votes are read again for each part of the contributors.
_BYTES_A_VOTE: Final = 40
_BYTES: Final = 1 << 27


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneByOne:
    """Every vote in memory for the jackknife: contributor g's votes are rows ``order[starts[g]:starts[g + 1]]``.

    ``low`` and ``high`` (n) are places on the board, u and v (n) the weighted residual and information, z (k by n) the
    style columns.
    """

    starts: Counts
    order: Codes
    low: Codes
    high: Codes
    u: Floats
    v: Floats
    z: Floats


class Scores:
    """The scores of the contributors to one board.

    ``first`` and ``last`` (pairs) are the lowest and the highest code of the contributors to each pair; they and the
    scores are known after a pass over the votes.
    """

    def __init__(self, source: Source, contributors: int, votes: int, kernels: Kernels) -> None:
        self._source = source
        self._contributors = contributors
        self._kernels = kernels
        size = 8 * (source.design.models + len(source.design.columns))
        self._together = max(1, max(_BYTES_A_VOTE * votes, _BYTES) // size)
        pairs = len(source.design.pair_low)
        self.first: Codes = np.full(pairs, np.iinfo(np.int32).max, np.int32)
        self.last: Codes = np.full(pairs, -1, np.int32)
        self._table, self._style = np.zeros((0, 0)), np.zeros((0, 0))

    @property
    def design(self) -> Design:
        """The board, with all the style columns that were asked for."""
        return self._source.design

    def opened(self, source: Source) -> Sink | None:
        """Return where a pass that may be the last sends its residuals, unless the contributors take several passes."""
        return self._open(source, 0) if self._contributors <= self._together else None

    def middle(self, estimate: Estimate) -> Floats:
        """Return Σ s s' over contributors, s being the sum of one's scores (models + k square)."""
        source = self._source.under(_kept(self._source.design, estimate))
        size = len(estimate.inverse)
        total = np.zeros((size, size))
        for begin in range(0, self._contributors, self._together):
            if not estimate.seen:
                self._read(source, estimate, begin)
            for more in self._middles():
                total += more
        self._table, self._style = np.zeros((0, 0)), np.zeros((0, 0))
        return np.tril(total) + np.tril(total, -1).T

    def one_by_one(self, estimate: Estimate) -> OneByOne:
        """Return every vote by itself, sorted by contributor."""
        source = self._source.under(_kept(self._source.design, estimate))
        design = source.design
        parts = [part for _, part in in_order(lambda block: self._single(block, design, estimate), source.blocks())]
        who = np.concatenate([part[0] for part in parts])
        starts, order = self._kernels.grouped(who, self._contributors)
        return OneByOne(
            starts=starts,
            order=order,
            low=np.concatenate([part[1] for part in parts]),
            high=np.concatenate([part[2] for part in parts]),
            u=np.concatenate([part[3] for part in parts]),
            v=np.concatenate([part[4] for part in parts]),
            z=np.concatenate([part[5] for part in parts], axis=1),
        )

    def _open(self, source: Source, begin: int) -> Sink:
        design, kernels = source.design, self._kernels
        here = min(self._together, self._contributors - begin)
        self._table, self._style = np.zeros((here, design.models)), np.zeros((len(design.columns), here))

        def sink(block: Block, u: Floats) -> None:
            if block.contributor is None:
                raise TypeError("Scores by contributor need contributors.")
            kernels.first_and_last(block.code, block.contributor, self.first, self.last)
            kernels.add_scores(
                block.code,
                u,
                block.columns,
                block.contributor,
                design.pair_low,
                design.pair_high,
                begin,
                self._table,
                self._style,
            )

        return sink

    def _read(self, source: Source, estimate: Estimate, begin: int) -> None:
        sink = self._open(source, begin)
        if source.design.columns:
            derivatives(source, estimate.point, self._kernels, sink=sink)
            return
        # Without style columns a vote's residual is that of its cell.
        design, theta = source.design, estimate.theta
        chance = 1.0 / (1.0 + np.exp(theta[design.pair_high] - theta[design.pair_low]))
        of_cell = (np.array([0.0, 0.5, 1.0, 0.0]) - chance[:, None]).reshape(-1)

        def residuals(block: Block) -> Floats:
            u: Floats = of_cell[block.code >> 1]
            return np.multiply(u, block.weight) if len(block.weight) else u

        for block, u in in_order(residuals, source.blocks()):
            sink(block, u)

    def _middles(self) -> list[Floats]:
        def some(groups: slice) -> Floats:
            return self._kernels.middle_of(self._table[groups], np.ascontiguousarray(self._style[:, groups]))

        here = len(self._table)
        pieces = [slice(begin, min(begin + GROUPS, here)) for begin in range(0, here, GROUPS)]
        return [middle for _, middle in in_order(some, pieces)]

    def _single(
        self, block: Block, design: Design, estimate: Estimate
    ) -> tuple[Codes, Codes, Codes, Floats, Floats, Floats]:
        if block.contributor is None:
            raise TypeError("The jackknife needs contributors.")
        k, pair = len(design.columns), block.code >> 3
        sums, style = np.zeros((2 + k, len(design.pair_low))), np.zeros(k + k * (k + 1) // 2)
        distance = estimate.theta[design.pair_low] - estimate.theta[design.pair_high]
        u, v, z = np.empty(len(block)), np.empty(len(block)), np.empty((k, len(block)))
        self._kernels.newton_block(
            block.code,
            block.weight,
            block.square,
            block.columns,
            distance,
            estimate.beta,
            False,
            TILE,
            sums,
            style,
            u,
            v,
        )
        sign = np.asarray(1 - 2 * (block.code & 1), np.float64)
        flat, places, step, inverse, position = block.columns
        for j, start in enumerate(places.tolist()):
            z[j] = flat[start : start + (len(block) - 1) * step + 1 : step] * sign * inverse[j]
        if design.placed:
            z[-1] = position * sign
        return block.contributor, design.pair_low[pair], design.pair_high[pair], u, v, z


def group_pieces(starts: Counts) -> list[slice]:
    """Cut the contributors into runs that have about as many votes; the cut depends on nothing but the votes."""
    groups = len(starts) - 1
    marks = np.arange(_TOGETHER, int(starts[-1]), _TOGETHER)
    cuts = [0, *np.unique(np.searchsorted(starts, marks)).tolist(), groups]
    return [slice(begin, end) for begin, end in pairwise(cuts) if begin < end]


def _kept(design: Design, estimate: Estimate) -> Design:
    """Return the board with the columns that the estimate kept."""
    return design.without(name for name in design.columns if name not in estimate.columns)
