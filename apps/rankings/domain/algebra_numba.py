"""Small dense matrices, compiled: our own Cholesky and products, whose terms are added in a fixed order."""

from typing import Final

import numpy as np

from apps.rankings.domain.compiling import compiled
from apps.rankings.domain.votes import Flags, Floats

SINGULAR: Final = 1e-11


@compiled
def factor(matrix: Floats, scale: Floats) -> tuple[Floats, Flags]:
    """Return the lower Cholesky factor of a positive semidefinite matrix, and which pivots were skipped as zero.

    A pivot counts as zero below ``SINGULAR`` times ``scale`` (one number per row); its column of the factor is zero.
    """
    size = matrix.shape[0]
    lower = matrix.copy()
    column = np.zeros(size)
    skipped = np.zeros(size, np.bool_)
    for j in range(size):
        if not lower[j, j] > SINGULAR * scale[j]:
            skipped[j] = True
            for i in range(j, size):
                lower[i, j] = 0.0
        else:
            pivot = np.sqrt(lower[j, j])
            lower[j, j] = pivot
            for i in range(j + 1, size):
                lower[i, j] /= pivot
                column[i] = lower[i, j]
            for i in range(j + 1, size):
                for c in range(j + 1, i + 1):
                    lower[i, c] -= column[i] * column[c]
        for c in range(j + 1, size):
            lower[j, c] = 0.0
    return lower, skipped


@compiled
def solve(lower: Floats, right: Floats) -> Floats:
    """Solve (lower lower') x = right for the columns of ``right`` (size by m); skipped pivots give 0."""
    size = lower.shape[0]
    columns = right.shape[1]
    x = right.copy()
    for i in range(size):
        for j in range(i):
            for c in range(columns):
                x[i, c] -= lower[i, j] * x[j, c]
        for c in range(columns):
            x[i, c] = x[i, c] / lower[i, i] if lower[i, i] > 0.0 else 0.0
    for i in range(size - 1, -1, -1):
        for j in range(size - 1, i, -1):
            for c in range(columns):
                x[i, c] -= lower[j, i] * x[j, c]
        for c in range(columns):
            x[i, c] = x[i, c] / lower[i, i] if lower[i, i] > 0.0 else 0.0
    return x


@compiled
def product(left: Floats, right: Floats) -> Floats:
    """Return the matrix product, its terms added in the order of the inner index."""
    total = np.zeros((left.shape[0], right.shape[1]))
    for i in range(left.shape[0]):
        for j in range(left.shape[1]):
            for c in range(right.shape[1]):
                total[i, c] += left[i, j] * right[j, c]
    return total


@compiled
def largest_contrasts(draws: Floats, inverse: Floats, active: Flags) -> Floats:
    """Return, per draw (row of ``draws``), the largest (draw_i - draw_j)·inverse_ij over the active ordered pairs."""
    best = np.full(draws.shape[0], -np.inf)
    for d in range(draws.shape[0]):
        for i in range(inverse.shape[0]):
            for j in range(inverse.shape[0]):
                if active[i, j]:
                    value = (draws[d, i] - draws[d, j]) * inverse[i, j]
                    best[d] = max(best[d], value)
    return best
