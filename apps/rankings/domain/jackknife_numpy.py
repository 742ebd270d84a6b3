"""The cluster jackknife in NumPy, for machines where nothing compiles."""

import numpy as np

from apps.rankings.domain.kernels_numpy import factor, group_information, group_score, solve
from apps.rankings.domain.votes import Codes, Counts, Flags, Floats


def jackknife_middle(
    starts: Counts,
    order: Codes,
    low: Codes,
    high: Codes,
    u: Floats,
    v: Floats,
    z: Floats,
    inverse: Floats,
    information: Floats,
    passed_over: Flags,
    skipped: Flags,
) -> Floats:
    """Return Σ over groups of d d', d the Newton step caused by leaving the group out."""
    models = len(information) - len(z)
    scale = np.diag(information).copy()
    total = np.zeros_like(inverse)
    for group in np.flatnonzero(np.diff(starts)):
        if passed_over[group]:
            continue
        rows = order[starts[group] : starts[group + 1]]
        lower, zero = factor(information - group_information(rows, low, high, v, z, models), scale)
        step = solve(lower, group_score(rows, low, high, u, z, models)[:, None])[:, 0]
        total += np.outer(step, step)
        skipped |= zero
    return total
