"""Tables of battles in CSV, JSON, JSONL and Parquet, read as a stream of named values."""

import csv
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from apps.battles.domain.formats.rows import BadRow, Source, UnreadableFile
from apps.battles.domain.formats.text import Lines, usable_file

SUFFIXES: Final = (".csv", ".json", ".jsonl", ".ndjson", ".parquet")

#: A longer field (characters) is taken for a quote that never closes.
LONGEST_FIELD: Final = 4_000_000
#: So many rows with runaway quotes are more than an accident, and each costs reading on to the limit.
MOST_RUNAWAYS: Final = 100
LONGEST_OBJECT: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_BATCH: Final = 4096
_NO_BLANK: Final = re.compile(r"[^ \t\r\n]")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table: its line and its values by column."""

    line: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose columns are known and whose rows have still to be read."""

    path: Path
    columns: tuple[str, ...]
    records: Iterator[Record | BadRow]
    source: Source

    def need(self, columns: tuple[str, ...], *, format_name: str) -> Self:
        """Return the table if it has these columns; raises ``UnreadableFile`` naming what lacks and what is there."""
        lacking = [column for column in columns if column not in self.columns]
        if lacking:
            there = ", ".join(self.columns) or "none"
            raise UnreadableFile(
                f"{self.path} is not in the format {format_name}: it lacks {_columns(lacking)}; it has {there}."
                f"{separator_hint(self.columns)}"
            )
        return self


def separator_hint(columns: tuple[str, ...]) -> str:
    """Return the question to ask about a table that seems to have one column only, or nothing."""
    return " Is it separated by something other than commas?" if len(columns) == 1 else ""


