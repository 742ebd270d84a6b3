"""Which boards may be shown, which of them may change tonight, and how coarsely they are told.

Three rules keep one person's votes from being read off the boards: a board has enough contributors and so has its
remainder in every board around it; a board changes only when enough contributors' votes changed since it was last
published; and boards of segments are rounded. Everything that is drawn from a board (head-to-head, who voted, coverage,
CSV and API) is of the board's own date and rounded like it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.membership import Held, Holdings, Marks
from apps.rankings.domain.method import MICRO
from apps.rankings.domain.votes import Counts
from apps.rankings.domain.weights import effective_number

TENS: Final = 10


class WhyHidden(StrEnum):
    """Why a board must not be shown."""

    TOO_FEW = "too-few-contributors"
    TOO_FEW_EFFECTIVE = "too-few-effective-contributors"
    REMAINDER = "remainder-too-small"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowingRules:
    """What the rulebook asks: ``least`` is k, a number of contributors; ``least_effective`` bounds n_eff.

    ``least_changed`` is how many contributors' votes must have changed before a board does; k where it is None.
    """

    least: int = 10
    least_effective: float = 6.0
    least_changed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What happens to one board tonight.

    ``hidden`` says why it is not shown, if so. ``refreshes`` says whether tonight's numbers replace the last published
    ones; a board that is shown and does not refresh stays as it was, with its date. ``changed`` counts the contributors
    whose votes in it changed since (all of them where it was never published). ``contributors`` and ``effective`` are
    exact and not for publication; ``within`` names the board whose remainder hid this one.
    """

    board: str
    hidden: WhyHidden | None
    refreshes: bool
    changed: int
    contributors: int
    effective: float
    within: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Whose votes a published board rested on: ``people`` (int64, rising) and the sums of their votes' marks.

    It is kept beside the board until that is published anew, and never leaves the platform.
    """

    people: Counts
    marks: Marks

    @classmethod
    def of(cls, held: Held) -> Self:
        """Return what to keep of a board that is published now."""
        return cls(held.people, held.marks)

    def to_bytes(self) -> bytes:
        """Return 16 bytes for each contributor, little-endian: all numbers, then all marks."""
        return self.people.astype("<i8").tobytes() + self.marks.astype("<u8").tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Self:
        """Read what ``to_bytes`` wrote. Raises ``ValueError`` where bytes are missing."""
        if len(kept) % 16:
            raise ValueError("A kept standing has 16 bytes for each contributor.")
        half = len(kept) // 2
        return cls(np.frombuffer(kept[:half], "<i8").astype(np.int64), np.frombuffer(kept[half:], "<u8").astype("u8"))


def changed_contributors(then: Standing, now: Standing) -> int:
    """Count the contributors of whom a vote was cast, excluded, erased or moved in or out since ``then``."""
    common, before, after = np.intersect1d(then.people, now.people, assume_unique=True, return_indices=True)
    differ = int(np.count_nonzero(then.marks[before] != now.marks[after]))
    return len(then.people) + len(now.people) - 2 * len(common) + differ


def decide(held: Holdings, last: Mapping[str, Standing], rules: ShowingRules) -> list[Showing]:
    """Decide for every board with votes whether it is shown and whether it changes tonight.

    ``last`` is what each board rested on when it was last published, by name. n_eff is 1 / Σ share² over the
    contributors' votes (Kish 1965), before any cap on weights. The answer follows the order of ``held.boards``.
    """
    around = _narrow_remainders(held, rules.least)
    decisions = []
    for place, (name, mine) in enumerate(zip(held.boards, held.held, strict=True)):
        effective = effective_number(mine.votes.astype(np.float64))
        hidden = None
        if len(mine.people) < rules.least:
            hidden = WhyHidden.TOO_FEW
        elif effective < rules.least_effective:
            hidden = WhyHidden.TOO_FEW_EFFECTIVE
        elif place in around:
            hidden = WhyHidden.REMAINDER
        before = last.get(name)
        changed = len(mine.people) if before is None else changed_contributors(before, Standing.of(mine))
        decisions.append(
            Showing(
                board=name,
                hidden=hidden,
                refreshes=hidden is None and (before is None or changed >= (rules.least_changed or rules.least)),
                changed=changed,
                contributors=len(mine.people),
                effective=effective,
                within=held.boards[around[place]] if hidden is WhyHidden.REMAINDER else None,
            )
        )
    return decisions


def remainder(inner: Held, outer: Held) -> int:
    """Count the contributors with a vote in the outer board that is not in the inner one, which lies within it."""
    place = np.searchsorted(outer.people, inner.people)
    return len(outer.people) - int(np.count_nonzero(outer.votes[place] == inner.votes))


def _narrow_remainders(held: Holdings, least: int) -> dict[int, int]:
    """Return the boards whose remainder somewhere is neither empty nor wide enough, each with that outer board."""
    narrow: dict[int, int] = {}
    for inner, outer in zip(*(side.tolist() for side in held.within), strict=True):
        if inner not in narrow and 0 < remainder(held.held[inner], held.held[outer]) < least:
            narrow[inner] = outer
    return narrow


@dataclass(frozen=True, slots=True, eq=False)
class PairStanding:
    """Whose votes a segment's published head-to-head rested on: one entry for each pair of models and contributor.

    ``pairs`` and ``people`` (int64, rising together) are lasting numbers, ``marks`` the sums of the votes' marks.
    """

    pairs: Counts
    people: Counts
    marks: Marks

    @classmethod
    def of(cls, pairs: Counts, people: Counts, marks: Marks) -> Self:
        """Gather a board's votes (n each): the pair of models, whoever voted, and the vote's mark."""
        order = np.lexsort((people, pairs))
        pairs, people, marks = pairs[order], people[order], marks[order]
        begins = _begins(pairs, people)
        return cls(pairs[begins], people[begins], np.add.reduceat(marks, begins) if len(begins) else marks)

    def moved_on(self, now: "PairStanding", changed: Counts) -> "PairStanding":
        """Return what to keep: tonight's entries of the pairs that are told anew, the earlier ones of others."""
        old, new = ~np.isin(self.pairs, changed), np.isin(now.pairs, changed)
        pairs = np.concatenate([self.pairs[old], now.pairs[new]])
        people = np.concatenate([self.people[old], now.people[new]])
        marks = np.concatenate([self.marks[old], now.marks[new]])
        order = np.lexsort((people, pairs))
        return PairStanding(pairs[order], people[order], marks[order])


