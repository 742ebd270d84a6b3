"""A population file: how a population is divided, by whom that was counted, and when.

Two forms hold the same. CSV has the columns attribute, value, share, source and date, one line for each value. JSON is
``{"margins": [{"attribute", "value", "share", "source", "date"}, …]}``. A share is a number from 0 to 1; the shares of
one attribute make 1; its source and date are the same on each of its lines.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

COLUMNS: Final = ("attribute", "value", "share", "source", "date")
#: Published percentages are rounded, and fifty of them can be this far from 100 % together.
ROUNDING: Final = 0.005


class MalformedPopulation(ValueError):
    """The population file cannot be used; the message names the line or the attribute, and what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How the population is divided by one attribute: ``shares`` by value, which make 1."""

    attribute: str
    shares: Mapping[str, float]
    source: str
    on: date


@dataclass(frozen=True, slots=True)
class Population:
    """The margins of a population, one for each attribute, in the file's order."""

    margins: tuple[Margin, ...]


def read_population(text: str, *, today: date) -> Population:
    """Read a population file in either form. Raises ``MalformedPopulation``."""
    text = text.removeprefix("\ufeff")
    lines = _json_lines(text) if text.lstrip().startswith(("{", "[")) else _csv_lines(text)
    gathered: dict[str, dict[str, float]] = {}
    said: dict[str, tuple[str, date]] = {}
    for number, line in lines:
        attribute, value, share, source, on = _checked(number, line, today)
        shares = gathered.setdefault(attribute, {})
        if value in shares:
            raise MalformedPopulation(f"{number}: {attribute} {value} stands there twice; keep one of them.")
        if said.setdefault(attribute, (source, on)) != (source, on):
            raise MalformedPopulation(f"{number}: {attribute} has two sources or dates; all its lines need the same.")
        shares[value] = share
    if not gathered:
        raise MalformedPopulation("The population file has no lines.")
    margins = []
    for attribute, shares in gathered.items():
        total = sum(shares.values())
        if abs(total - 1) > ROUNDING:
            raise MalformedPopulation(f"The shares of {attribute} make {total:.4f} together; they must make 1.")
        source, on = said[attribute]
        exact = {value: share / total for value, share in shares.items()}
        margins.append(Margin(attribute=attribute, shares=exact, source=source, on=on))
    return Population(tuple(margins))


def _csv_lines(text: str) -> Iterable[tuple[str, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise MalformedPopulation(f"The first line must name the columns; there is no {', '.join(missing)}.")
    for row in reader:
        yield f"Line {reader.line_num}", row


def _json_lines(text: str) -> Iterable[tuple[str, Mapping[str, object]]]:
    try:
        read = json.loads(text)
    except ValueError as wrong:
        raise MalformedPopulation(f"The population file is not JSON: {wrong}.") from wrong
    margins = read.get("margins") if isinstance(read, dict) else None
    if not isinstance(margins, list):
        raise MalformedPopulation('A population file in JSON is {"margins": [one object for each value]}.')
    for place, entry in enumerate(margins, start=1):
        if not isinstance(entry, dict):
            raise MalformedPopulation(f"Entry {place}: it is not an object.")
        yield f"Entry {place}", entry


def _checked(number: str, line: Mapping[str, object], today: date) -> tuple[str, str, float, str, date]:
    texts = {name: str(line.get(name) if line.get(name) is not None else "").strip() for name in COLUMNS}
    empty = [name for name, text in texts.items() if not text]
    if empty:
        raise MalformedPopulation(f"{number}: there is no {', '.join(empty)}.")
    try:
        share = float(texts["share"])
    except ValueError:
        raise MalformedPopulation(f"{number}: {texts['share']} is no number; a share is one such as 0.25.") from None
    if not 0 < share <= 1:
        raise MalformedPopulation(f"{number}: the share {texts['share']} is not above 0 and at most 1.")
    try:
        on = date.fromisoformat(texts["date"])
    except ValueError:
        raise MalformedPopulation(f"{number}: {texts['date']} is no date such as 2025-12-31.") from None
    if on > today:
        raise MalformedPopulation(f"{number}: {on} lies in the future; give the day that the figures are of.")
    return texts["attribute"], texts["value"], share, texts["source"], on
