"""Votes as they were cast, as columns of codes: what a month's file holds, and what a night is computed from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.membership import ATTRIBUTES, Column
from apps.rankings.domain.votes import UNKNOWN, Codes, Counts, Floats, Small

Bytes: TypeAlias = NDArray[np.uint8]

#: What is measured of each answer; times are milliseconds until the first and the last token was shown.
MEASURES: Final = ("tokens", "headers", "lists", "bold", "first_token_ms", "last_token_ms")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BallotColumns:
    """n votes in the order of their public ids; nothing here ever changes, unless somebody is erased.

    ``vote_ids``, ``people``, ``left`` and ``right`` (int64, n) are rows of the database; ``public_ids`` (uint8, n by
    16); ``leaves`` (uint8, n by 32) are the hashes of the votes in a snapshot's tree, from which nobody reads an
    outcome; ``outcome`` (int8, n) with A on the left; ``attributes`` one column of codes for each of ``ATTRIBUTES``;
    ``probability`` (float64, n) with which the pair was drawn, NaN where nobody knows; ``measures`` (int32, n by 12)
    are ``MEASURES`` of the left answer, then of the right one, -1 where there is no answer.
    """

    vote_ids: Counts
    public_ids: Bytes
    leaves: Bytes
    people: Counts
    left: Counts
    right: Counts
    outcome: Small
    attributes: Mapping[str, Column]
    probability: Floats
    measures: Codes

    def __len__(self) -> int:
        return len(self.vote_ids)

    @classmethod
    def none(cls) -> Self:
        """Return the columns of no votes."""
        nothing = np.empty(0, np.int64)
        return cls(
            vote_ids=nothing,
            public_ids=np.empty((0, 16), np.uint8),
            leaves=np.empty((0, 32), np.uint8),
            people=nothing,
            left=nothing,
            right=nothing,
            outcome=np.empty(0, np.int8),
            attributes={name: Column((), np.empty(0, np.int32)) for name in ATTRIBUTES},
            probability=np.empty(0, np.float64),
            measures=np.empty((0, 2 * len(MEASURES)), np.int32),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the votes of all parts together, in the order of their public ids."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.none()
        if len(parts) == 1:
            return parts[0].in_order()
        together = cls(
            attributes={name: _joined_column([part.attributes[name] for part in parts]) for name in ATTRIBUTES},
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS},
        )
        return together.in_order()

    def take(self, rows: "NDArray[np.bool_] | NDArray[np.integer]") -> Self:
        """Return these rows only (a mask or positions)."""
        return type(self)(
            attributes={name: Column(column.values, column.codes[rows]) for name, column in self.attributes.items()},
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
        )

    def in_order(self) -> Self:
        """Return the same votes in the order of their public ids, bytes compared from the left."""
        halves = np.ascontiguousarray(self.public_ids).view(">u8").astype(np.uint64)
        first = halves[:, 0]
        if np.all(first[1:] > first[:-1]):
            return self
        order = np.argsort(first)
        sorted_first = first[order]
        if np.any(sorted_first[1:] == sorted_first[:-1]):
            # Half of an id repeats; with random ids that is nearly never, and then both halves are compared.
            order = np.lexsort((halves[:, 1], first))
        return self.take(order)

    def sha256(self) -> str:
        """Return one hash over everything, the same however values were numbered while they were read."""
        digest = hashlib.sha256(str(len(self)).encode())
        for name in _ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.data if array.size else b"")
        for name in ATTRIBUTES:
            column = alphabetical(self.attributes[name])
            digest.update(f"\n{name} {list(column.values)}\n".encode())
            digest.update(np.ascontiguousarray(column.codes).data if len(self) else b"")
        return digest.hexdigest()


_ARRAYS: Final = (
    "vote_ids", "public_ids", "leaves", "people", "left", "right", "outcome", "probability", "measures",
)  # fmt: skip


def alphabetical(column: Column) -> Column:
    """Return the column with only the values that occur, in alphabetical order; the empty text is unknown."""
    counts = np.bincount(column.codes + 1, minlength=len(column.values) + 1)[1:]
    present = sorted(value for value, many in zip(column.values, counts.tolist(), strict=True) if many and value)
    if tuple(present) == column.values:
        return column
    places = {value: place for place, value in enumerate(present)}
    table = np.array([*(places.get(value, UNKNOWN) for value in column.values), UNKNOWN], np.int32)
    # The last place answers for the code -1.
    return Column(tuple(present), table[column.codes])


def _joined_column(columns: Sequence[Column]) -> Column:
    values = tuple(sorted({value for column in columns for value in column.values}))
    places = {value: place for place, value in enumerate(values)}
    codes = [
        np.array([*(places[value] for value in column.values), UNKNOWN], np.int32)[column.codes] for column in columns
    ]
    return alphabetical(Column(values, np.concatenate(codes)))
