"""Which votes belong to which board: the declared list of segments, and who holds how much of each of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.kernels import chosen_kernels
from apps.rankings.domain.votes import UNKNOWN, Codes, Counts

EVERYONE: Final = "everyone"
ATTRIBUTES: Final = ("country", "language", "profession", "age_band", "education", "category", "proof")

Marks: TypeAlias = NDArray[np.uint64]
Pairs: TypeAlias = tuple[Counts, Counts]

#: So many votes of a board are looked at before all of them are.
_PROBES: Final = 64
#: A table of so many places is made without asking how many votes there are.
_SMALL: Final = 1_000_000


class NotOnTheList(LookupError):
    """Nobody declared a board for these attributes together; the message names those asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One attribute of n votes: ``codes`` (int32, n) index ``values``, -1 where nobody knows."""

    values: tuple[str, ...]
    codes: Codes


def coded(values: NDArray[np.object_]) -> Column:
    """Return text per vote (object, n; empty for unknown) as a column whose values stand in alphabetical order."""
    known, codes = np.unique(values.astype(str), return_inverse=True)
    empty = int(len(known) > 0 and known[0] == "")
    return Column(tuple(known[empty:].tolist()), (codes - empty).astype(np.int32))


@dataclass(frozen=True, slots=True)
class DeclaredList:
    """What boards there are: one for every value of every combination of attributes named here, and no others.

    A combination is a tuple of attributes; the empty one is the board of everybody and always stands first.
    """

    combinations: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, attributes: Iterable[str] = ATTRIBUTES, pairs: Iterable[tuple[str, str]] = ()) -> Self:
        """Declare single attributes and pairs of them; a pair is written in the order of the attributes."""
        singles = tuple(attributes)
        ordered = tuple((a, b) if singles.index(a) < singles.index(b) else (b, a) for a, b in pairs)
        if len(set(ordered)) < len(ordered) or any(a == b for a, b in ordered):
            raise ValueError("A pair of attributes is declared twice, or with itself.")
        return cls(((), *((attribute,) for attribute in singles), *ordered))

    def name_of(self, asked: Mapping[str, str]) -> str:
        """Return the name of the board with these values of these attributes. Raises ``NotOnTheList``."""
        for combination in self.combinations:
            if set(combination) == set(asked):
                return board_name([(attribute, asked[attribute]) for attribute in combination])
        raise NotOnTheList(f"There is no board by {', '.join(sorted(asked))} together: it is not on the list.")


def board_name(conditions: Sequence[tuple[str, str]]) -> str:
    """Return a board's name as addresses use it: ``everyone``, ``country=BR``, ``country=BR,language=pt``."""
    return ",".join(f"{attribute}={value}" for attribute, value in conditions) or EVERYONE


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """All boards of one combination of attributes, which share no vote.

    ``codes`` (int32, n) index ``boards``, -1 for a vote of none; this is what ``fit.fit_segments`` takes.
    """

    combination: tuple[str, ...]
    boards: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True, slots=True, eq=False)
