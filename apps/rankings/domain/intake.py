"""From the rows of a battle file to the columns that the engine takes."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from apps.battles.domain.formats.rows import BattleRow, Winner
from apps.rankings.domain.votes import UNKNOWN, Codes, Outcome, Votes

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
_TEXTS: Final = frozenset({VOTER, "language", "country", "profession", "age_band", "education", "category"})
#: The fit works on squares of the number of models, and no arena has a tenth of this.
MOST_MODELS: Final = 2000
#: With fewer votes all of them may name their models in alphabetical order by chance.
_TELLING: Final = 20
#: A complaint about a column names those that the first rows have.
_LOOKED_AT: Final = 1000


class UnfitForRanking(ValueError):
    """These rows cannot become a board; the message is one clause that says why."""


class UnknownColumn(UnfitForRanking):
    """A column was asked for that no row has; the message names those that there are."""


class TooManyModels(UnfitForRanking):
    """So many names are hardly those of models: another column was taken for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The votes of a file; ``segment_codes`` (int32, n) indexes ``segments``, -1 for a row without one."""

    votes: Votes
    segments: tuple[str, ...] = ()
    segment_codes: Codes = field(default_factory=lambda: np.zeros(0, np.int32))
    notes: tuple[str, ...] = ()


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
    rows: Iterable[BattleRow], *, style: Sequence[str] = (), cluster: str | None = None, segment: str | None = None
) -> Gathered:
    """Read all rows into columns.

    ``style`` names numbers that the rows have for both sides; ``length`` is the replies' length in characters where
    there is no such number. ``cluster`` and ``segment`` name columns of text; contributors are the voters unless
    ``cluster`` says otherwise. Models and contributors are coded in the order of their names, so that the order of the
    rows decides nothing. Raises ``UnknownColumn`` and ``TooManyModels``.
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
            here, there = _sides(row, name)
            below = min(here, there) < 0 and any(part in name for part in _COUNTS)
            negative += below
            column.append(np.nan if below else here - there)
        if len(first) <= _LOOKED_AT:
            seen.update(_columns(row))
    for name, column in zip(style, differences, strict=True):
        if not np.isfinite(np.frombuffer(column)).any():
            raise UnknownColumn(f"no row has numbers of both sides for {name}; there is {_listed(seen, sides=True)}")
    for wanted, found in ((cluster, people), (segment, segments)):
        if wanted is not None and not found.names:
            raise UnknownColumn(f"no row has a {wanted}; there is {_listed(seen, sides=False)}")
    model_a, model_b = models.coded(first), models.coded(second)
    notes = [f"{negative} negative values count as unknown."] if negative else []
    left = np.array(position, np.int8)
    if style and len(left) >= _TELLING and left.all() and bool((left * (model_b - model_a) > 0).all()):
        left = np.zeros(len(left), np.int8)
        notes.append("Every row names its models in alphabetical order, so it does not say which stood left.")
    several = np.array(counts, np.int64)
    votes = Votes(
        models=models.names,
        model_a=model_a,
        model_b=model_b,
        outcome=np.array(outcome, np.int8),
        contributor=people.coded(voters) if people.names else None,
        contributors=len(people.names),
        counts=several if (several > 1).any() else None,
        position=left if left.any() else None,
        style=np.array([np.frombuffer(column) for column in differences]).T if style else None,
        style_names=tuple(style),
    )
    return Gathered(votes=votes, segments=segments.names, segment_codes=segments.coded(parts), notes=tuple(notes))


def _text(row: BattleRow, column: str) -> str | None:
    if column in _TEXTS:
        found: str | None = getattr(row, column)
        return found
    return row.extra.get(column) or None


def _sides(row: BattleRow, name: str) -> tuple[float, float]:
    if name in row.numbers:
        return row.numbers[name]
    if name == LENGTH and row.response_a is not None and row.response_b is not None:
        return float(len(row.response_a)), float(len(row.response_b))
    return np.nan, np.nan


def _columns(row: BattleRow) -> Iterable[str]:
    """Yield the names of this row's columns; those that have two sides end in a star."""
    yield from (f"{name}*" for name in row.numbers)
    yield from (name for name in _TEXTS if getattr(row, name) is not None)
    yield from row.extra
    if row.response_a is not None and row.response_b is not None:
        yield f"{LENGTH}*"


def _listed(seen: set[str], *, sides: bool) -> str:
    names = sorted(name.rstrip("*") for name in seen if name.endswith("*") == sides)
    return ", ".join(names) or "none that could be used"
