"""What every reader of battles yields: rows, and complaints about the rows that it could not use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

#: More complaints than these are counted and not kept.
BAD_ROWS_KEPT: Final = 1000


class UnreadableFile(ValueError):
    """The file cannot be used at all; the message is one line that says why and, where it can, what to do."""


class Winner(StrEnum):
    """What a vote said, in the words of the generic format."""

    MODEL_A = "model_a"
    MODEL_B = "model_b"
    TIE = "tie"
    BOTH_BAD = "both_bad"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not used: its line (from 1; in Parquet and JSON its place among the rows), and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BattleRow:
    """One voted battle, whatever file it came from.

    ``left_first`` says whether model A stood left, None where nobody knows. ``numbers`` holds, by name, one finite
    number for each side; ``extra`` every other column as text. ``count`` is above 1 where a file keeps totals.
    """

    model_a: str
    model_b: str
    winner: Winner
    line: int
    voter: str | None = None
    prompt: str | None = None
    response_a: str | None = None
    response_b: str | None = None
    timestamp: datetime | None = None
    language: str | None = None
    country: str | None = None
    profession: str | None = None
    age_band: str | None = None
    education: str | None = None
    category: str | None = None
    left_first: bool | None = None
    count: int = 1
    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A file that is being read, in bytes."""

    @property
    def size(self) -> int:
        """How large the file is."""

    @property
    def done(self) -> int:
        """How far it has been read."""


class Reading:
    """The rows of a file, one after the other; bad ones are collected instead of yielded.

    ``bad`` keeps the first thousand complaints and ``bad_total`` counts all; ``rows`` counts what was yielded, and
    ``source`` knows how far the file has been read. A file
    that turns out to be unusable in its middle raises ``UnreadableFile``: whoever writes rows down keeps none then.
    """

    def __init__(self, *, path: Path, format_name: str, source: Source, found: Iterable[BattleRow | BadRow]) -> None:
        self.path = path
        self.format_name = format_name
        self.rows = 0
        self.bad: list[BadRow] = []
        self.bad_total = 0
        self.source = source
        self._found = iter(found)

    def __iter__(self) -> Iterator[BattleRow]:
        return self

    def __next__(self) -> BattleRow:
        for found in self._found:
            if isinstance(found, BattleRow):
                self.rows += 1
                return found
            self.bad_total += 1
            if len(self.bad) < BAD_ROWS_KEPT:
                self.bad.append(found)
        raise StopIteration

    @property
    def progress(self) -> float:
        """The share of the file that has been read, from 0 to 1."""
        return min(1.0, self.source.done / self.source.size) if self.source.size else 1.0
