"""From the rows of a battle file to the columns that the engine takes."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from apps.battles.domain.formats.generic import DIFFERENCE, Needs
from apps.battles.domain.formats.rows import BadRow, BattleRow, Winner
from apps.battles.domain.formats.values import number
from apps.rankings.domain.votes import UNKNOWN, Codes, Counts, Floats, Outcome, Small, Votes

OUTCOMES: Final = {
    Winner.MODEL_A: Outcome.A,
    Winner.MODEL_B: Outcome.B,
    Winner.TIE: Outcome.BOTH_GOOD,
    Winner.BOTH_BAD: Outcome.BOTH_BAD,
}
VOTER: Final = "voter"
LENGTH: Final = "length"

#: A column whose name holds one of these counts something, and a count below zero is no value.
_COUNTS: Final = ("token", "length", "count", "duration", "words", "characters")
#: Columns of texts with a meaning of their own, by which votes can be grouped.
GROUPING: Final = frozenset({VOTER, "language", "country", "profession", "age_band", "education", "category"})
#: The fit works on squares of the number of models, and no arena has a tenth of this.
MOST_MODELS: Final = 2000
#: With fewer votes all of them may name their models in alphabetical order by chance.
_TELLING: Final = 20
#: A complaint about a column names those that the first rows have.
LOOKED_AT: Final = 1000


class UnfitForRanking(ValueError):
    """These rows cannot become a board; the message is one clause that says why."""


class UnknownColumn(UnfitForRanking):
    """A column was asked for that no row has; the message names those that there are."""


class TooManyModels(UnfitForRanking):
    """So many names are hardly those of models: another column was taken for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a board takes from a file.

    ``style`` names numbers that the rows have for both sides; ``length`` is the replies' length in characters where
    there is no such number, and where the sides are not known a column such as ``tokens_difference`` may hold the first
    one's ``tokens`` less the second one's. ``cluster`` and ``segment`` name columns of text; contributors are the
    voters unless ``cluster`` says otherwise.
    """

    style: tuple[str, ...] = ()
    cluster: str | None = None
    segment: str | None = None

    @property
    def needs(self) -> Needs:
        """What has to be read for it of a file in the generic format."""
        words = {f"response{end}" for end in ("_a", "_b") if LENGTH in self.style}
        people = VOTER if self.cluster is None else self.cluster
        segments = set() if self.segment is None else {self.segment}
        return Needs(texts=frozenset({people} | segments | words), style=frozenset(self.style))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The votes of a file; ``segment_codes`` (int32, n) indexes ``segments``, -1 for a row without one.

    ``bad`` counts the rows that could not be used, and ``first_bad`` is the first of them.
    """

    votes: Votes
    segments: tuple[str, ...] = ()
    segment_codes: Codes = field(default_factory=lambda: np.zeros(0, np.int32))
    notes: tuple[str, ...] = ()
    bad: int = 0
    first_bad: BadRow | None = None