class Membership:
    """The boards of n votes, layer by layer."""

    layers: tuple[Layer, ...]

    @property
    def boards(self) -> tuple[str, ...]:
        """The names of all boards with a vote, layer after layer: a board's place is its number elsewhere."""
        return tuple(name for layer in self.layers for name in layer.boards)

    def rows(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Yield every board with the positions of its votes, rising."""
        for layer in self.layers:
            order = np.argsort(layer.codes, kind="stable")
            ends = np.searchsorted(layer.codes[order], np.arange(len(layer.boards) + 1))
            for place, name in enumerate(layer.boards):
                yield name, order[ends[place] : ends[place + 1]]


def membership_of(columns: Mapping[str, Column], declared: DeclaredList, votes: int) -> Membership:
    """Sort ``votes`` votes into the boards of the declared list. Raises ``KeyError`` for an attribute not given."""
    layers = []
    for combination in declared.combinations:
        codes = np.zeros(votes, np.int64)
        for attribute in combination:
            column = columns[attribute]
            codes = np.where((codes < 0) | (column.codes < 0), UNKNOWN, codes * len(column.values) + column.codes)
        present, place = _numbered(codes)
        names = tuple(_name(int(code), combination, columns) for code in present)
        layers.append(Layer(combination, names, place))
    return Membership(tuple(layers))


def _numbered(codes: Counts) -> tuple[Counts, Codes]:
    """Return the codes that occur, rising, and for each vote the place of its own among them (-1 stays)."""
    bound = int(codes.max(initial=UNKNOWN)) + 1
    if bound > max(len(codes), _SMALL):
        present = np.unique(codes[codes >= 0])
        return present, np.where(codes < 0, UNKNOWN, np.searchsorted(present, codes)).astype(np.int32)
    present = np.flatnonzero(np.bincount(codes + 1, minlength=1)[1:])
    places = np.full(bound + 1, UNKNOWN, np.int32)
    places[present] = np.arange(len(present))
    # The last place answers for the code -1.
    return present, places[codes]


def _name(code: int, combination: tuple[str, ...], columns: Mapping[str, Column]) -> str:
    conditions = []
    for attribute in reversed(combination):
        code, place = divmod(code, len(columns[attribute].values))
        conditions.append((attribute, columns[attribute].values[place]))
    return board_name(conditions[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Who holds one board: ``people`` (int64, rising), how many votes each has there, and the sum of their marks."""

    people: Counts
    votes: Counts
    marks: Marks


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Who holds each board, and which boards lie within which.

    ``held`` follows the boards' numbers; ``within`` are two arrays of board numbers: every vote of the first is in the
    second as well, by declaration or because the votes happen to lie so.
    """

    boards: tuple[str, ...]
    held: tuple[Held, ...]
    within: Pairs


def vote_marks(vote_ids: Counts, outcomes: NDArray[np.integer]) -> Marks:
    """Return 64 mixed bits for each vote and what it said (SplitMix64's finaliser; Steele, Lea and Flood 2014).

    Sums of them modulo 2^64 tell two sets of votes apart; they are kept inside and never published.
    """
    bits = vote_ids.astype(np.uint64) * np.uint64(4) + outcomes.astype(np.uint64)
    bits = bits * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def holdings(membership: Membership, people: Counts, marks: Marks) -> Holdings:
    """Count, for every board, who holds how many of its votes.

    ``people`` (int64, n) are lasting numbers of the contributors, the same from one night to the next; ``marks``
    (uint64, n) come from ``vote_marks``. The votes are brought into the order of their contributors once; counting
    them out by board keeps that order, so that each layer is one pass.
    """
    if len(people) and int(people.min()) < 0:
        raise ValueError("Every vote of a board needs a contributor.")
    present, who = _numbered(people)
    _, order = chosen_kernels().grouped(who, len(present))
    held: list[Held] = []
    within: list[tuple[int, int]] = []
    for layer in membership.layers:
        # Votes of no board come first, as a group that is then left off.
        shifted = np.add(layer.codes[order], 1, dtype=np.int32)
        starts, by_board = chosen_kernels().grouped(shifted, len(layer.boards) + 1)
        rows = order[by_board]
        inside = [rows[starts[place] : starts[place + 1]] for place in range(1, len(layer.boards) + 1)]
        within += [(len(held) + place, outer) for place, outer in _lying_in(layer, inside, membership.layers)]
        held += _held(starts, who[rows], present, marks[rows])
    pairs = np.array(within, np.int64).reshape(-1, 2)
    return Holdings(membership.boards, tuple(held), (pairs[:, 0], pairs[:, 1]))


def _held(starts: Counts, who: Codes, people: Counts, marks: Marks) -> Iterator[Held]:
    new = np.ones(len(who), np.bool_)
    new[1:] = who[1:] != who[:-1]
    new[starts[:-1][starts[:-1] < len(who)]] = True
    begins = np.flatnonzero(new)
    votes = np.diff(np.append(begins, len(who)))
    sums = np.add.reduceat(marks, begins) if len(begins) else marks
    ends = np.searchsorted(begins, starts)
    for place in range(1, len(starts) - 1):
        part = slice(int(ends[place]), int(ends[place + 1]))
        yield Held(people[who[begins[part]]], votes[part], sums[part])


def _lying_in(layer: Layer, inside: Sequence[Codes], layers: tuple[Layer, ...]) -> Iterator[tuple[int, int]]:
    """Yield each board of a layer (its place there) with every board (its number) that all of its votes are in.

    ``inside`` holds the rows of each board. A few of them tell nearly always that a board does not lie in another.
    """
    offsets = accumulate((len(other.boards) for other in layers), initial=0)
    for other, offset in zip(layers, offsets, strict=False):
        if other is layer:
            continue
        declared = set(other.combination) <= set(layer.combination)
        for place, rows in enumerate(inside):
            outer = int(other.codes[rows[0]])
            if outer < 0:
                continue
            probes = rows[:: len(rows) // _PROBES + 1]
            if declared or (np.all(other.codes[probes] == outer) and np.all(other.codes[rows] == outer)):
                yield place, offset + outer
