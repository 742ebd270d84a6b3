"""The inner loops, compiled: same meaning, same order of additions and same names as in ``kernels_numpy``.

Nothing here uses fastmath, threads or a library's linear algebra, so that the same votes give the same bits on every
run. The exponential is written out (argument reduction and a polynomial, relative error below 3e-16): the compiler can
then treat eight votes at once, and no machine's libm has a say in a published number.
"""

from typing import Final

import numpy as np

from apps.rankings.domain.compiling import compiled
from apps.rankings.domain.votes import Codes, Columns, Counts, Floats

TILE: Final = 512
LANES: Final = 8
LARGEST: Final = 1.7976931348623157e308


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
def _sum_of_products(u: Floats, w: Floats, many: int) -> float:
    """Add in eight lanes, which stay in registers, and the lanes from the first to the last."""
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    full = many // LANES * LANES
    for i in range(0, full, LANES):
        a += u[i] * w[i]
        b += u[i + 1] * w[i + 1]
        c += u[i + 2] * w[i + 2]
        d += u[i + 3] * w[i + 3]
        e += u[i + 4] * w[i + 4]
        f += u[i + 5] * w[i + 5]
        g += u[i + 6] * w[i + 6]
        h += u[i + 7] * w[i + 7]
    for i in range(full, many):
        a += u[i] * w[i]
    return ((((((a + b) + c) + d) + e) + f) + g) + h


@compiled
def _residuals_of(against: Floats, score: Floats, u: Floats, v: Floats, many: int) -> None:
    """Fill u with the scores less their chances and v with chance times counter-chance, from the odds against."""
    for i in range(many):
        p = 1.0 / (1.0 + against[i])
        u[i] = score[i] - p
        v[i] = (against[i] * p) * p


@compiled
def _scale(values: Floats, factors: Floats, begin: int, many: int) -> None:
    """Multiply by the factors from ``begin`` on; no factors at all are ones."""
    if factors.shape[0] > 0:
        for i in range(many):
            values[i] *= factors[begin + i]


@compiled
def _open(
    code: Codes, begin: int, many: int, distance: Floats, pair: Codes, x: Floats, score: Floats, sign: Floats
) -> None:
    """Read the codes of some votes: each one's pair, score, direction, and the log-odds against its low model."""
    for i in range(many):
        pair[i] = code[begin + i] >> 3
        score[i] = 0.5 * ((code[begin + i] >> 1) & 3)
        sign[i] = 1.0 - 2.0 * (code[begin + i] & 1)
    for i in range(many):
        x[i] = -distance[pair[i]]


@compiled
def _column(flat: Floats, first: int, step: int, many: int, sign: Floats, inverse: float, z: Floats) -> None:
    """Take one style column from its place, turned with its votes and scaled."""
    if step == 1:
        part = flat[first : first + many]
        for i in range(many):
            z[i] = part[i] * sign[i] * inverse
    else:
        for i in range(many):
            z[i] = flat[first + i * step] * sign[i] * inverse


@compiled
def _columns(
    columns: Columns,
    begin: int,
    many: int,
    sign: Floats,
    z: Floats,
) -> None:
    flat, starts, step, inverse, position = columns
    styles = inverse.shape[0]
    for j in range(styles):
        _column(flat, starts[j] + begin * step, step, many, sign, inverse[j], z[j])
    if z.shape[0] > styles:
        last = z[styles]
        for i in range(many):
            last[i] = position[begin + i] * sign[i]


@compiled
def _subtract(x: Floats, z: Floats, slope: float, many: int) -> None:
    for i in range(many):
        x[i] -= z[i] * slope


@compiled
def _multiply(a: Floats, b: Floats, into: Floats, many: int) -> None:
    for i in range(many):
        into[i] = a[i] * b[i]


@compiled
def _add_by_pair(pair: Codes, values: Floats, sums: Floats, many: int) -> None:
    for i in range(many):
        sums[pair[i]] += values[i]