class _Names:
    """Codes for names, first in the order of their coming, at the end in that of the alphabet."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def code(self, name: str | None) -> int:
        return UNKNOWN if name is None else self._codes.setdefault(name, len(self._codes))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._codes))

    def __len__(self) -> int:
        return len(self._codes)

    def coded(self, column: "array[int]") -> Codes:
        """Return a column in codes of ``names``."""
        places = np.full(len(self._codes) + 1, UNKNOWN, np.int32)
        for place, name in enumerate(self.names):
            places[self._codes[name]] = place
        # The last place answers for the code -1.
        return places[np.array(column, np.int32)]


def gather(
    rows: Iterable[BattleRow],
    *,
    style: Sequence[str] = (),
    cluster: str | None = None,
    segment: str | None = None,
    there: Callable[[], set[str]] | None = None,
) -> Gathered:
    """Read all rows into columns, as ``Wanted`` says.

    Models and contributors are coded in the order of their names, so that the order of the rows decides nothing.
    ``there`` may say which columns a complaint names, else those of the first rows. Raises ``UnknownColumn`` and
    ``TooManyModels``.
    """
    models, people, segments = _Names(), _Names(), _Names()
    first, second, voters, parts = array("i"), array("i"), array("i"), array("i")
    outcome, position, counts = array("b"), array("b"), array("q")
    differences = [array("d") for _ in style]
    seen: set[str] = set()
    negative = 0
    for row in rows:
        first.append(models.code(row.model_a))
        second.append(models.code(row.model_b))
        if len(models) > MOST_MODELS:
            raise TooManyModels(
                f"it names more than {MOST_MODELS:,} models by line {row.line}, so that is hardly what they are"
            )
        outcome.append(OUTCOMES[row.winner])
        position.append(0 if row.left_first is None else 1 if row.left_first else -1)
        counts.append(row.count)
        voters.append(people.code(_text(row, VOTER if cluster is None else cluster)))
        parts.append(segments.code(None if segment is None else _text(row, segment)))
        for name, column in zip(style, differences, strict=True):
            difference, below = _difference(row, name)
            negative += below
            column.append(difference)
        if len(first) <= LOOKED_AT:
            seen.update(columns_of(row))
    several = np.array(counts, np.int64)
    return assembled(
        Wanted(style=tuple(style), cluster=cluster, segment=segment),
        models=models.names,
        model_a=models.coded(first),
        model_b=models.coded(second),
        outcome=np.array(outcome, np.int8),
        position=np.array(position, np.int8),
        contributor=people.coded(voters),
        contributors=len(people.names),
        segments=segments.names,
        segment_codes=segments.coded(parts),
        style=np.array([np.frombuffer(column) for column in differences]) if style else None,
        negative=negative,
        counts=several if (several > 1).any() else None,
        there=there or (lambda: seen),
    )


def assembled(
    wanted: Wanted,
    *,
    models: tuple[str, ...],
    model_a: Codes,
    model_b: Codes,
    outcome: Small,
    position: Small,
    contributor: Codes,
    contributors: int,
    segments: tuple[str, ...],
    segment_codes: Codes,
    style: Floats | None,
    negative: int,
    there: Callable[[], set[str]],
    counts: Counts | None = None,
    bad: int = 0,
    first_bad: BadRow | None = None,
) -> Gathered:
    """Put the columns of a file together; ``style`` (k by n) holds differences, ``there`` says which columns it has.

    Raises ``UnknownColumn`` where a wanted one says nothing at all.
    """
    for place, name in enumerate(wanted.style):
        if style is None or not np.isfinite(style[place]).any():
            raise UnknownColumn(f"no row has numbers of both sides for {name}; there is {_listed(there(), sides=True)}")
    for column, values in ((wanted.cluster, contributors), (wanted.segment, len(segments))):
        if column is not None and not values:
            raise UnknownColumn(f"no row has a {column}; there is {_listed(there(), sides=False)}")
    notes = [f"{negative} negative values count as unknown."] if negative else []
    if (
        style is not None
        and len(position) >= _TELLING
        and bool((position == 1).all())
        and bool((model_a < model_b).all())
    ):
        position = np.zeros(len(position), np.int8)
        notes.append("Every row names its models in alphabetical order, so it does not say which stood left.")
    votes = Votes(
        models=models,
        model_a=model_a,
        model_b=model_b,
        outcome=outcome,
        contributor=contributor if contributors else None,
        contributors=contributors,
        counts=counts,
        position=position if position.any() else None,
        style=None if style is None else style.T,
        style_names=wanted.style,
    )
    return Gathered(
        votes=votes,
        segments=segments,
        segment_codes=segment_codes,
        notes=tuple(notes),
        bad=bad,
        first_bad=first_bad,
    )


def counts_something(name: str) -> bool:
    """Say whether these numbers are counts, so that one below zero is none."""
    return any(part in name for part in _COUNTS)


def _text(row: BattleRow, column: str) -> str | None:
    if column in GROUPING:
        found: str | None = getattr(row, column)
        return found
    return row.extra.get(column) or None


def _difference(row: BattleRow, name: str) -> tuple[float, bool]:
    """Return the first side's number less the second one's, NaN where unknown, and whether it is a count below zero."""
    if name in row.numbers:
        here, there = row.numbers[name]
    elif name == LENGTH and row.response_a is not None and row.response_b is not None:
        here, there = float(len(row.response_a)), float(len(row.response_b))
    else:
        given = number(row.extra.get(f"{name}{DIFFERENCE}"))
        return (np.nan if given is None else given), False
    below = min(here, there) < 0 and counts_something(name)
    return (np.nan if below else here - there), below


def columns_of(row: BattleRow) -> Iterable[str]:
    """Yield the names of this row's columns; those that have two sides end in a star."""
    yield from (f"{name}*" for name in row.numbers)
    yield from (name for name in GROUPING if getattr(row, name) is not None)
    yield from row.extra
    if row.response_a is not None and row.response_b is not None:
        yield f"{LENGTH}*"


def _listed(seen: set[str], *, sides: bool) -> str:
    names = sorted(name.rstrip("*") for name in seen if name.endswith("*") == sides)
    return ", ".join(names) or "none that could be used"
