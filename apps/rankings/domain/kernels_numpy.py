"""The inner loops in NumPy, for machines where nothing compiles: the same published integers, several times slower.

Every function has the name, the arguments and the meaning of its twin in ``kernels_numba``, whose docstrings hold.
"""

from typing import Final

import numpy as np

from apps.rankings.domain.sums import by_group, one_by_one
from apps.rankings.domain.votes import Codes, Counts, Flags, Floats, Small

BLOCK: Final = 65_536
#: So many contributors' scores are held at once.
GROUPS: Final = 1024
SINGULAR: Final = 1e-11


def newton_runs(
    starts: Counts,
    low: Codes,
    high: Codes,
    score2: Small,
    weight: Floats,
    square: Floats,
    z: Floats,
    theta: Floats,
    beta: Floats,
    middle: bool,
    sums: Floats,
) -> None:
    """Sum one pass over votes that are sorted by pair, run by run, into ``sums``."""
    k = z.shape[0]
    first = 0
    while first < len(low):
        # Whole runs, about a block of votes at a time, so that memory does not grow with the number of votes.
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1)
        begin, end = int(starts[first]), int(starts[last])
        offsets = starts[first:last] - begin
        lengths = np.diff(starts[first : last + 1])
        into = sums[first:last]
        x = np.repeat(theta[high[first:last]] - theta[low[first:last]], lengths)
        for j in range(k):
            x -= z[j, begin:end] * beta[j]
        against = np.exp(np.clip(x, -700.0, 700.0))
        p = 1.0 / (1.0 + against)
        u = 0.5 * score2[begin:end] - p
        v = u * u if middle else (against * p) * p
        if middle and len(square):
            v *= square[begin:end]
        if len(weight):
            u *= weight[begin:end]
            if not middle:
                v *= weight[begin:end]
        into[:, 0] = np.add.reduceat(u, offsets)
        into[:, 1] = np.add.reduceat(v, offsets)
        c = 2 + 2 * k
        for j in range(k):
            vz = v * z[j, begin:end]
            into[:, 2 + j] = np.add.reduceat(vz, offsets)
            into[:, 2 + k + j] = np.add.reduceat(u * z[j, begin:end], offsets)
            for other in range(j + 1):
                into[:, c] = np.add.reduceat(vz * z[other, begin:end], offsets)
                c += 1
        first = last


def residuals(
    low: Codes, high: Codes, score2: Small, weight: Floats, z: Floats, theta: Floats, beta: Floats, u: Floats, v: Floats
) -> None:
    """Fill u and v with every vote's weighted residual and weighted information."""
    for begin in range(0, len(low), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(low)))
        x = theta[high[part]] - theta[low[part]]
        for j in range(len(z)):
            x -= z[j, part] * beta[j]
        against = np.exp(np.clip(x, -700.0, 700.0))
        p = 1.0 / (1.0 + against)
        u[part] = 0.5 * score2[part] - p
        v[part] = (against * p) * p
        if len(weight):
            u[part] *= weight[part]
            v[part] *= weight[part]


def grouped(codes: Codes, groups: int) -> tuple[Counts, Codes]:
    """Return where each group starts and the rows in the order of their groups, stable within each."""
    starts = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=groups), out=starts[1:])
    return starts, np.argsort(codes, kind="stable").astype(np.int32)


def contributors_per_model(starts: Counts, order: Codes, low: Codes, high: Codes, models: int) -> Counts:
    """Count, for each model, the groups with at least one vote on it."""
    group = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
    keys = np.concatenate([group * models + low[order], group * models + high[order]])
    return np.bincount(np.unique(keys) % models, minlength=models).astype(np.int64)


