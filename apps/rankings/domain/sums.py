"""Sums whose terms are added one after the other, so that the same votes always give the same bits."""

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.votes import Floats


def by_group(codes: NDArray[np.integer], values: Floats | None, groups: int) -> Floats:
    """Return the sum of ``values`` (n; None for ones) for each code below ``groups``, added in the order given."""
    return np.asarray(np.bincount(codes, values, groups), np.float64)


def one_by_one(values: Floats) -> float:
    """Return the sum from the first value to the last, where NumPy's own sum would add in pairs."""
    return float(by_group(np.zeros(len(values), np.int64), values, 1)[0])


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values that occur (any number of them), rising; many times faster than ``np.unique`` on millions."""
    rising = np.sort(values)
    new = np.ones(len(rising), np.bool_)
    new[1:] = rising[1:] != rising[:-1]
    return rising[new]
