"""The maximum of the Bradley-Terry likelihood, with or without style columns, by Newton's method."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

import numpy as np

from apps.rankings.domain.design import BLOCK, NONE, Block, Rows, Source
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.kernels_numpy import TILE
from apps.rankings.domain.method import POINTS
from apps.rankings.domain.passes import in_order
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import Floats

#: The last Newton step moves no rating by more than this, in points.
TOLERANCE: Final = 1e-10
MAX_STEPS: Final = 60

#: Below this step (points) Newton's method is in its quadratic zone and rounding decides any comparison of slopes.
_NEAR: Final = 1e-3
#: A step this small that no longer shrinks has reached the last bits of an ill-conditioned board.
_STUCK: Final = 1e-7

#: From so many votes on, the first steps look at a sample: the first 32 of every 512 votes.
_SAMPLED: Final = 4 * BLOCK
_SHARE: Final = 32

Sink: TypeAlias = Callable[[Block, Floats], None]
#: Makes a sink for a pass over these votes, or none where there is nothing to keep.
Opening: TypeAlias = Callable[[Source], Sink | None]


class NoFiniteEstimate(ValueError):
    """The likelihood has no maximum: the style columns predict the outcomes perfectly, alone or together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Where the likelihood has its maximum, in natural log-odds.

    ``theta`` (models) has mean zero; ``beta`` (k) belongs to ``columns``. ``information`` is the negative Hessian
    (models + k square; singular along a shift of all models), ``filled`` the same plus a constant in the models' block,
    which makes it positive definite, and ``inverse`` the inverse of that. ``gradient`` is the score at the maximum.
    ``dropped`` gives each style column that was left out, with the reason. ``source`` is what was summed over: the
    votes where there are style columns, else the cells of pair and outcome, which ``cells`` has in any case. ``seen``
    says that the last pass over the votes, at the maximum, went to the sink that was given.
    """

    theta: Floats
    beta: Floats
    columns: tuple[str, ...]
    source: Source
    cells: Rows
    gradient: Floats
    information: Floats
    filled: Floats
    inverse: Floats
    steps: int
    dropped: dict[str, str]
    seen: bool = False

    @property
    def parameters(self) -> int:
        """How many free parameters were fitted; one model's strength is free of choice."""
        return len(self.theta) - 1 + len(self.beta)

    @property
    def point(self) -> Floats:
        """Return theta, then beta."""
        return np.concatenate([self.theta, self.beta])


@dataclass(slots=True, kw_only=True, eq=False)
class _Search:
    """What is summed over, and where the search stands."""

    source: Source
    cells: Rows
    kernels: Kernels
    opening: Opening
    dropped: dict[str, str]

    def derivatives(self, point: Floats, sink: Sink | None = None) -> tuple[Floats, Floats]:
        return derivatives(self.source, point, self.kernels, sink=sink)


def maximise(source: Source, cells: Rows, votes: int, kernels: Kernels, opening: Opening = lambda _: None) -> Estimate:
    """Find the maximum likelihood estimate.

    ``source`` are the votes, ``votes`` how many rows; ``cells`` are their cells of pair and outcome, which are enough
    where there are no style columns, and give the starting point where there are. A tie enters as half a win for each
    side, so that this is a quasi-likelihood (Bradley and Terry 1952; Wedderburn 1974); Newton's method with an inexact
    line search along each step finds its maximum, which is unique where the graph of comparisons is strongly connected.
    A pass that is expected to be the last also gives every vote's residual to what ``opening`` returns. Raises
    ``NoFiniteEstimate``.
    """
    plain = _Search(source=cells, cells=cells, kernels=kernels, opening=lambda _: None, dropped={})
    if not source.design.columns:
        return _climb(plain, np.zeros(cells.design.models))
    near = _climb(plain, np.zeros(cells.design.models)).theta
    search = _Search(source=source, cells=cells, kernels=kernels, opening=opening, dropped={})
    sampled = votes >= _SAMPLED
    point = np.append(near, np.zeros(len(source.design.columns)))
    _, information = derivatives(source, point, kernels, share=_SHARE if sampled else TILE)
    search.dropped = _useless_columns(information, source, kernels)
    if sampled and search.dropped:
        # A sample may lack what only a few votes show: the whole decides.
        _, information = search.derivatives(point)
        search.dropped = _useless_columns(information, source, kernels)
    if search.dropped:
        search.source = source.under(source.design.without(search.dropped))
        point = np.append(near, np.zeros(len(search.source.design.columns)))
    if not search.source.design.columns:
        search.source = cells
    elif sampled:
        point = _by_sample(search, point, votes)
    return _climb(search, point)