def group_middle(
    starts: Counts, order: Codes, low: Codes, high: Codes, u: Floats, style_scores: Floats, models: int
) -> Floats:
    """Return Σ over groups of s s', s the sum of a group's scores."""
    size = models + style_scores.shape[1]
    groups = len(starts) - 1
    total = np.zeros((size, size))
    for first in range(0, groups, GROUPS):
        last = min(first + GROUPS, groups)
        rows = order[starts[first] : starts[last]]
        place = np.repeat(np.arange(last - first), np.diff(starts[first : last + 1])) * models
        won = by_group(place + low[rows], u[rows], (last - first) * models)
        lost = by_group(place + high[rows], u[rows], (last - first) * models)
        scores = np.hstack([(won - lost).reshape(last - first, models), style_scores[first:last]])
        total += np.einsum("gi,gj->ij", scores, scores)
    return total


def group_score(rows: Codes, low: Codes, high: Codes, u: Floats, z: Floats, models: int) -> Floats:
    """Return the sum of the scores u·x of these rows, (models + k) long."""
    score = np.zeros(models + len(z))
    score[:models] = by_group(low[rows], u[rows], models) - by_group(high[rows], u[rows], models)
    for j in range(len(z)):
        score[models + j] = one_by_one(u[rows] * z[j, rows])
    return score


def group_information(rows: Codes, low: Codes, high: Codes, v: Floats, z: Floats, models: int) -> Floats:
    """Return Σ v x x' of these rows, (models + k) square."""
    total = np.zeros((models + len(z), models + len(z)))
    a, b, share = low[rows], high[rows], v[rows]
    cells = by_group(a * np.int64(models) + b, share, models * models).reshape(models, models)
    total[:models, :models] = -(cells + cells.T)
    diagonal = by_group(a, share, models) + by_group(b, share, models)
    total[np.arange(models), np.arange(models)] += diagonal
    for j in range(len(z)):
        shared = share * z[j, rows]
        column = by_group(a, shared, models) - by_group(b, shared, models)
        total[models + j, :models] = column
        total[:models, models + j] = column
        for other in range(j + 1):
            value = one_by_one(shared * z[other, rows])
            total[models + j, models + other] = value
            total[models + other, models + j] = value
    return total


def factor(matrix: Floats, scale: Floats) -> tuple[Floats, Flags]:
    """Return the lower Cholesky factor of a positive semidefinite matrix, and which pivots were skipped as zero."""
    size = len(matrix)
    rest = matrix.copy()
    lower = np.zeros((size, size))
    skipped = np.zeros(size, np.bool_)
    for j in range(size):
        if not rest[j, j] > SINGULAR * scale[j]:
            skipped[j] = True
            continue
        pivot = np.sqrt(rest[j, j])
        lower[j, j] = pivot
        lower[j + 1 :, j] = rest[j + 1 :, j] / pivot
        rest[j + 1 :, j + 1 :] -= lower[j + 1 :, j, None] * lower[None, j + 1 :, j]
    return lower, skipped


def solve(lower: Floats, right: Floats) -> Floats:
    """Solve (lower lower') x = right for the columns of ``right``; skipped pivots give 0."""
    size = len(lower)
    x = right.copy()
    for i in range(size):
        x[i] = x[i] / lower[i, i] if lower[i, i] > 0.0 else 0.0
        x[i + 1 :] -= lower[i + 1 :, i, None] * x[i]
    for i in range(size - 1, -1, -1):
        x[i] = x[i] / lower[i, i] if lower[i, i] > 0.0 else 0.0
        x[:i] -= lower[i, :i, None] * x[i]
    return x


def product(left: Floats, right: Floats) -> Floats:
    """Return the matrix product, its terms added in the order of the inner index."""
    total = np.zeros((left.shape[0], right.shape[1]))
    for j in range(left.shape[1]):
        total += left[:, j, None] * right[None, j]
    return total


def largest_contrasts(draws: Floats, inverse: Floats, active: Flags) -> Floats:
    """Return, per draw, the largest (draw_i - draw_j)·inverse_ij over the active ordered pairs."""
    first, second = np.nonzero(active)
    scale = inverse[first, second]
    best = np.full(len(draws), -np.inf)
    for d, draw in enumerate(draws):
        best[d] = np.max((draw[first] - draw[second]) * scale, initial=-np.inf)
    return best