def open_table(path: Path, *, only: Collection[str] | None = None) -> Table:
    """Open a table by its suffix; raises ``UnreadableFile``.

    Where ``only`` is given, other columns need not be among the values of a row.
    """
    usable_file(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _open_csv(path)
    if suffix in {".jsonl", ".ndjson"}:
        return _open_objects(path, json_lines)
    if suffix == ".json":
        return _open_objects(path, json_list)
    if suffix == ".parquet":
        return _open_parquet(path, only)
    raise UnreadableFile(f"{path} ends in none of {', '.join(SUFFIXES)}, so nothing says how to read it.")


class _Feed:
    """Lines for the CSV reader, some of which may be handed back."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._again: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line[1]

    def hand_back_all_but_the_first(self) -> bool:
        again = self.taken[1:]
        self._again.extendleft(reversed(again))
        return bool(again)


def csv_rows(lines: Lines) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Yield the fields of each row with the line on which it begins; a broken row costs only itself.

    Where a quote opens and never closes, the lines that it swallowed are read again from the next one.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    feed = _Feed(iter(lines))
    reader = csv.reader(feed, strict=True)
    runaways = 0
    while True:
        feed.taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            first = feed.taken[0][0]
            if feed.hand_back_all_but_the_first():
                runaways += 1
                if runaways > MOST_RUNAWAYS:
                    raise UnreadableFile(
                        f"{lines.path}: line {first} is one of more than {MOST_RUNAWAYS} whose quotes never close."
                    ) from failure
                yield BadRow(first, f"a quote opens here and does not close properly ({failure})")
            else:
                yield BadRow(first, f"it is not proper CSV ({failure})")
            reader = csv.reader(feed, strict=True)
            continue
        if fields:
            yield feed.taken[0][0], fields


def json_lines(lines: Lines) -> Iterator[Record | BadRow]:
    """Yield one object per line."""
    for number, line in lines:
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as failure:
            yield BadRow(number, f"it is not JSON ({failure})")
            continue
        yield Record(number, found) if isinstance(found, dict) else BadRow(number, "it is not a JSON object")


def json_list(lines: Lines) -> Iterator[Record | BadRow]:
    """Yield the objects of one JSON list, without holding the whole list."""
    text = _JsonText(lines)
    if text.next_character() != "[":
        raise UnreadableFile(f"{lines.path} is not a JSON list of objects.")
    text.skip()
    place = 0
    while (character := text.next_character()) != "]":
        if place:
            if character != ",":
                raise UnreadableFile(f"{lines.path}: line {text.line} lacks a comma or the end of the list.")
            text.skip()
        place += 1
        line, found = text.value()
        yield Record(line, found) if isinstance(found, dict) else BadRow(line, "it is not a JSON object")
    text.skip()
    if text.next_character():
        raise UnreadableFile(f"{lines.path}: line {text.line} goes on after the end of the list.")


class _JsonText:
    """The text of a JSON file, read in pieces and taken value by value."""

    def __init__(self, lines: Lines) -> None:
        self._path = lines.path
        self._lines = iter(lines)
        self._decoder = json.JSONDecoder()
        # What stands before the place is taken; it is cut off only before more is read, since each cut copies the rest.
        self._text = ""
        self._place = 0
        self.line = 1

    def next_character(self) -> str:
        while True:
            found = _NO_BLANK.search(self._text, self._place)
            self._pass(len(self._text) if found is None else found.start())
            if found or not self._more(1):
                return self._text[self._place : self._place + 1]

    def skip(self) -> None:
        self._pass(self._place + 1)

    def value(self) -> tuple[int, object]:
        self.next_character()
        wanted = _CHUNK
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._place)
            except (ValueError, RecursionError) as failure:
                if len(self._text) - self._place > LONGEST_OBJECT or not self._more(wanted):
                    raise UnreadableFile(f"{self._path}: what begins on line {self.line} is not JSON.") from failure
                wanted *= 2
                continue
            line = self.line
            self._pass(end)
            return line, found

    def _pass(self, place: int) -> None:
        self.line += self._text.count("\n", self._place, place)
        self._place = place

    def _more(self, wanted: int) -> bool:
        pieces = [self._text[self._place :]]
        length = 0
        for _, line in self._lines:
            pieces.append(line)
            length += len(line)
            if length >= wanted:
                break
        self._text = "".join(pieces)
        self._place = 0
        return length > 0


def _open_csv(path: Path) -> Table:
    lines = Lines(path)
    rows = csv_rows(lines)
    header = next(rows, None)
    if header is None:
        raise UnreadableFile(f"{path} is empty.")
    if isinstance(header, BadRow):
        raise UnreadableFile(f"{path}: the header cannot be read: {header.reason}.")
    columns = [name.strip() for name in header[1]]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path}: the header has {_columns(twice)} twice.")

    def records() -> Iterator[Record | BadRow]:
        for row in rows:
            if isinstance(row, BadRow):
                yield row
                continue
            line, fields = row
            if len(fields) != len(columns):
                yield BadRow(line, f"it has {_fields(len(fields))}, and the header has {len(columns)}")
            elif [field.strip() for field in fields] == columns:
                yield BadRow(line, "it is the header again")
            elif any("\0" in field for field in fields):
                yield BadRow(line, "it holds a NUL byte")
            else:
                yield Record(line, {name: field for name, field in zip(columns, fields, strict=True) if name})

    return Table(path=path, columns=tuple(name for name in columns if name), records=records(), source=lines)


def _open_objects(path: Path, reader: Callable[[Lines], Iterator[Record | BadRow]]) -> Table:
    lines = Lines(path)
    records = reader(lines)
    before: list[Record | BadRow] = []
    for found in records:
        before.append(found)
        if isinstance(found, Record):
            return Table(path=path, columns=tuple(found.values), records=chain(before, records), source=lines)
        if len(before) > MOST_RUNAWAYS:
            break
    reason = f"; {before[0]}" if before else ""
    raise UnreadableFile(f"{path} holds no JSON objects{reason}.")


@dataclass(slots=True)
class _Rows:
    size: int
    done: int = 0


def _open_parquet(path: Path, only: Collection[str] | None) -> Table:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as failure:
        raise UnreadableFile(f"{path} is not a Parquet file: {str(failure).splitlines()[0]}") from failure
    there = [field.name for field in file.schema_arrow]
    twice = sorted({name for name in there if there.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path}: its schema has {_columns(twice)} twice.")
    columns = tuple(field.name for field in file.schema_arrow if not pa.types.is_nested(field.type))
    read = [name for name in columns if only is None or name in only]
    rows = _Rows(size=file.metadata.num_rows)

    def records() -> Iterator[Record | BadRow]:
        try:
            for batch in map(in_microseconds, file.iter_batches(batch_size=_BATCH, columns=read)):
                for found in _values(batch):
                    rows.done += 1
                    yield BadRow(rows.done, found) if isinstance(found, str) else Record(rows.done, found)
        except (pa.ArrowException, OSError) as failure:
            raise UnreadableFile(f"{path}: row {rows.done + 1}: {str(failure).splitlines()[0]}") from failure

    return Table(path=path, columns=columns, records=records(), source=rows)


def in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Cut nanoseconds off, which pandas writes and Python's own times do not know."""
    for place, column in enumerate(batch.schema):
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            coarser = batch.column(place).cast(pa.timestamp("us", column.type.tz), safe=False)
        elif pa.types.is_duration(column.type) and column.type.unit == "ns":
            coarser = batch.column(place).cast(pa.duration("us"), safe=False)
        elif pa.types.is_time64(column.type) and column.type.unit == "ns":
            coarser = batch.column(place).cast(pa.time64("us"), safe=False)
        else:
            continue
        batch = batch.set_column(place, column.name, coarser)
    return batch


def _values(batch: pa.RecordBatch) -> Iterator[dict[str, object] | str]:
    """Yield the values of each row, or why Python cannot hold them: a year beyond 9999, text that is not UTF-8."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        for place in range(batch.num_rows):
            row = batch.slice(place, 1)
            try:
                (values,) = row.to_pylist()
            except (ValueError, OverflowError, pa.ArrowException) as failure:
                yield f"a value cannot be read ({str(failure).splitlines()[0]})"
            else:
                yield values


def _columns(names: list[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _fields(many: int) -> str:
    return f"{many} field{'' if many == 1 else 's'}"
