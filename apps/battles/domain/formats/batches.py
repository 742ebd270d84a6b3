"""Files in the generic format as batches of columns, for whoever wants few columns of very many rows."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from apps.battles.domain.formats.generic import COLUMNS, DIFFERENCE, NAME, OWN, Needs, battle_of
from apps.battles.domain.formats.plain_text import QUOTES, PlainText
from apps.battles.domain.formats.rows import BadRow, Source, UnreadableFile
from apps.battles.domain.formats.tables import Record, csv_rows, in_microseconds, open_table
from apps.battles.domain.formats.text import Lines

#: Rows of one batch of a Parquet file.
_ROWS: Final = 65_536
#: Bytes of one block of a CSV file. A row has to fit into two, which also keeps every field far below LONGEST_FIELD.
_BLOCK: Final = 1024 * 1024
#: Blocks are put together to batches of at least so many rows.
_FEW: Final = 32_768
#: A column of names or numbers that unpacks to more bytes a row than this is no column of names or numbers.
_LARGEST_CELL: Final = 4096
#: Columns that may be this large in sum are not looked at.
_HARMLESS: Final = 64 * 1024 * 1024
_WORDS: Final = frozenset({"response_a", "response_b"})
#: What is no number to the readers of single rows either.
_NO_NUMBERS: Final = (
    "", "-", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "none", "null",
)  # fmt: skip


class NotColumnar(Exception):
    """The file, or what is wanted of it, has to be read row by row; says nothing about whether that will succeed."""


class Quoted(NotColumnar):
    """The file has quotes, and was opened as one without."""


@dataclass(slots=True, kw_only=True)
class Batches:
    """Batches of the wanted columns of a file, in order.

    ``columns`` are all that the file has. Iterating raises ``NotColumnar`` where a reader of rows might see something
    else; whoever took batches before forgets them then.
    """

    path: Path
    columns: tuple[str, ...]
    source: Source
    found: Generator[pa.RecordBatch, None, None]
    needs: Needs
    latest: datetime | None
    _text: PlainText | None = field(default=None)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self.found
        except pa.ArrowCancelled as cancelled:
            raise KeyboardInterrupt from cancelled
        except (pa.ArrowException, OSError, ValueError, OverflowError) as failure:
            raise NotColumnar(str(failure)) from failure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.found.close()
        if self._text is not None:
            self._text.close()

    def bad_row(self, place: int, values: Mapping[str, object]) -> BadRow:
        """Return the complaint about the row at ``place`` (from 0), as the reader of rows words it."""
        record: Record | BadRow = Record(place + 1, values)
        if self._text is not None:
            like_the_header = all(str(values.get(column)).strip() == column for column in COLUMNS)
            if self._text.even and not like_the_header:
                record = Record(place + 2, values)
            else:
                record = next(islice(open_table(self.path).records, place, None))
        found = record if isinstance(record, BadRow) else battle_of(record, self.latest, self.needs)
        if not isinstance(found, BadRow):
            raise NotColumnar(f"row {place + 1} is not bad after all")
        return found


def open_batches(path: Path, needs: Needs, *, latest: datetime | None, quotes: bool = False) -> Batches:
    """Open a CSV or Parquet file; raises ``UnreadableFile`` as ``read_generic`` does, and ``NotColumnar``.

    In a CSV file columns are text but for the numbers among ``needs``, which are float64; ``quotes`` says whether
    fields may be quoted, which costs time. In a Parquet file they have the file's types, text in dictionaries.
    """
    table = open_table(path).need(COLUMNS, format_name=NAME)
    columns = table.columns
    # A side's column is something else only in rows where it is no number, which is for a reader of rows to sort out.
    if any(_is_side(name, columns) for name in needs.texts):
        raise NotColumnar("a column that has numbers of a side is wanted as something else")
    wanted = [name for name in columns if name in needs.columns]
    if path.suffix.lower() == ".parquet":
        return _open_parquet(path, columns, wanted, needs, latest)
    if path.suffix.lower() == ".csv":
        return _open_csv(path, columns, wanted, needs, latest, quotes=quotes)
    raise NotColumnar(f"{path.suffix} has no columns")


def _is_side(name: str, columns: tuple[str, ...]) -> bool:
    other = {"_a": "_b", "_b": "_a"}.get(name[-2:])
    return name not in OWN and other is not None and f"{name[:-2]}{other}" in columns


def _open_csv(
    path: Path, columns: tuple[str, ...], wanted: list[str], needs: Needs, latest: datetime | None, *, quotes: bool
) -> Batches:
    number, header = _header(path)
    if number != 1:
        raise NotColumnar("the header is not the first line")
    # Names may be blank, and then there may be several: places are surer.
    place_of = {name: str(header.index(name)) for name in wanted}
    # A column of differences beside both sides stands in where a side is unknown, and may be anything.
    spare = {f"{name}{DIFFERENCE}" for name in needs.style if {f"{name}_a", f"{name}_b"} <= set(columns)}
    numbers = needs.numbers - needs.texts - spare
    text = PlainText(path, quotes=quotes)

    def found() -> Generator[pa.RecordBatch, None, None]:
        try:
            yield from read()
        except (pa.ArrowException, OSError, ValueError):
            # Cut off where it is not plain, a text may fail in any way.
            _still_plain(text)
            raise

    def read() -> Iterator[pa.RecordBatch]:
        reader = pv.open_csv(
            pa.PythonFile(text, mode="r"),
            read_options=pv.ReadOptions(
                column_names=[str(place) for place in range(len(header))], skip_rows=1, block_size=_BLOCK
            ),
            parse_options=pv.ParseOptions(newlines_in_values=quotes),
            convert_options=pv.ConvertOptions(
                column_types={
                    place: pa.float64() if name in numbers else pa.string() for name, place in place_of.items()
                },
                include_columns=list(place_of.values()),
                null_values=list(_NO_NUMBERS),
                strings_can_be_null=False,
            ),
        )
        for batch in _together(reader):
            _still_plain(text)
            yield batch.rename_columns(wanted)
        _still_plain(text)

    return Batches(path=path, columns=columns, source=text, found=found(), needs=needs, latest=latest, _text=text)


def _header(path: Path) -> tuple[int, list[str]]:
    lines = Lines(path)
    first = next(iter(csv_rows(lines)), None)
    if first is None or isinstance(first, BadRow):
        raise NotColumnar("there is no header")
    number, fields = first
    if any("\n" in name for name in fields):
        raise NotColumnar("the header has several lines")
    return number, [name.strip() for name in fields]


def _still_plain(text: PlainText) -> None:
    if text.odd == QUOTES:
        raise Quoted
    if text.odd is not None:
        raise NotColumnar(f"there is {text.odd}")


def _together(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join batches of few rows, since every batch costs something."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= _FEW:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


@dataclass(slots=True)
class _RowsRead:
    size: int
    done: int = 0


def _open_parquet(
    path: Path, columns: tuple[str, ...], wanted: list[str], needs: Needs, latest: datetime | None
) -> Batches:
    plain = pq.ParquetFile(path)
    _refuse_bombs(path, plain.metadata, set(wanted))
    # In dictionaries a long text that many rows share is held once, however many rows a batch has.
    schema = plain.schema_arrow
    texts = [name for name in wanted if pa.types.is_string(schema.field(name).type)]
    plain.close()
    rows = _RowsRead(size=plain.metadata.num_rows)

    def found() -> Generator[pa.RecordBatch, None, None]:
        with pq.ParquetFile(path, read_dictionary=texts, buffer_size=_BLOCK) as file:
            for batch in file.iter_batches(batch_size=_ROWS, columns=wanted):
                # Otherwise text that is not UTF-8 would be found by some of what is done with it and not by the rest.
                batch.validate(full=True)
                rows.done += batch.num_rows
                yield in_microseconds(batch)

    return Batches(path=path, columns=columns, source=rows, found=found(), needs=needs, latest=latest)


def _refuse_bombs(path: Path, metadata: pq.FileMetaData, wanted: set[str]) -> None:
    for group in range(metadata.num_row_groups):
        part = metadata.row_group(group)
        for place in range(part.num_columns):
            column = part.column(place)
            size = column.total_uncompressed_size
            is_name = column.path_in_schema in wanted - _WORDS
            if is_name and size > max(_HARMLESS, _LARGEST_CELL * part.num_rows):
                raise UnreadableFile(
                    f"{path}: the column {column.path_in_schema} would unpack to {size >> 20:,} MiB for "
                    f"{part.num_rows:,} rows, which no names or numbers need."
                )
