"""The inner loops, compiled: same meaning, same order of additions and same names as in ``kernels_numpy``.

Nothing here uses fastmath, threads or a library's linear algebra, so that the same votes give the same bits on every
run. The exponential is written out (argument reduction and a polynomial, relative error below 3e-16): the compiler can
then treat eight votes at once, and no machine's libm has a say in a published number.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar, cast

import numba
import numpy as np

from apps.rankings.domain.votes import Codes, Counts, Flags, Floats, Small

P = ParamSpec("P")
R = TypeVar("R")

TILE: Final = 512
LANES: Final = 8
SINGULAR: Final = 1e-11


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first use, keep the machine code on disk where numba finds a place to write, and keep the types."""
    try:
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # Neither the source's folder nor the user's cache can be written: compile in each process.
        return cast("Callable[P, R]", numba.njit(nogil=True)(function))


@compiled
def _odds_against(x: Floats, bits: Counts, many: int) -> None:
    """Replace the first ``many`` values of x by exp(x); ``bits`` is room for as many 64-bit integers."""
    powers = bits.view(np.float64)
    for i in range(many):
        q = min(max(x[i], -700.0), 700.0)
        whole = (q * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0
        r = (q - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10
        q = 1.6059043836821613e-10
        q = q * r + 2.08767569878681e-09
        q = q * r + 2.505210838544172e-08
        q = q * r + 2.755731922398589e-07
        q = q * r + 2.7557319223985893e-06
        q = q * r + 2.48015873015873e-05
        q = q * r + 1.984126984126984e-04
        q = q * r + 1.388888888888889e-03
        q = q * r + 8.333333333333333e-03
        q = q * r + 4.1666666666666664e-02
        q = q * r + 1.6666666666666666e-01
        q = q * r + 0.5
        q = q * r + 1.0
        q = q * r + 1.0
        x[i] = q
        bits[i] = (np.int64(whole) + 1023) << 52
    for i in range(many):
        x[i] *= powers[i]


@compiled
def _add(into: Floats, u: Floats, many: int) -> None:
    full = many // LANES * LANES
    for i in range(0, full, LANES):
        for lane in range(LANES):
            into[lane] += u[i + lane]
    for i in range(full, many):
        into[i - full] += u[i]


@compiled
def _add_products(into: Floats, u: Floats, w: Floats, many: int) -> None:
    full = many // LANES * LANES
    for i in range(0, full, LANES):
        for lane in range(LANES):
            into[lane] += u[i + lane] * w[i + lane]
    for i in range(full, many):
        into[i - full] += u[i] * w[i]


@compiled
def _residuals_of(against: Floats, score2: Small, u: Floats, v: Floats, many: int) -> None:
    """Fill u with the scores less their chances and v with chance times counter-chance, from the odds against."""
    for i in range(many):
        p = 1.0 / (1.0 + against[i])
        u[i] = 0.5 * score2[i] - p
        v[i] = (against[i] * p) * p


@compiled
def _scale(values: Floats, factors: Floats, begin: int, many: int) -> None:
    """Multiply by the factors from ``begin`` on; no factors at all are ones."""
    if factors.shape[0] > 0:
        for i in range(many):
            values[i] *= factors[begin + i]


@compiled
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
    """Sum one pass over votes that are sorted by pair, run by run, into ``sums`` (runs by 2 + 2k + k(k+1)/2).

    A run is votes ``starts[r]`` to ``starts[r + 1]`` of one pair (``low[r]``, ``high[r]``). ``score2`` is twice the low
    model's score, z (k by n) the style differences. The columns of ``sums``: the residual u, the information v, k of
    v·z, k of u·z, and v·z·z' row by row below the diagonal. With ``middle`` v is u² times ``square`` instead.
    """
    k = z.shape[0]
    columns = sums.shape[1]
    x = np.zeros(TILE)
    bits = np.zeros(TILE, np.int64)
    u = np.zeros(TILE)
    v = np.zeros(TILE)
    vz = np.zeros(TILE)
    lanes = np.zeros((columns, LANES))
    for run in range(low.shape[0]):
        lanes[:, :] = 0.0
        distance = theta[low[run]] - theta[high[run]]
        begin = starts[run]
        while begin < starts[run + 1]:
            many = min(TILE, starts[run + 1] - begin)
            end = begin + many
            x[:many] = -distance
            for j in range(k):
                column = z[j, begin:end]
                slope = beta[j]
                for i in range(many):
                    x[i] -= column[i] * slope
            _odds_against(x, bits, many)
            _residuals_of(x, score2[begin:end], u, v, many)
            if middle:
                for i in range(many):
                    v[i] = u[i] * u[i]
                _scale(v, square, begin, many)
            else:
                _scale(v, weight, begin, many)
            _scale(u, weight, begin, many)
            _add(lanes[0], u, many)
            _add(lanes[1], v, many)
            c = 2 + 2 * k
            for j in range(k):
                column = z[j, begin:end]
                for i in range(many):
                    vz[i] = v[i] * column[i]
                _add(lanes[2 + j], vz, many)
                _add_products(lanes[2 + k + j], u, column, many)
                for other in range(j + 1):
                    _add_products(lanes[c], vz, z[other, begin:end], many)
                    c += 1
            begin = end
        for c in range(columns):
            total = 0.0
            for lane in range(LANES):
                total += lanes[c, lane]
            sums[run, c] = total


@compiled
def residuals(
    low: Codes, high: Codes, score2: Small, weight: Floats, z: Floats, theta: Floats, beta: Floats, u: Floats, v: Floats
) -> None:
    """Fill u and v (n each) with every vote's weighted residual and weighted information."""
    k = z.shape[0]
    x = np.zeros(TILE)
    bits = np.zeros(TILE, np.int64)
    begin = 0
    while begin < low.shape[0]:
        many = min(TILE, low.shape[0] - begin)
        for i in range(many):
            x[i] = theta[high[begin + i]] - theta[low[begin + i]]
        for j in range(k):
            for i in range(many):
                x[i] -= z[j, begin + i] * beta[j]
        _odds_against(x, bits, many)
        _residuals_of(x, score2[begin : begin + many], u[begin : begin + many], v[begin : begin + many], many)
        _scale(u[begin : begin + many], weight, begin, many)
        _scale(v[begin : begin + many], weight, begin, many)
        begin += many


@compiled
def grouped(codes: Codes, groups: int) -> tuple[Counts, Codes]:
    """Return where each group starts (groups + 1) and the rows in the order of their groups, stable within each."""
    starts = np.zeros(groups + 1, np.int64)
    for i in range(codes.shape[0]):
        starts[codes[i] + 1] += 1
    for group in range(groups):
        starts[group + 1] += starts[group]
    place = starts[:groups].copy()
    order = np.empty(codes.shape[0], np.int32)
    for i in range(codes.shape[0]):
        order[place[codes[i]]] = i
        place[codes[i]] += 1
    return starts, order


@compiled
def contributors_per_model(starts: Counts, order: Codes, low: Codes, high: Codes, models: int) -> Counts:
    """Count, for each model, the groups (contributors) with at least one vote on it."""
    count = np.zeros(models, np.int64)
    last = np.full(models, -1, np.int64)
    for group in range(starts.shape[0] - 1):
        for at in range(starts[group], starts[group + 1]):
            for model in (low[order[at]], high[order[at]]):
                if last[model] != group:
                    last[model] = group
                    count[model] += 1
    return count


@compiled
def group_middle(
    starts: Counts, order: Codes, low: Codes, high: Codes, u: Floats, style_scores: Floats, models: int
) -> Floats:
    """Return Σ over groups of s s', s the sum of a group's scores u·x; (models + k) square.

    ``style_scores`` (groups by k) holds the style columns' part of s, summed before.
    """
    k = style_scores.shape[1]
    size = models + k
    total = np.zeros((size, size))
    score = np.zeros(size)
    seen = np.zeros(size, np.bool_)
    touched = np.zeros(size, np.int64)
    for group in range(starts.shape[0] - 1):
        many = 0
        for at in range(starts[group], starts[group + 1]):
            row = order[at]
            score[low[row]] += u[row]
            score[high[row]] -= u[row]
            for model in (low[row], high[row]):
                if not seen[model]:
                    seen[model] = True
                    touched[many] = model
                    many += 1
        for j in range(k):
            score[models + j] = style_scores[group, j]
            touched[many] = models + j
            many += 1
        for a in range(many):
            i = touched[a]
            if 4 * many > size:
                # Adding the zeros in between changes no bit, and a whole row at once is quicker.
                for c in range(i + 1):
                    total[i, c] += score[i] * score[c]
            else:
                for b in range(many):
                    total[i, touched[b]] += score[i] * score[touched[b]]
        for a in range(many):
            score[touched[a]] = 0.0
            seen[touched[a]] = False
    for i in range(size):
        for c in range(i):
            total[c, i] = total[i, c]
    return total


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
