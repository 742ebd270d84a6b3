"""The loops that count and group, compiled; whole numbers only, so that no order of additions matters."""

import numpy as np

from apps.rankings.domain.compiling import compiled
from apps.rankings.domain.votes import Codes, Counts, Small, Words


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
def count_said(a: Codes, b: Codes, outcome: Small, models: int, said: Counts) -> None:
    """Add the votes to ``said`` (models * models * 4), by first model, second model and outcome."""
    for i in range(a.shape[0]):
        said[(np.int64(a[i]) * models + b[i]) * 4 + outcome[i]] += 1


@compiled
def encode(a: Codes, b: Codes, outcome: Small, models: int, meaning: Codes, code: Codes) -> None:
    """Look up every vote's code in ``meaning`` (models * models * 4)."""
    for i in range(a.shape[0]):
        code[i] = meaning[(np.int64(a[i]) * models + b[i]) * 4 + outcome[i]]


@compiled
def meet(a: Codes, b: Codes, contributor: Codes, met: Words, words: int) -> None:
    """Mark in ``met`` (contributors * words, 64 models to a word) which models each contributor voted on."""
    for i in range(contributor.shape[0]):
        if contributor[i] >= 0:
            at = np.int64(contributor[i]) * words
            met[at + (a[i] >> 6)] |= np.uint64(1) << np.uint64(a[i] & 63)
            met[at + (b[i] >> 6)] |= np.uint64(1) << np.uint64(b[i] & 63)


@compiled
def count_met(met: Words, words: int, models: int) -> Counts:
    """Return for each model how many contributors are marked."""
    count = np.zeros(models, np.int64)
    for at in range(0, met.shape[0], words):
        for word in range(words):
            bits = met[at + word]
            if bits != 0:
                for bit in range(min(64, models - 64 * word)):
                    count[64 * word + bit] += np.int64((bits >> np.uint64(bit)) & np.uint64(1))
    return count


@compiled
def first_and_last(code: Codes, contributor: Codes, first: Codes, last: Codes) -> None:
    """Lower ``first`` and raise ``last`` (pairs) to the contributors that voted on each pair."""
    for i in range(code.shape[0]):
        pair = code[i] >> 3
        first[pair] = min(first[pair], contributor[i])
        last[pair] = max(last[pair], contributor[i])
