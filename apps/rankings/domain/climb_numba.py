"""The whole search of a small board, compiled: what ``estimate`` does step by step, with no Python in between."""

import numpy as np

from apps.rankings.domain.algebra_numba import factor, solve
from apps.rankings.domain.compiling import compiled
from apps.rankings.domain.kernels_numba import TILE, newton_block
from apps.rankings.domain.votes import Codes, Columns, Floats


@compiled
def _derivatives(
    code: Codes,
    weight: Floats,
    square: Floats,
    columns: Columns,
    low: Codes,
    high: Codes,
    point: Floats,
    models: int,
    gradient: Floats,
    information: Floats,
) -> None:
    """Fill the gradient and the information at a point from one block of votes."""
    k = point.shape[0] - models
    pairs = low.shape[0]
    distance = np.zeros(pairs)
    for pair in range(pairs):
        distance[pair] = point[low[pair]] - point[high[pair]]
    sums, style, none = np.zeros((2 + k, pairs)), np.zeros(k + k * (k + 1) // 2), np.zeros(0)
    beta = point[models:].copy()
    newton_block(
        code,
        weight,
        square,
        columns,
        distance,
        beta,
        False,
        TILE,
        sums,
        style,
        none,
        none,
    )
    gradient[:] = 0.0
    information[:, :] = 0.0
    for pair in range(pairs):
        a, b = low[pair], high[pair]
        gradient[a] += sums[0, pair]
        gradient[b] -= sums[0, pair]
        information[a, a] += sums[1, pair]
        information[b, b] += sums[1, pair]
        information[a, b] -= sums[1, pair]
        information[b, a] -= sums[1, pair]
        for j in range(k):
            information[models + j, a] += sums[2 + j, pair]
            information[models + j, b] -= sums[2 + j, pair]
    c = k
    for j in range(k):
        gradient[models + j] = style[j]
        for i in range(models):
            information[i, models + j] = information[models + j, i]
        for other in range(j + 1):
            information[models + j, models + other] = style[c]
            information[models + other, models + j] = style[c]
            c += 1


@compiled
def climb(
    code: Codes,
    weight: Floats,
    square: Floats,
    columns: Columns,
    low: Codes,
    high: Codes,
    start: Floats,
    models: int,
    rules: Floats,
) -> tuple[int, Floats, Floats, Floats, Floats, Floats]:
    """Take Newton steps from ``start`` to the maximum over one block of votes.

    ``rules`` are the tolerance, the size below which a step may be stuck, that below which no slope is compared (all in
    log-odds), and the most steps. Returns the number of steps (0: there is no maximum), the point, the gradient, the
    information, the same with its null direction filled, and the lower factor of that.
    """
    tolerance, stuck, near = rules[0], rules[1], rules[2]
    size = start.shape[0]
    point, gradient, information = start.copy(), np.zeros(size), np.zeros((size, size))
    right = np.zeros((size, 1))
    _derivatives(code, weight, square, columns, low, high, point, models, gradient, information)
    filled = information.copy()
    lower = information
    previous = np.inf
    for number in range(1, int(rules[3]) + 1):
        filled = information.copy()
        trace = 0.0
        for i in range(models):
            trace += information[i, i]
        for i in range(models):
            for c in range(models):
                filled[i, c] += trace / (models * models)
        lower, skipped = factor(filled, np.diag(filled).copy())
        if np.any(skipped):
            return 0, point, gradient, information, filled, lower
        right[:, 0] = gradient
        move = solve(lower, right)[:, 0]
        most, slope = 0.0, 0.0
        for i in range(size):
            most = max(most, abs(move[i]))
            slope += gradient[i] * move[i]
        if most <= tolerance or (most < stuck and most > previous / 4):
            return number, point + move, gradient, information, filled, lower
        length = 1.0
        while True:
            there = point + length * move
            _derivatives(
                code,
                weight,
                square,
                columns,
                low,
                high,
                there,
                models,
                gradient,
                information,
            )
            slope_there = 0.0
            for i in range(size):
                slope_there += gradient[i] * move[i]
            if most < near or slope_there >= -0.5 * slope or length < tolerance:
                break
            length *= min(0.9, max(0.1, slope / (slope - slope_there)))
        point = there
        previous = most
    return 0, point, gradient, information, filled, lower