def _climb(search: _Search, point: Floats) -> Estimate:
    """Take Newton steps from ``point`` to the maximum."""
    kernels, models = search.kernels, search.cells.design.models
    whole = _at_once(search, point)
    if whole is not None:
        return whole
    gradient, information = search.derivatives(point)
    previous, seen = np.inf, False
    for step_number in range(1, MAX_STEPS + 1):
        filled = fill(information, models)
        lower, skipped = kernels.factor(filled, np.diag(filled).copy())
        if skipped.any():
            raise NoFiniteEstimate(_separated(search.source))
        step = kernels.solve(lower, gradient[:, None])[:, 0]
        size = float(np.abs(step).max()) * POINTS
        if size <= TOLERANCE or (size < _STUCK and size > previous / 4):
            return _found(search, step_number, point + step, gradient, information, filled, lower, seen=seen)
        point, gradient, information, seen = _advance(search, point, step, gradient, size)
        previous = size
    raise NoFiniteEstimate(_separated(search.source))


def _at_once(search: _Search, point: Floats) -> Estimate | None:
    """Let one compiled loop take all steps where all votes are in one block; None where they are not, or it cannot."""
    climb = search.kernels.climb
    blocks = list(islice(search.source.blocks(), 2)) if climb else []
    if climb is None or len(blocks) != 1:
        return None
    block, design = blocks[0], search.source.design
    steps, point, gradient, information, filled, lower = climb(
        block.code,
        block.weight,
        block.square,
        block.columns,
        design.pair_low,
        design.pair_high,
        point,
        design.models,
        np.array([TOLERANCE / POINTS, _STUCK / POINTS, _NEAR / POINTS, MAX_STEPS]),
    )
    if not steps:
        raise NoFiniteEstimate(_separated(search.source))
    return _found(search, steps, point, gradient, information, filled, lower, seen=False)


def _found(
    search: _Search,
    steps: int,
    point: Floats,
    gradient: Floats,
    information: Floats,
    filled: Floats,
    lower: Floats,
    *,
    seen: bool,
) -> Estimate:
    models = search.cells.design.models
    inverse = search.kernels.solve(lower, np.eye(len(filled)))
    return Estimate(
        theta=point[:models] - point[:models].mean(),
        beta=point[models:],
        columns=search.source.design.columns,
        source=search.source,
        cells=search.cells,
        gradient=gradient,
        information=information,
        filled=filled,
        inverse=(inverse + inverse.T) / 2,
        steps=steps,
        dropped=search.dropped,
        seen=seen,
    )


