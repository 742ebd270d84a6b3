"""One licensee's copy of a release as bytes: Parquet files that come out the same every time, and their manifest.

What could differ between two runs is fixed here: the columns and their order, the size of row groups and files, the
compression, and that neither file nor manifest says when it was written. The rows come in the order of their names,
so a copy does not tell which battle was fought before which.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import rfc8785

from apps.audit.domain.canonical import JSON

FORMAT: Final = "showdown-edition/1"
WRITER: Final = f"pyarrow {pa.__version__}"
ROWS_PER_GROUP: Final = 5_000
GROUPS_PER_FILE: Final = 100
MANIFEST: Final = "manifest.json"

# Column by column: its name, its type, whether values repeat, and what it holds.
_COLUMNS: Final = (
    ("row", pa.string(), False, "Name of the row, for this licensee only"),
    ("author", pa.string(), True, "Who wrote the prompt, a pseudonym for this licensee only"),
    ("voter", pa.string(), True, "Who voted, a pseudonym for this licensee only"),
    ("voter_region", pa.string(), True, "Declared: africa, americas, asia, europe, oceania or empty"),
    ("language", pa.string(), True, "Language of the prompt, BCP 47"),
    ("category", pa.string(), True, "What the prompt asks for"),
    ("month", pa.string(), True, "Month of the vote in UTC, such as 2026-07"),
    ("model_a", pa.string(), True, "Model whose answer was shown as A"),
    ("model_b", pa.string(), True, "Model whose answer was shown as B"),
    ("outcome", pa.string(), True, "a, b, both_good or both_bad"),
    ("prompt", pa.string(), False, "The prompt's words"),
    ("answer_a", pa.string(), False, "The words of answer A"),
    ("answer_b", pa.string(), False, "The words of answer B"),
)
SCHEMA: Final = pa.schema([pa.field(name, kind, nullable=False) for name, kind, _repeats, _text in _COLUMNS])
_REPEATING: Final = [name for name, _kind, repeats, _text in _COLUMNS if repeats]

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of an edition as its manifest names it; ``sha256`` in hexadecimal digits, ``bytes`` its size."""

    name: str
    sha256: str
    bytes: int
    rows: int


class EditionWriter:
    """Writes rows into numbered Parquet files below a folder, a row group at a time, and remembers their hashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[Row] = []
        self._writer: Any = None
        self._groups = 0
        self._rows = 0
        self.files: list[FileEntry] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Take rows in the schema's order; whole row groups go to the disk at once."""
        self._waiting.extend(rows)
        while len(self._waiting) >= ROWS_PER_GROUP:
            group, self._waiting = self._waiting[:ROWS_PER_GROUP], self._waiting[ROWS_PER_GROUP:]
            self._write_group(group)

    def finish(self) -> list[FileEntry]:
        """Write what waits, close the last file, and return all of them."""
        if self._waiting:
            group, self._waiting = self._waiting, []
            self._write_group(group)
        self._close()
        return self.files

    def abandon(self) -> None:
        """Let the open file go; the folder is thrown away."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    def _write_group(self, group: Sequence[Row]) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._folder / self._name,
                SCHEMA,
                version="2.6",
                data_page_version="1.0",
                compression="zstd",
                compression_level=3,
                use_dictionary=_REPEATING,
                write_statistics=_REPEATING,
                store_schema=False,
            )
        values = zip(zip(*group, strict=True), SCHEMA, strict=True)
        columns = [pa.array(column, type=field.type) for column, field in values]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), row_group_size=ROWS_PER_GROUP)
        self._groups += 1
        self._rows += len(group)
        if self._groups == GROUPS_PER_FILE:
            self._close()

    @property
    def _name(self) -> str:
        return f"battles-{len(self.files):05d}.parquet"

    def _close(self) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        writer.close()
        path = self._folder / self._name
        self.files.append(FileEntry(name=path.name, sha256=sha256_of(path), bytes=path.stat().st_size, rows=self._rows))
        self._groups = self._rows = 0


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits, read a piece at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_of(
    *, release: Mapping[str, JSON], licensee: Mapping[str, JSON], files: Sequence[FileEntry]
) -> dict[str, Any]:
    """Return what an edition says about itself, ready for canonical JSON."""
    return {
        "columns": [{"name": name, "type": str(kind), "holds": text} for name, kind, _repeats, text in _COLUMNS],
        "files": [{"bytes": file.bytes, "name": file.name, "rows": file.rows, "sha256": file.sha256} for file in files],
        "format": FORMAT,
        "licensee": dict(licensee),
        "release": dict(release),
        "rows": sum(file.rows for file in files),
        "writer": WRITER,
    }


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as canonical JSON (RFC 8785)."""
    return rfc8785.dumps(dict(manifest))
