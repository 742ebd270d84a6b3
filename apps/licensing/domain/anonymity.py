"""Clause W7: at least k contributors in every combination of facts that copies tell, over all releases together.

Full-domain generalisation (Samarati and Sweeney, 1998): everybody whose facts are fixed for a release is told on the
same levels of the policy's path; whoever is still in a combination of fewer than k is left out. Told too finely, nearly
everybody would be left out; too coarsely, nothing would be told of anybody. So the step is taken that keeps most, where
a person's rows are worth as much for their words as for the five facts, and a fact loses its worth evenly over its
levels (Sweeney's precision, 2002). Facts are fixed once: somebody who is in an earlier release is told as they were
told there, so two copies never add up to more than one of them says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.licensing.domain.hierarchies import Attribute, Levels, generalised, height, path

ATTRIBUTES: Final = tuple(Attribute)
# Divisible by every height there is, so that worth is counted in whole numbers.
_FACT: Final = 6
# Five columns of fewer than 4,096 values each are told apart in 60 bits.
_MOST_VALUES: Final = 4_096

# What is told of one person, in the order of the attributes.
Told = tuple[str, ...]
_Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """How the people of one release are told, and who is left out of it; people by their ids."""

    levels: dict[Attribute, int]
    fixed: dict[int, Told]
    left_out: frozenset[int]


def fit_people(
    *,
    declared: Mapping[int, Told],
    returning: Mapping[int, Told],
    elsewhere: Mapping[Told, int],
    k: int,
    order: tuple[Attribute, ...],
) -> Fitted:
    """Fix the facts of the new people of a release, and say who of all its people is left out of it.

    ``declared`` are the new people with what they declared, ``returning`` those with what copies tell of them already,
    ``elsewhere`` counts those who are in other published releases and not in this one, by what is told of them.
    Somebody new who is left out stays new: a later release may fix their facts.
    """
    if k < 1:
        raise ValueError(f"A combination of {k} people is none.")
    people = sorted(declared)
    table = _Table([declared[person] for person in people], returning, elsewhere)
    best, chosen, told = -1, dict.fromkeys(Attribute, 0), table.told_on(dict.fromkeys(Attribute, 0))
    for levels in path(order):
        keys = table.told_on(levels)
        kept = int(np.count_nonzero(table.is_full(keys, keys, k=k))) * worth(levels)
        if kept > best:
            best, chosen, told = kept, levels, keys
    full = table.is_full(told, told, k=k)
    fixed = {
        person: tuple(generalised(each, declared[person][place], chosen[each]) for place, each in enumerate(ATTRIBUTES))
        for person, shown in zip(people, full.tolist(), strict=True)
        if shown
    }
    back = table.is_full(table.returning, told, k=k)
    left_out = [person for person, shown in zip(people, full.tolist(), strict=True) if not shown]
    left_out += [person for person, shown in zip(returning, back.tolist(), strict=True) if not shown]
    return Fitted(levels=chosen, fixed=fixed, left_out=frozenset(left_out))


def worth(levels: Levels) -> int:
    """Return what is kept of a person who is told on these levels: 30 for the words, and at most 6 for each fact."""
    facts = sum(_FACT * (height(each) - levels[each]) // height(each) for each in Attribute)
    return _FACT * len(Attribute) + facts


def small_cells(told: Mapping[int, Told], *, k: int) -> frozenset[int]:
    """Return the people whose combination fewer than k of the given people share."""
    counts: dict[Told, int] = {}
    for cell in told.values():
        counts[cell] = counts.get(cell, 0) + 1
    return frozenset(person for person, cell in told.items() if counts[cell] < k)


class _Table:
    """People's combinations as numbers, so that a million of them are counted in a second."""

    def __init__(self, declared: Sequence[Told], returning: Mapping[int, Told], elsewhere: Mapping[Told, int]) -> None:
        self._values: list[dict[str, int]] = [{} for _ in ATTRIBUTES]
        self._declared = [self._distinct([row[place] for row in declared]) for place in range(len(ATTRIBUTES))]
        # Every spelling on every level gets its number first, so that a combination's number never changes.
        self._levels = [
            [
                np.array([self._code(place, generalised(each, value, level)) for value in values], dtype=np.int64)
                for level in range(height(each) + 1)
            ]
            for place, (each, (values, _codes)) in enumerate(zip(ATTRIBUTES, self._declared, strict=True))
        ]
        known = [[self._code(place, value) for place, value in enumerate(cell)] for cell in returning.values()]
        others = [[self._code(place, value) for place, value in enumerate(cell)] for cell in elsewhere]
        self.returning = self._keys(np.array(known, dtype=np.int64).reshape(-1, len(ATTRIBUTES)).T)
        there = self._keys(np.array(others, dtype=np.int64).reshape(-1, len(ATTRIBUTES)).T)
        self._base = np.concatenate([self.returning, there])
        weights = np.fromiter(elsewhere.values(), dtype=np.int64, count=len(elsewhere))
        self._weights = np.concatenate([np.ones(len(self.returning), dtype=np.int64), weights])

    def told_on(self, levels: Levels) -> _Codes:
        """Return the number of each new person's combination when they are told on these levels."""
        columns = [self._levels[place][levels[each]][self._declared[place][1]] for place, each in enumerate(ATTRIBUTES)]
        return self._keys(np.array(columns, dtype=np.int64))

    def is_full(self, asked: _Codes, new: _Codes, *, k: int) -> NDArray[np.bool_]:
        """Return whether k people share each combination that is asked about, when the new ones are told like this."""
        cells, places = np.unique(np.concatenate([self._base, new, asked]), return_inverse=True)
        counted = len(self._base) + len(new)
        weights = np.concatenate([self._weights, np.ones(len(new), dtype=np.int64)])
        counts = np.zeros(len(cells), dtype=np.int64)
        np.add.at(counts, places[:counted], weights)
        full: NDArray[np.bool_] = counts[places[counted:]] >= k
        return full

    def _distinct(self, column: Sequence[str]) -> tuple[list[str], _Codes]:
        values = sorted(set(column))
        at = {value: place for place, value in enumerate(values)}
        return values, np.fromiter((at[value] for value in column), dtype=np.int64, count=len(column))

    def _code(self, place: int, value: str) -> int:
        return self._values[place].setdefault(value, len(self._values[place]))

    def _keys(self, columns: _Codes) -> _Codes:
        if any(len(values) >= _MOST_VALUES for values in self._values):
            raise ValueError("There are more values of one fact than a combination's number can hold.")
        keys: _Codes = np.zeros(columns.shape[1], dtype=np.int64)
        for column in columns:
            keys = keys * _MOST_VALUES + column
        return keys