def derivatives(
    source: Source,
    point: Floats,
    kernels: Kernels,
    *,
    middle: bool = False,
    share: int = TILE,
    sink: Sink | None = None,
) -> tuple[Floats, Floats]:
    """Return the gradient and the information at ``point`` (models + k, log-odds).

    With ``middle`` the second is Σ u² x x' instead, u being the votes' residuals. ``share`` of each ``TILE`` votes are
    read. ``sink`` is called with every block and its votes' residuals, in the order of the blocks.
    """
    design = source.design
    models, k = design.models, len(design.columns)
    distance = point[design.pair_low] - point[design.pair_high]
    beta = np.ascontiguousarray(point[models:])

    def work(block: Block) -> tuple[Floats, Floats, Floats]:
        sums, style = np.zeros((2 + k, len(distance))), np.zeros(k + k * (k + 1) // 2)
        u = NONE if sink is None else np.empty(len(block))
        kernels.newton_block(
            block.code,
            block.weight,
            block.square,
            block.columns,
            distance,
            beta,
            middle,
            share,
            sums,
            style,
            u,
            NONE,
        )
        return sums, style, u

    sums, style = np.zeros((2 + k, len(distance))), np.zeros(k + k * (k + 1) // 2)
    for block, (more, of_style, u) in in_order(work, source.blocks()):
        sums += more
        style += of_style
        if sink is not None:
            sink(block, u)
    return _assembled(source, sums, style)


def _assembled(source: Source, sums: Floats, style: Floats) -> tuple[Floats, Floats]:
    """Put the sums by pair and those over all votes in their places."""
    design = source.design
    models, k, low, high = design.models, len(design.columns), design.pair_low, design.pair_high

    def spread(column: Floats) -> Floats:
        return by_group(low, column, models) - by_group(high, column, models)

    gradient = np.empty(models + k)
    information = np.zeros((models + k, models + k))
    gradient[:models] = spread(sums[0])
    information[low, high] = information[high, low] = -sums[1]
    each = by_group(low, sums[1], models) + by_group(high, sums[1], models)
    information[np.arange(models), np.arange(models)] = each
    gradient[models:] = style[:k]
    c = k
    for j in range(k):
        information[models + j, :models] = information[:models, models + j] = spread(sums[2 + j])
        information[models + j, models : models + j + 1] = style[c : c + j + 1]
        information[models : models + j + 1, models + j] = style[c : c + j + 1]
        c += j + 1
    return gradient, information


def fill(information: Floats, models: int) -> Floats:
    """Add a constant to the models' block: it fixes the mean of the ratings and changes no difference between them."""
    filled = information.copy()
    filled[:models, :models] += np.trace(information[:models, :models]) / (models * models)
    return filled


def _by_sample(search: _Search, point: Floats, votes: int) -> Floats:
    """Take a few steps on a sample of the votes, held near ``point`` by a little of the plain board's information.

    Where a sample alone would have no maximum the hold gives it one. This only chooses where the search begins.
    """
    models, kernels, scale = search.cells.design.models, search.kernels, TILE / _SHARE
    _, plain = derivatives(search.cells, point[:models], kernels)
    hold = np.diag(np.append(np.zeros(models), np.full(len(point) - models, votes / 100)))
    hold[:models, :models] = plain / 20
    here = point
    for _ in range(3):
        gradient, information = derivatives(search.source, here, kernels, share=_SHARE)
        filled = fill(scale * information + hold, models)
        lower, _ = kernels.factor(filled, np.diag(filled).copy())
        step = kernels.solve(lower, (scale * gradient - hold @ (here - point))[:, None])[:, 0]
        if not float(np.abs(step).max()) < 2:  # noqa: PLR2004  So far away the sample is no guide.
            return point
        here = here + step
    return here


def _advance(
    search: _Search, point: Floats, step: Floats, gradient: Floats, size: float
) -> tuple[Floats, Floats, Floats, bool]:
    """Go along ``step`` until the slope there has fallen by half; the full length nearly always does."""
    slope = float(gradient @ step)
    length = 1.0
    # One step from here on the next one will be too small to be taken: the votes need not be read again after it.
    sink = search.opening(search.source) if size < _NEAR else None
    while True:
        there = point + length * step
        gradient_there, information_there = search.derivatives(there, sink)
        slope_there = float(gradient_there @ step)
        if size < _NEAR or slope_there >= -0.5 * slope or length < TOLERANCE:
            return there, gradient_there, information_there, sink is not None
        length *= min(0.9, max(0.1, slope / (slope - slope_there)))


def _useless_columns(information: Floats, source: Source, kernels: Kernels) -> dict[str, str]:
    """Name the style columns that are zero everywhere or follow from the models and the columns before them."""
    design = source.design
    filled = fill(information, design.models)
    _, skipped = kernels.factor(filled, np.diag(filled).copy())
    dropped = {}
    for j, name in enumerate(design.columns):
        if name in design.constant:
            dropped[name] = "constant: the same on both sides of every vote"
        elif skipped[design.models + j]:
            dropped[name] = "collinear: it follows from the models and the columns before it"
    return dropped


def _separated(source: Source) -> str:
    if not source.design.columns:
        return "The estimate does not settle; some models are nearly always beaten by all others."
    return f"No finite estimate exists: {', '.join(source.design.columns)} predict the outcomes perfectly."