@compiled
def newton_block(
    code: Codes,
    weight: Floats,
    square: Floats,
    columns: Columns,
    distance: Floats,
    beta: Floats,
    middle: bool,
    share: int,
    sums: Floats,
    style: Floats,
    u_out: Floats,
    v_out: Floats,
) -> None:
    """Sum one block of votes (at most ``BLOCK``) into ``sums`` and ``style``, which come in as zeros.

    ``code`` (n) holds pair * 8 + twice the low model's score * 2 + whether the vote was written the other way round. Of
    ``columns`` style column j of vote i stands at ``flat[starts[j] + i * step]`` and is multiplied by ``inverse[j]``;
    where beta is one longer than ``inverse`` the last column is the position. ``distance`` (pairs) is the low model's
    log-odds against the high one. Rows of ``sums`` (2 + k by pairs): the residual u, the information v, and k of v*z.
    ``style`` (k + k(k+1)/2) adds u*z, then v*z*z' row by row below the diagonal. With ``middle`` v is u² times
    ``square`` instead. Of each ``TILE`` votes only the first ``share`` are read. ``u_out`` and ``v_out`` (n, or empty)
    keep every vote's own.
    """
    k = beta.shape[0]
    x, u, v, score, sign = np.zeros(TILE), np.zeros(TILE), np.zeros(TILE), np.zeros(TILE), np.zeros(TILE)
    bits, pair = np.zeros(TILE, np.int64), np.zeros(TILE, np.int32)
    z, vz = np.zeros((k, TILE)), np.zeros(TILE)
    for begin in range(0, code.shape[0], TILE):
        many = min(share, code.shape[0] - begin)
        _open(code, begin, many, distance, pair, x, score, sign)
        _columns(columns, begin, many, sign, z)
        for j in range(k):
            _subtract(x, z[j], beta[j], many)
        _odds_against(x, bits, many)
        _residuals_of(x, score, u, v, many)
        if middle:
            _multiply(u, u, v, many)
            _scale(v, square, begin, many)
        else:
            _scale(v, weight, begin, many)
        _scale(u, weight, begin, many)
        _add_by_pair(pair, u, sums[0], many)
        _add_by_pair(pair, v, sums[1], many)
        c = k
        for j in range(k):
            _multiply(v, z[j], vz, many)
            _add_by_pair(pair, vz, sums[2 + j], many)
            style[j] += _sum_of_products(u, z[j], many)
            for other in range(j + 1):
                style[c] += _sum_of_products(vz, z[other], many)
                c += 1
        if u_out.shape[0] > 0:
            u_out[begin : begin + many] = u[:many]
        if v_out.shape[0] > 0:
            v_out[begin : begin + many] = v[:many]


@compiled
def style_facts(flat: Floats, starts: Counts, step: int, many: int, facts: Floats) -> None:
    """Fill ``facts`` (k by 3): the largest absolute value, the sum of squares and how many are not finite."""
    part, ones = np.zeros(TILE), np.ones(TILE)
    for j in range(starts.shape[0]):
        for begin in range(0, many, TILE):
            now = min(TILE, many - begin)
            _column(flat, starts[j] + begin * step, step, now, ones, 1.0, part)
            largest, strange = 0.0, 0
            for i in range(now):
                size = abs(part[i])
                largest = max(largest, size)
                strange += 0 if size <= LARGEST else 1
            facts[j, 0] = max(facts[j, 0], largest)
            facts[j, 1] += _sum_of_products(part, part, now)
            facts[j, 2] += strange


@compiled
def _add_at(place: Counts, values: Floats, into: Floats, many: int) -> None:
    for i in range(many):
        into[place[i]] += values[i]


@compiled
def _places(code: Codes, row: Counts, models: int, model: Codes, begin: int, many: int, place: Counts) -> None:
    for i in range(many):
        place[i] = row[i] * models + model[code[begin + i] >> 3]


@compiled
def add_scores(
    code: Codes,
    u: Floats,
    columns: Columns,
    contributor: Codes,
    low: Codes,
    high: Codes,
    first: int,
    table: Floats,
    style: Floats,
) -> None:
    """Add the scores u·x of a block of votes to their contributors' sums.

    ``table`` (contributors by models) and ``style`` (k by contributors) begin with the contributor ``first``; votes of
    others add nothing. One short loop for each number lets the machine wait for many places of memory at once.
    """
    contributors, models = table.shape
    cells = table.reshape(-1)
    k = style.shape[0]
    row, place = np.zeros(TILE, np.int64), np.zeros(TILE, np.int64)
    part, sign, z, product = np.zeros(TILE), np.zeros(TILE), np.zeros((k, TILE)), np.zeros(TILE)
    for begin in range(0, code.shape[0], TILE):
        many = min(TILE, code.shape[0] - begin)
        for i in range(many):
            at = np.int64(contributor[begin + i]) - first
            inside = (at >= 0) & (at < contributors)
            row[i] = at if inside else 0
            part[i] = u[begin + i] if inside else 0.0
            sign[i] = 1.0 - 2.0 * (code[begin + i] & 1)
        _places(code, row, models, low, begin, many, place)
        _add_at(place, part, cells, many)
        _places(code, row, models, high, begin, many, place)
        for i in range(many):
            product[i] = -part[i]
        _add_at(place, product, cells, many)
        if k > 0:
            _columns(columns, begin, many, sign, z)
        for j in range(k):
            _multiply(part, z[j], product, many)
            _add_at(row, product, style[j], many)


@compiled
def middle_of(table: Floats, style: Floats) -> Floats:
    """Return Σ s s' over contributors, s being a row of ``table`` and then a column of ``style``; lower triangle."""
    models, k = table.shape[1], style.shape[0]
    size = models + k
    total = np.zeros((size, size))
    cells = total.reshape(-1)
    score = np.zeros(size)
    touched = np.zeros(size + 1, np.int64)
    for group in range(table.shape[0]):
        for c in range(models):
            score[c] = table[group, c]
        for j in range(k):
            score[models + j] = style[j, group]
        many = 0
        for c in range(size):
            touched[many] = c
            many += 1 if score[c] != 0.0 else 0
        for a in range(many):
            i = touched[a]
            share = score[i]
            if 4 * many > size:
                # Adding the zeros in between changes no bit, and a whole row at once is quicker.
                for c in range(i + 1):
                    cells[i * size + c] += share * score[c]
            else:
                for b in range(a + 1):
                    cells[i * size + touched[b]] += share * score[touched[b]]
    return total
