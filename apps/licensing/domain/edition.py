"""One licensee's copy of a release as Parquet files that come out the same every time.

What could differ between two runs is fixed here: the columns and their order, the size of row groups and files, the
compression, and that no file says when it was written. The rows come in the order of their names, so a copy does not
tell which battle was fought before which.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

FORMAT: Final = "showdown-edition/2"
WRITER: Final = f"pyarrow {pa.__version__}"
ROWS_PER_GROUP: Final = 5_000
GROUPS_PER_FILE: Final = 100
MANIFEST: Final = "manifest.json"
# Written beside the files once a checkpoint covers the edition's entry: the proof, and the entry that it is about.
PROOF: Final = "edition.tlog-proof"
ENTRY: Final = "edition.entry.json"
PARQUET: Final = ".parquet"


class Column(NamedTuple):
    """A column of the files; all hold text."""

    name: str
    repeats: bool
    holds: str


COLUMNS: Final = (
    Column("row", False, "Name of the row, for this licensee only"),
    Column("author", True, "Who wrote the prompt, a pseudonym for this licensee only"),
    Column("voter", True, "Who voted, a pseudonym for this licensee only"),
    Column("voter_country", True, "Country or region of the voter, or * for all; empty when not declared"),
    Column("voter_language", True, "Language of the voter's votes, or its family, or *"),
    Column("voter_profession", True, "Profession of the voter: 4, 2 or 1 digits of ISCO-08, or *"),
    Column("voter_age_band", True, "Age of the voter: the declared band, one of three, or *"),
    Column("voter_education", True, "Education of the voter: the level of ISCED 2011, low, medium or high, or *"),
    Column("prompt_language", True, "Language of the prompt's words, BCP 47"),
    Column("category", True, "What the prompt asks for"),
    Column("month", True, "Month of the vote in UTC, such as 2026-07"),
    Column("model_a", True, "Model whose answer was shown as A"),
    Column("model_b", True, "Model whose answer was shown as B"),
    Column("outcome", True, "a, b, both_good or both_bad"),
    Column("prompt", False, "The prompt's words"),
    Column("answer_a", False, "The words of answer A"),
    Column("answer_b", False, "The words of answer B"),
)
SCHEMA: Final = pa.schema([pa.field(column.name, pa.string(), nullable=False) for column in COLUMNS])
_REPEATING: Final = [column.name for column in COLUMNS if column.repeats]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of an edition as its manifest names it; ``sha256`` in hexadecimal digits, ``bytes`` its size.

    ``rows`` is None for what holds no rows, such as the card.
    """

    name: str
    sha256: str
    bytes: int
    rows: int | None = None


class EditionWriter:
    """Writes rows into numbered Parquet files below a folder, a row group at a time, and remembers their hashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting = SCHEMA.empty_table()
        self._writer: Any = None
        self._groups = 0
        self._rows = 0
        self.files: list[FileEntry] = []

    def write(self, rows: pa.Table) -> None:
        """Take rows of the schema; whole row groups go to the disk at once."""
        waiting = pa.concat_tables([self._waiting, rows.cast(SCHEMA)])
        whole = waiting.num_rows - waiting.num_rows % ROWS_PER_GROUP
        for start in range(0, whole, ROWS_PER_GROUP):
            self._write_group(waiting.slice(start, ROWS_PER_GROUP))
        # Copied, so that the rest does not hold all that came with it.
        self._waiting = waiting.slice(whole).combine_chunks() if whole else waiting

    def finish(self) -> list[FileEntry]:
        """Write what waits, close the last file, and return all of them."""
        if self._waiting.num_rows:
            group, self._waiting = self._waiting, SCHEMA.empty_table()
            self._write_group(group)
        self._close()
        return self.files

    def abandon(self) -> None:
        """Let the open file go; the folder is thrown away."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    def _write_group(self, group: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._folder / self._name,
                SCHEMA,
                version="2.6",
                data_page_version="1.0",
                compression="zstd",
                compression_level=1,
                use_dictionary=_REPEATING,
                write_statistics=_REPEATING,
                store_schema=False,
            )
        # In one piece, since the pages of a file end where the pieces of a column do.
        self._writer.write_table(group.combine_chunks(), row_group_size=ROWS_PER_GROUP)
        self._groups += 1
        self._rows += group.num_rows
        if self._groups == GROUPS_PER_FILE:
            self._close()

    @property
    def _name(self) -> str:
        return f"battles-{len(self.files):05d}{PARQUET}"

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


def entry_of(name: str, content: bytes) -> FileEntry:
    """Return the entry of a small file that holds no rows."""
    return FileEntry(name=name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