def pairs_told_anew(then: PairStanding, now: PairStanding, least: int) -> Counts:
    """Return the pairs on which votes of at least ``least`` contributors changed since they were last told.

    A segment's count of a pair changes by this rule, and never on a night on which its board does not: a board's ten
    people are spread over many pairs, and on one of them there may be a single new vote.
    """
    pairs = np.concatenate([then.pairs, now.pairs])
    people = np.concatenate([then.people, now.people])
    marks = np.concatenate([then.marks, now.marks])
    order = np.lexsort((people, pairs))
    pairs, people, marks = pairs[order], people[order], marks[order]
    begins = _begins(pairs, people)
    ends = np.append(begins[1:], len(pairs))
    alike = (ends - begins == 2) & (marks[begins] == marks[ends - 1])  # noqa: PLR2004  Once then and once now.
    told, numbers = np.unique(pairs[begins[~alike]], return_counts=True)
    return told[numbers >= least]


def _begins(pairs: Counts, people: Counts) -> Counts:
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]) | (people[1:] != people[:-1])
    return np.flatnonzero(new)


def whole_points(rating: int, lower: int | None, upper: int | None) -> tuple[int, int | None, int | None]:
    """Round a line of a segment's board to whole points, its interval outward; all in millionths of a point."""
    whole = round(rating / MICRO) * MICRO
    low = None if lower is None else min(lower // MICRO * MICRO, whole)
    high = None if upper is None else max(-(-upper // MICRO) * MICRO, whole)
    return whole, low, high


def tens(number: int) -> int:
    """Round a count of a segment's board to the nearest ten, halves to the even ten."""
    return round(number / TENS) * TENS


def in_tens(numbers: NDArray[np.number]) -> Counts:
    """Round counts (any shape) of a segment's board to the nearest ten each, halves to the even ten."""
    return (np.rint(numbers.astype(np.float64) / TENS) * TENS).astype(np.int64)
