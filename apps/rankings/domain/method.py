"""How a board is fitted: every choice that changes a published number, in one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: Rating points of one unit of natural log-odds: 400 points are a factor of ten in the odds (Elo's scale).
POINTS: Final = 173.71779276130073

MICRO: Final = 1_000_000
CENTRE: Final = 1000.0

#: Farther out, millionths of a point would no longer be exact beside the rating.
FARTHEST_ANCHOR: Final = 1_000_000
#: Fewer draws could not hold a 95 % quantile with some room above it; more say nothing more, and fill the memory.
MIN_DRAWS: Final = 99
MAX_DRAWS: Final = 100_000
#: Seeds are published, and a reader of JSON must get the same number.
MAX_SEED: Final = 2**53 - 1


class Ties(StrEnum):
    """What a tie counts: half a win for each side (both kinds), nothing, or nothing for "both bad" alone."""

    HALF = "half"
    DROP = "drop"
    DROP_BOTH_BAD = "drop-both-bad"


class Intervals(StrEnum):
    """Which covariance the intervals come from; ``AUTO`` chooses by the rule of ``intervals.choose``."""

    AUTO = "auto"
    HC0 = "hc0"
    CR1 = "cr1"
    CV3 = "cv3"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One model whose rating is fixed; the others follow from their distance to it. In points."""

    model: str
    rating: float = CENTRE

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("The anchor is a model's name.")
        if not abs(self.rating) <= FARTHEST_ANCHOR:
            raise ValueError(f"The anchor's rating lies between -{FARTHEST_ANCHOR:,} and {FARTHEST_ANCHOR:,} points.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMethod:
    """The parameters of one fit.

    ``style`` names the style columns to control for; when there are any, the position effect is one more column.
    ``scales`` gives the root mean square of a style column over a frozen reference period, by name; a column without
    one is divided by its root mean square over the votes of the fit. ``cap`` is the largest share of the board's weight
    that one contributor may have. ``draws`` and ``seed`` belong to the rank spread's bootstrap; with no draws Holm's
    method is used instead. ``level`` is the coverage of the intervals and of the rank spread. Without an ``anchor`` the
    plain mean of the ranked models is 1000.
    """

    ties: Ties = Ties.HALF
    intervals: Intervals = Intervals.AUTO
    anchor: Anchor | None = None
    style: tuple[str, ...] = ()
    scales: Mapping[str, float] = field(default_factory=dict)
    cap: float | None = None
    draws: int = 1000
    seed: int = 1
    level: float = 0.95

    def __post_init__(self) -> None:
        # What comes out of JSON is a string; the engine compares members.
        object.__setattr__(self, "ties", Ties(self.ties))
        object.__setattr__(self, "intervals", Intervals(self.intervals))
        if self.cap is not None and not 0 < self.cap <= 1:
            raise ValueError("The weight cap is a share above 0 and at most 1.")
        if self.draws != 0 and self.draws < MIN_DRAWS:
            raise ValueError(f"The bootstrap needs at least {MIN_DRAWS} draws, or 0 for Holm's method.")
        if self.draws > MAX_DRAWS:
            raise ValueError(f"The bootstrap takes at most {MAX_DRAWS:,} draws.")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"The seed is a whole number from 0 to {MAX_SEED}.")
        if not 0 < self.level < 1:
            raise ValueError("The level is a share between 0 and 1.")
        if len(set(self.style)) < len(self.style):
            raise ValueError("A style column is named twice.")


POSITION: Final = "position"
