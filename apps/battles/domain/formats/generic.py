"""The generic format: one battle per row with the columns model_a, model_b and winner, and whatever else there is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from apps.battles.domain.formats.rows import BadRow, BattleRow, Reading
from apps.battles.domain.formats.tables import Record, open_table
from apps.battles.domain.formats.values import UnfitValue, moment, name, number, shown, text, winner

NAME: Final = "generic"
COLUMNS: Final = ("model_a", "model_b", "winner")
TEXTS: Final = (
    "voter",
    "prompt",
    "response_a",
    "response_b",
    "language",
    "country",
    "profession",
    "age_band",
    "education",
    "category",
)
TIMESTAMP: Final = "timestamp"
POSITION: Final = "position"
#: Behind the name of a number: the first side's less the second one's.
DIFFERENCE: Final = "_difference"
#: Columns with a meaning of their own, which are neither text to group by nor numbers of a side.
OWN: Final = frozenset((*COLUMNS, *TEXTS, TIMESTAMP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a reader wants of a file beyond its battles, when it does not want everything.

    ``texts`` are columns, and only what is wrong with these costs a row then; ``style`` are names of numbers that both
    sides have, or whose difference a column has. Columns that are neither need not be read at all.
    """

    texts: frozenset[str] = frozenset()
    style: frozenset[str] = frozenset()

    @property
    def columns(self) -> frozenset[str]:
        """All columns that have to be read; of a column that may be one of two sides the other one too."""
        ends = ("_a", "_b")
        beside = {f"{name[:-2]}{end}" for name in self.texts if name[-2:] in ends for end in ends}
        return frozenset((*COLUMNS, TIMESTAMP, POSITION, *self.texts, *beside)) | self.numbers

    @property
    def numbers(self) -> frozenset[str]:
        """The columns with the numbers of both sides, or their differences."""
        return frozenset(f"{name}{end}" for name in self.style for end in ("_a", "_b", DIFFERENCE)) - OWN


def read_generic(path: Path, latest: datetime | None = None, needs: Needs | None = None) -> Reading:
    """Read CSV, JSON, JSONL or Parquet by suffix; raises ``UnreadableFile``."""
    only = None if needs is None else needs.columns
    table = open_table(path, only=only).need(COLUMNS, format_name=NAME)

    def found() -> Iterator[BattleRow | BadRow]:
        for record in table.records:
            yield record if isinstance(record, BadRow) else battle_of(record, latest, needs)

    return Reading(path=path, format_name=NAME, source=table.source, found=found())


def battle_of(record: Record, latest: datetime | None, needs: Needs | None = None) -> BattleRow | BadRow:
    """Return the battle that a row of values holds, or why it holds none."""
    values = record.values
    try:
        model_a, model_b = name(values.get("model_a"), "model_a"), name(values.get("model_b"), "model_b")
        if model_a == model_b:
            raise UnfitValue(f"the model {shown(model_a)} stands against itself")
        texts = {column: _text(values.get(column), column, needs) for column in TEXTS}
        numbers, extra = _the_rest(values, needs)
        return BattleRow(
            model_a=model_a,
            model_b=model_b,
            winner=winner(values.get("winner")),
            line=record.line,
            timestamp=moment(values.get(TIMESTAMP), latest=latest),
            left_first=stood_left(values[POSITION]) if POSITION in values else True,
            numbers=numbers,
            extra=extra,
            voter=texts["voter"],
            prompt=texts["prompt"],
            response_a=texts["response_a"],
            response_b=texts["response_b"],
            language=texts["language"],
            country=texts["country"],
            profession=texts["profession"],
            age_band=texts["age_band"],
            education=texts["education"],
            category=texts["category"],
        )
    except UnfitValue as unfit:
        return BadRow(record.line, str(unfit))


def stood_left(value: object) -> bool | None:
    """Return whether the first model stood left, by a column ``position``: no for -1, nobody knows for 0 or nothing.

    Anything else is not about sides, and the first model counts as the left one, as in a file without the column.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = number(value)
    return None if found == 0 else found != -1


def _text(value: object, column: str, needs: Needs | None) -> str | None:
    try:
        return text(value, column)
    except UnfitValue:
        if needs is None or column in needs.texts:
            raise
        return None


def _the_rest(
    values: Mapping[str, object], needs: Needs | None
) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Return what the other columns hold: numbers of both sides by their common name, everything else as text."""
    numbers: dict[str, tuple[float, float]] = {}
    extra: dict[str, str] = {}
    common_of = _common_names(tuple(values))
    for column, value in values.items():
        if column in OWN:
            continue
        common = common_of.get(column)
        if common in numbers:
            continue
        if common is not None:
            first, second = number(values[f"{common}_a"]), number(values[f"{common}_b"])
            if first is not None and second is not None:
                numbers[common] = (first, second)
                continue
        found = _text(value, column, needs)
        if found is not None:
            extra[column] = found
    return numbers, extra


# The columns are the same in every row of a table.
@lru_cache(maxsize=256)
def _common_names(columns: tuple[str, ...]) -> dict[str, str]:
    """Return, for each column that stands for one of two sides, the name that both sides share."""
    there = set(columns)
    return {
        column: column[:-2]
        for column in columns
        if column[:-2] and column[-2:] in {"_a", "_b"} and {f"{column[:-2]}_a", f"{column[:-2]}_b"} <= there
    }
