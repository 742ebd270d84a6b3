"""The inner loops in NumPy, for machines where nothing compiles: the same published integers, several times slower.

Every function has the name, the arguments and the meaning of its twin in ``kernels_numba``, whose docstrings hold.
"""

from typing import Final

import numpy as np

from apps.rankings.domain.sums import by_group, one_by_one
from apps.rankings.domain.votes import Codes, Columns, Counts, Flags, Floats, Small, Words

#: Of so many votes in a row a sample reads the first ones.
TILE: Final = 512
SINGULAR: Final = 1e-11


def _sign(code: Codes) -> Floats:
    """Return -1 for votes that were written the other way round, else +1."""
    return np.asarray(1 - 2 * (code & 1), np.float64)


def _columns(columns: Columns, rows: Counts, sign: Floats, k: int) -> list[Floats]:
    """Return the style columns of some rows of a block, turned with their votes and scaled, and the position."""
    flat, starts, step, inverse, position = columns
    z = [flat[start + rows * step] * sign * inverse[j] for j, start in enumerate(starts.tolist())]
    return [*z, position[rows] * sign] if k > len(inverse) else z


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
    """Sum one block of votes into ``sums`` and ``style``."""
    k, pairs = len(beta), len(distance)
    rows = np.arange(len(code), dtype=np.int64)
    if share < TILE:
        rows = rows[rows % TILE < share]
    chosen = code[rows]
    pair, sign = chosen >> 3, _sign(chosen)
    z = _columns(columns, rows, sign, k)
    x = -distance[pair]
    for j in range(k):
        x -= z[j] * beta[j]
    against = np.exp(np.clip(x, -700.0, 700.0))
    p = 1.0 / (1.0 + against)
    u = 0.5 * ((chosen >> 1) & 3) - p
    v = u * u if middle else (against * p) * p
    factors = square if middle else weight
    if len(factors):
        v *= factors[rows]
    if len(weight):
        u *= weight[rows]
    sums[0] += by_group(pair, u, pairs)
    sums[1] += by_group(pair, v, pairs)
    c = k
    for j in range(k):
        vz = v * z[j]
        sums[2 + j] += by_group(pair, vz, pairs)
        style[j] += float(np.sum(u * z[j]))
        for other in range(j + 1):
            style[c] += float(np.sum(vz * z[other]))
            c += 1
    if len(u_out):
        u_out[rows] = u
    if len(v_out):
        v_out[rows] = v


def style_facts(flat: Floats, starts: Counts, step: int, many: int, facts: Floats) -> None:
    """Fill ``facts`` with each column's largest absolute value, sum of squares and number of values not finite."""
    for j, start in enumerate(starts.tolist()):
        column = np.abs(flat[start : start + (many - 1) * step + 1 : step]) if many else np.zeros(0)
        fine = np.isfinite(column)
        with np.errstate(over="ignore", invalid="ignore"):
            facts[j, 1] += float(np.sum(np.square(column)))
        facts[j, 0] = max(facts[j, 0], float(column[fine].max(initial=0.0)))
        facts[j, 2] += len(column) - np.count_nonzero(fine)


def count_said(a: Codes, b: Codes, outcome: Small, models: int, said: Counts) -> None:
    """Add the votes to ``said``, by first model, second model and outcome."""
    said += np.bincount((a.astype(np.int64) * models + b) * 4 + outcome, minlength=len(said))


def encode(a: Codes, b: Codes, outcome: Small, models: int, meaning: Codes, code: Codes) -> None:
    """Look up every vote's code in ``meaning``."""
    code[:] = meaning[(a.astype(np.int64) * models + b) * 4 + outcome]


def meet(a: Codes, b: Codes, contributor: Codes, met: Words, words: int) -> None:
    """Mark in ``met`` which models each contributor voted on."""
    known = contributor >= 0
    who = contributor[known].astype(np.int64) * words
    for model in (a[known], b[known]):
        np.bitwise_or.at(met, who + (model >> 6), np.uint64(1) << (model & 63).astype(np.uint64))


def count_met(met: Words, words: int, models: int) -> Counts:
    """Return for each model how many contributors are marked."""
    table = met.reshape(-1, words)
    counts = [
        np.count_nonzero(table[:, model >> 6] & (np.uint64(1) << np.uint64(model & 63))) for model in range(models)
    ]
    return np.array(counts, np.int64)


def first_and_last(code: Codes, contributor: Codes, first: Codes, last: Codes) -> None:
    """Lower ``first`` and raise ``last`` to the contributors that voted on each pair."""
    np.minimum.at(first, code >> 3, contributor)
    np.maximum.at(last, code >> 3, contributor)


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
    """Add the scores u·x of a block of votes to their contributors' sums."""
    contributors, models = table.shape
    place = contributor.astype(np.int64) - first
    rows = np.flatnonzero((place >= 0) & (place < contributors))
    place, chosen, share = place[rows], code[rows], u[rows]
    pair, sign = chosen >> 3, _sign(chosen)
    cells = table.reshape(-1)
    np.add.at(cells, place * models + low[pair], share)
    np.subtract.at(cells, place * models + high[pair], share)
    for j, z in enumerate(_columns(columns, rows, sign, len(style))):
        style[j] += by_group(place, share * z, contributors)


def middle_of(table: Floats, style: Floats) -> Floats:
    """Return Σ s s' over contributors."""
    scores = np.hstack([table, style.T])
    total: Floats = np.einsum("gi,gj->ij", scores, scores)
    return total


def grouped(codes: Codes, groups: int) -> tuple[Counts, Codes]:
    """Return where each group starts and the rows in the order of their groups, stable within each."""
    starts = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=groups), out=starts[1:])
    return starts, np.argsort(codes, kind="stable").astype(np.int32)


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
