"""The cluster jackknife, compiled: for each contributor the Newton step that leaving them out would cause."""

import numpy as np

from apps.rankings.domain.algebra_numba import factor, solve
from apps.rankings.domain.compiling import compiled
from apps.rankings.domain.votes import Codes, Counts, Flags, Floats


@compiled
def _step_by_rows(
    rows: Codes, low: Codes, high: Codes, u: Floats, v: Floats, z: Floats, inverse: Floats, step: Floats
) -> bool:
    """Fill ``step`` through a system as large as the contributor's number of votes; say whether it could be solved.

    (H - X'VX)⁻¹X'u = H⁻¹X'(u + V^½ (I - V^½ K V^½)⁻¹ V^½ K u) with K = X H⁻¹ X', by the matrix inversion lemma.
    """
    k = z.shape[0]
    many = rows.shape[0]
    size = inverse.shape[0]
    models = size - k
    through = np.empty((many, size))
    for i in range(many):
        row = rows[i]
        for c in range(size):
            through[i, c] = inverse[low[row], c] - inverse[high[row], c]
        for j in range(k):
            for c in range(size):
                through[i, c] += z[j, row] * inverse[models + j, c]
    system = np.zeros((many, many))
    right = np.zeros((many, 1))
    for i in range(many):
        root = np.sqrt(v[rows[i]])
        for m in range(many):
            row = rows[m]
            hat = through[i, low[row]] - through[i, high[row]]
            for j in range(k):
                hat += through[i, models + j] * z[j, row]
            system[i, m] = -root * hat * np.sqrt(v[row])
            right[i, 0] += root * hat * u[row]
        system[i, i] += 1.0
    lower, skipped = factor(system, np.ones(many))
    if np.any(skipped):
        return False
    answer = solve(lower, right)
    step[:] = 0.0
    for i in range(many):
        share = u[rows[i]] + np.sqrt(v[rows[i]]) * answer[i, 0]
        for c in range(size):
            step[c] += share * through[i, c]
    return True


@compiled
def _step_by_matrix(
    rows: Codes,
    low: Codes,
    high: Codes,
    u: Floats,
    v: Floats,
    z: Floats,
    information: Floats,
    step: Floats,
    skipped: Flags,
) -> None:
    """Fill ``step`` by solving with the information less the contributor's; flag parameters that have none left."""
    k = z.shape[0]
    size = information.shape[0]
    models = size - k
    rest = information.copy()
    score = np.zeros((size, 1))
    for i in range(rows.shape[0]):
        row = rows[i]
        a, b = low[row], high[row]
        rest[a, a] -= v[row]
        rest[b, b] -= v[row]
        rest[a, b] += v[row]
        rest[b, a] += v[row]
        score[a, 0] += u[row]
        score[b, 0] -= u[row]
        for j in range(k):
            share = v[row] * z[j, row]
            rest[models + j, a] -= share
            rest[a, models + j] -= share
            rest[models + j, b] += share
            rest[b, models + j] += share
            score[models + j, 0] += u[row] * z[j, row]
            for other in range(k):
                rest[models + j, models + other] -= share * z[other, row]
    lower, zero = factor(rest, np.diag(information))
    answer = solve(lower, score)
    for c in range(size):
        step[c] = answer[c, 0]
        skipped[c] |= zero[c]


@compiled
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
    """Return Σ over groups of d d', d the Newton step caused by leaving the group out; (models + k) square.

    ``information`` is positive definite (its null direction filled), ``inverse`` its inverse. Groups in ``passed_over``
    are not looked at. ``skipped`` is set for parameters that some group alone carries.
    """
    size = information.shape[0]
    total = np.zeros((size, size))
    step = np.zeros(size)
    for group in range(starts.shape[0] - 1):
        many = starts[group + 1] - starts[group]
        if many == 0 or passed_over[group]:
            continue
        rows = order[starts[group] : starts[group + 1]]
        if 2 * many > size or not _step_by_rows(rows, low, high, u, v, z, inverse, step):
            _step_by_matrix(rows, low, high, u, v, z, information, step, skipped)
        for i in range(size):
            for c in range(size):
                total[i, c] += step[i] * step[c]
    return total
