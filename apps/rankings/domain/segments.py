"""Which boards there are: the declared list of segments, and which of them must stay hidden."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

EVERYONE: Final = "everyone"

# The declared list: a board exists for every value of these attributes, and for nothing else.
ATTRIBUTES: Final = ("country", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A cut of the votes: the name that addresses use, and the rows in it (bool, n)."""

    name: str
    rows: NDArray[np.bool_]


def name_of(attribute: str, value: str) -> str:
    """Return a segment's name, such as ``country=BR``."""
    return f"{attribute}={value}"


def effective_contributors(contributors: NDArray[np.int32]) -> float:
    """Return 1 ÷ Σ share², the number of equally active contributors who would weigh as much (Kish 1965).

    ``contributors`` (int32, n) names the voter of each vote; the answer is 0 for no votes.
    """
    if not len(contributors):
        return 0.0
    votes = np.unique(contributors, return_counts=True)[1].astype(np.float64)
    return float(votes.sum() ** 2 / np.square(votes).sum())


def hidden_because(
    *, contributors: NDArray[np.int32], rows: NDArray[np.bool_], least: int, least_effective: float
) -> str:
    """Return why a segment's board must stay hidden, or nothing when it may be shown.

    ``contributors`` (int32, n) names the voter of every vote of the containing board and ``rows`` (bool, n) marks the
    segment. A remainder of one to ``least - 1`` contributors would be readable as the difference of the two boards.
    """
    inside = np.unique(contributors[rows])
    if len(inside) < least:
        return "too-few-contributors"
    if effective_contributors(contributors[rows]) < least_effective:
        return "too-few-effective-contributors"
    # A person whose votes lie on both sides shows in the difference too, so the remainder counts whoever voted in it.
    remainder = np.unique(contributors[~rows])
    if 0 < len(remainder) < least:
        return "remainder-too-small"
    return ""


def declared_segments(
    columns: Mapping[str, NDArray[np.object_]], attributes: Iterable[str] = ATTRIBUTES
) -> list[Segment]:
    """Return every segment of the declared list that has a vote, in the order of their names.

    ``columns`` maps an attribute to its value for each vote (n); an empty value belongs to no segment.
    """
    segments = []
    for attribute in attributes:
        values = columns[attribute]
        present = sorted({value for value in values.tolist() if value})
        segments += [Segment(name=name_of(attribute, value), rows=values == value) for value in present]
    return segments


_POINT: Final = 1_000_000


def outward(rating: int, lower: int | None, upper: int | None) -> tuple[int, int | None, int | None]:
    """Round one line of a segment board to whole points, its interval outward; all in millionths of a point.

    Exact numbers of small boards would let two nights be subtracted from each other.
    """
    whole = round(rating / _POINT) * _POINT
    low = None if lower is None else min(lower // _POINT * _POINT, whole)
    high = None if upper is None else max(-(-upper // _POINT) * _POINT, whole)
    return whole, low, high
