"""The generic format: one battle per row with the columns model_a, model_b and winner, and whatever else there is."""

from collections.abc import Iterator, Mapping
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
_OWN: Final = frozenset((*COLUMNS, *TEXTS, "timestamp"))


def read_generic(path: Path, latest: datetime | None = None) -> Reading:
    """Read CSV, JSON, JSONL or Parquet by suffix; raises ``UnreadableFile``."""
    table = open_table(path).need(COLUMNS, format_name=NAME)

    def found() -> Iterator[BattleRow | BadRow]:
        for record in table.records:
            yield record if isinstance(record, BadRow) else _battle(record, latest)

    return Reading(path=path, format_name=NAME, source=table.source, found=found())


def _battle(record: Record, latest: datetime | None) -> BattleRow | BadRow:
    values = record.values
    try:
        model_a, model_b = name(values.get("model_a"), "model_a"), name(values.get("model_b"), "model_b")
        if model_a == model_b:
            raise UnfitValue(f"the model {shown(model_a)} stands against itself")
        texts = {column: text(values.get(column), column) for column in TEXTS}
        numbers, extra = _the_rest(values)
        return BattleRow(
            model_a=model_a,
            model_b=model_b,
            winner=winner(values.get("winner")),
            line=record.line,
            timestamp=moment(values.get("timestamp"), latest=latest),
            left_first=True,
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


def _the_rest(values: Mapping[str, object]) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Return what the other columns hold: numbers of both sides by their common name, everything else as text."""
    numbers: dict[str, tuple[float, float]] = {}
    extra: dict[str, str] = {}
    common_of = _common_names(tuple(values))
    for column, value in values.items():
        if column in _OWN:
            continue
        common = common_of.get(column)
        if common in numbers:
            continue
        if common is not None:
            first, second = number(values[f"{common}_a"]), number(values[f"{common}_b"])
            if first is not None and second is not None:
                numbers[common] = (first, second)
                continue
        found = text(value, column)
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
