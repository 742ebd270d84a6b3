"""The rank spread: which ranks each model could hold, for all models at once.

For every ordered pair of models the hypothesis "the first is not better" is tested one-sidedly on the contrast of their
ratings; step-down over the largest studentised contrast keeps the chance of any wrong rejection below 1 - level
(Romano and Wolf 2005; Mogstad, Romano, Shaikh and Wilhelm 2024). The multipliers of the cluster bootstrap are Gaussian:
given the votes, the contributors' influences times their multipliers then add up to a normal law with exactly the
covariance that the intervals use, so it is drawn from that, and whoever has the published matrices can draw it again.
"""

from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.votes import Counts, Flags, Floats

#: Keeps the factor of a covariance of deficient rank stable; far below anything that the draws could show.
_RIDGE: Final = 1e-10


def significantly_better(
    theta: Floats,
    covariance: Floats,
    known: Flags,
    *,
    degrees: float | None,
    level: float,
    draws: int,
    seed: int,
    kernels: Kernels,
) -> Flags:
    """Return, at [i, j], whether i is better than j at the family's level.

    ``theta`` (models) and ``covariance`` (models square) are in log-odds; models not ``known`` are not tested.
    ``degrees`` are Student's (None: normal); with ``draws`` 0 Holm's method (1979) takes the bootstrap's place.
    """
    variance = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    varies = variance > float(np.abs(np.diag(covariance)).max(initial=0.0)) * _RIDGE
    testable: Flags = np.logical_and(np.logical_and.outer(known, known), varies)
    np.fill_diagonal(testable, val=False)
    if not testable.any():
        return testable
    inverse = np.where(testable, 1.0 / np.sqrt(np.where(testable, variance, 1.0)), 0.0)
    statistic = np.where(testable, (theta[:, None] - theta[None, :]) * inverse, -np.inf)
    if not draws:
        return _holm(statistic, testable, degrees, level)
    normal = _normal_draws(covariance, draws, seed, kernels)
    rejected = np.zeros_like(testable)
    active = testable
    while True:
        critical = _critical(kernels.largest_contrasts(normal, inverse, active), degrees, level)
        found = active & (statistic > critical)
        if not found.any():
            return rejected
        rejected |= found
        active = active & ~found
        if not active.any():
            return rejected


def rank_bounds(better: Flags) -> tuple[Counts, Counts]:
    """Return rank_low = 1 + models that are better, and rank_high = models - models that are worse (models each)."""
    models = len(better)
    low = 1 + np.count_nonzero(better, axis=0)
    high = models - np.count_nonzero(better, axis=1)
    return low.astype(np.int64), high.astype(np.int64)


def _critical(largest: Floats, degrees: float | None, level: float) -> float:
    """Return the quantile of the largest contrast, in Student's scale where contributors are few.

    The conservative order statistic ⌈level·(D + 1)⌉ of D draws, mapped so that its one-sided tail probability stays.
    """
    place = int(np.ceil(level * (len(largest) + 1)))
    if place > len(largest):
        return np.inf
    normal = float(np.sort(largest)[place - 1])
    return normal if degrees is None else float(-stdtrit(degrees, float(ndtr(-normal))))


def _holm(statistic: Floats, testable: Flags, degrees: float | None, level: float) -> Flags:
    tails = ndtr(-statistic) if degrees is None else stdtr(degrees, -statistic)
    tails = np.where(testable, tails, 1.0).ravel()
    order = np.argsort(tails, kind="stable")
    hypotheses = int(np.count_nonzero(testable))
    left = hypotheses - np.arange(hypotheses)
    passes = tails[order[:hypotheses]] <= (1 - level) / left
    stop = hypotheses if passes.all() else int(np.argmin(passes))
    better = np.zeros(statistic.size, np.bool_)
    better[order[:stop]] = True
    return better.reshape(statistic.shape)


def _normal_draws(covariance: Floats, draws: int, seed: int, kernels: Kernels) -> Floats:
    """Draw (draws by models) from N(0, covariance), from the raw stream of PCG64, whose bits never change."""
    models = len(covariance)
    ridged = covariance + np.eye(models) * (_RIDGE * float(np.trace(covariance)) / models)
    lower, _ = kernels.factor(ridged, np.diag(ridged).copy())
    raw = np.random.PCG64(seed).random_raw(draws * models)
    uniform = ((np.asarray(raw, np.uint64) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return kernels.product(ndtri(uniform).reshape(draws, models), np.ascontiguousarray(lower.T))
