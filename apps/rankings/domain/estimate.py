"""The maximum of the Bradley-Terry likelihood, with or without style columns, by Newton's method."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.rankings.domain.design import Rows
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.method import POINTS
from apps.rankings.domain.sums import by_group, one_by_one
from apps.rankings.domain.votes import Floats

#: The last Newton step moves no rating by more than this, in points.
TOLERANCE: Final = 1e-10
MAX_STEPS: Final = 60

#: Below this step (points) Newton's method is in its quadratic zone and rounding decides any comparison of slopes.
_NEAR: Final = 1e-3
#: A step this small that no longer shrinks has reached the last bits of an ill-conditioned board.
_STUCK: Final = 1e-7


class NoFiniteEstimate(ValueError):
    """The likelihood has no maximum: the style columns predict the outcomes perfectly, alone or together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Where the likelihood has its maximum, in natural log-odds.

    ``theta`` (models) has mean zero; ``beta`` (k) belongs to ``columns``. ``information`` is the negative Hessian
    (models + k square; singular along a shift of all models), ``filled`` the same plus a constant in the models' block,
    which makes it positive definite, and ``inverse`` the inverse of that. ``gradient`` is the score at the maximum.
    ``dropped`` gives each style column that was left out, with the reason.
    """

    theta: Floats
    beta: Floats
    columns: tuple[str, ...]
    rows: Rows
    cells: Rows
    gradient: Floats
    information: Floats
    filled: Floats
    inverse: Floats
    steps: int
    dropped: dict[str, str]

    @property
    def parameters(self) -> int:
        """How many free parameters were fitted; one model's strength is free of choice."""
        return len(self.theta) - 1 + len(self.beta)


def maximise(rows: Rows, cells: Rows, kernels: Kernels) -> Estimate:
    """Find the maximum likelihood estimate.

    ``rows`` are the votes; ``cells`` is what is summed over: the same rows where there are style columns, else the
    cells of pair and outcome. A tie enters as half a win for each side, so that this is a quasi-likelihood
    (Bradley and Terry 1952; Wedderburn 1974); Newton's method with an inexact line search along each step finds its
    maximum, which is unique where the graph of comparisons is strongly connected. Raises ``NoFiniteEstimate``.
    """
    point = np.zeros(rows.models + len(rows.columns))
    gradient, information = derivatives(cells, point, kernels)
    dropped = _useless_columns(information, rows, kernels)
    if dropped:
        rows, cells = rows.without_columns(tuple(dropped)), cells.without_columns(tuple(dropped))
        point = np.zeros(rows.models + len(rows.columns))
        gradient, information = derivatives(cells, point, kernels)
    previous = np.inf
    for step_number in range(1, MAX_STEPS + 1):
        filled = fill(information, rows.models)
        lower, skipped = kernels.factor(filled, np.diag(filled).copy())
        if skipped.any():
            raise NoFiniteEstimate(_separated(rows))
        step = kernels.solve(lower, gradient[:, None])[:, 0]
        size = float(np.abs(step).max()) * POINTS
        if size <= TOLERANCE or (size < _STUCK and size > previous / 4):
            point = point + step
            inverse = kernels.solve(lower, np.eye(len(filled)))
            return Estimate(
                theta=point[: rows.models] - point[: rows.models].mean(),
                beta=point[rows.models :],
                columns=rows.columns,
                rows=rows,
                cells=cells,
                gradient=gradient,
                information=information,
                filled=filled,
                inverse=(inverse + inverse.T) / 2,
                steps=step_number,
                dropped=dropped,
            )
        point, gradient, information = _advance(cells, point, step, gradient, size, kernels)
        previous = size
    raise NoFiniteEstimate(_separated(rows))


def derivatives(cells: Rows, point: Floats, kernels: Kernels, *, middle: bool = False) -> tuple[Floats, Floats]:
    """Return the gradient and the information at ``point`` (models + k, log-odds).

    With ``middle`` the second is Σ u² x x' instead, u being the votes' residuals.
    """
    models, k = cells.models, len(cells.columns)
    sums = np.empty((len(cells.run_low), 2 + 2 * k + k * (k + 1) // 2))
    kernels.newton_runs(
        cells.run_starts,
        cells.run_low,
        cells.run_high,
        cells.score2,
        cells.weight,
        cells.square,
        cells.z,
        point[:models],
        point[models:],
        middle,
        sums,
    )
    low, high = cells.run_low, cells.run_high

    def spread(column: Floats) -> Floats:
        return by_group(low, column, models) - by_group(high, column, models)

    gradient = np.empty(models + k)
    information = np.zeros((models + k, models + k))
    gradient[:models] = spread(sums[:, 0])
    met = by_group(low.astype(np.int64) * models + high, sums[:, 1], models * models).reshape(models, models)
    information[:models, :models] = -(met + met.T)
    each = by_group(low, sums[:, 1], models) + by_group(high, sums[:, 1], models)
    information[np.arange(models), np.arange(models)] = each
    c = 2 + 2 * k
    for j in range(k):
        gradient[models + j] = one_by_one(sums[:, 2 + k + j])
        column = spread(sums[:, 2 + j])
        information[models + j, :models] = column
        information[:models, models + j] = column
        for other in range(j + 1):
            value = one_by_one(sums[:, c])
            information[models + j, models + other] = value
            information[models + other, models + j] = value
            c += 1
    return gradient, information


def fill(information: Floats, models: int) -> Floats:
    """Add a constant to the models' block: it fixes the mean of the ratings and changes no difference between them."""
    filled = information.copy()
    filled[:models, :models] += np.trace(information[:models, :models]) / (models * models)
    return filled


def _advance(
    cells: Rows, point: Floats, step: Floats, gradient: Floats, size: float, kernels: Kernels
) -> tuple[Floats, Floats, Floats]:
    """Go along ``step`` until the slope there has fallen by half; the full length nearly always does."""
    slope = float(gradient @ step)
    length = 1.0
    while True:
        there = point + length * step
        gradient_there, information_there = derivatives(cells, there, kernels)
        slope_there = float(gradient_there @ step)
        if size < _NEAR or slope_there >= -0.5 * slope or length < TOLERANCE:
            return there, gradient_there, information_there
        length *= min(0.9, max(0.1, slope / (slope - slope_there)))


def _useless_columns(information: Floats, rows: Rows, kernels: Kernels) -> dict[str, str]:
    """Name the style columns that are zero everywhere or follow from the models and the columns before them."""
    if not rows.columns:
        return {}
    filled = fill(information, rows.models)
    _, skipped = kernels.factor(filled, np.diag(filled).copy())
    dropped = {}
    for j, name in enumerate(rows.columns):
        if not np.any(rows.z[j]):
            dropped[name] = "constant: the same on both sides of every vote"
        elif skipped[rows.models + j]:
            dropped[name] = "collinear: it follows from the models and the columns before it"
    return dropped


def _separated(rows: Rows) -> str:
    if not rows.columns:
        return "The estimate does not settle; some models are nearly always beaten by all others."
    return f"No finite estimate exists: {', '.join(rows.columns)} predict the outcomes perfectly."
