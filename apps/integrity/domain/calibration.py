"""Between a raw p-value and a flag: how much honest voters differ by themselves, and how many were tested at once."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from scipy.special import chdtr, log_ndtr, ndtri

from apps.integrity.domain.ballots import Flags

# The median of a squared standard normal variable.
_MEDIAN: Final = float(np.square(ndtri(0.75)))
# Whoever lies beyond this (p = .01) says nothing about honest people, and their mean square is then a little less.
_BEYOND: Final = float(np.square(ndtri(0.995)))
_MEAN_WITHIN: Final = float(chdtr(3, _BEYOND) / chdtr(1, _BEYOND))
_STEPS: Final = 80
#: With fewer voters nobody can tell how much people differ by themselves; the tests' own spread stands.
LEAST_POOL: Final = 30


def taste(statistics: Sequence[float], votes: Sequence[int]) -> float:
    """Return τ², by how much a voter's own taste widens the spread of a test statistic for each vote cast.

    Tastes that differ from everybody's shift a voter's statistic by an amount that grows with the votes: its variance
    is 1 + τ²·n and not 1 (an empirical null; Efron 2004). A first guess is read off the median, which does not see the
    far ends; whoever stands out even so is left aside, and the mean square of the others gives the answer, so
    that cheats do not excuse themselves. The statistics may be those of one side of 0 alone. 0 for none.
    """
    if not len(statistics):
        return 0.0
    squares, cast = np.square(np.asarray(statistics, float)), np.asarray(votes, float)
    guess = _smallest(lambda tau: bool(np.median(squares / (1 + tau * cast)) <= _MEDIAN))
    inside = squares / (1 + guess * cast) < _BEYOND
    return _smallest(lambda tau: bool(np.mean(squares[inside] / (1 + tau * cast[inside])) <= _MEAN_WITHIN))


def _smallest(is_enough: Callable[[float], bool]) -> float:
    """Return the smallest value from 0 that is enough, where every larger one is too (bisection)."""
    if is_enough(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while not is_enough(high):
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def tempered(statistic: float, votes: int, taste_per_vote: float) -> float:
    """Return the two-sided p-value of a statistic whose variance is 1 + τ²·n."""
    return min(1.0, float(2 * np.exp(log_ndtr(-abs(statistic) / np.sqrt(1 + taste_per_vote * votes)))))


def surviving(p_values: Sequence[float], *, rate: float) -> Flags:
    """Return which p-values (bool, n) survive when at most the share ``rate`` of all flags may be false.

    Benjamini and Hochberg's step-up procedure (1995).
    """
    p = np.asarray(p_values, float)
    if not len(p):
        return np.zeros(0, bool)
    order = np.argsort(p, kind="stable")
    passes = p[order] <= rate * np.arange(1, len(p) + 1) / len(p)
    survives = np.zeros(len(p), bool)
    if passes.any():
        survives[order[: int(np.flatnonzero(passes)[-1]) + 1]] = True
    return survives
