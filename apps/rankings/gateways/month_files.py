"""Closed months of votes as Parquet files of codes, beside the database and never in place of it."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from numpy.typing import NDArray

from apps.rankings.domain.ballot_columns import MEASURES, BallotColumns
from apps.rankings.domain.membership import ATTRIBUTES, Column

#: Changes with the columns of the files; one of another layout is written again.
LAYOUT: Final = 1
_MEASURES: Final = tuple(f"{side}.{measure}" for side in ("left", "right") for measure in MEASURES)
_PLAIN: Final = ("vote_ids", "people", "left", "right", "outcome", "probability")
_BYTES: Final = {"public_ids": 16, "leaves": 32}
# Random ids and hashes do not become smaller, and trying costs time.
_COMPRESSED: Final = [name for name in (*_PLAIN, *ATTRIBUTES, *_MEASURES) if name not in _BYTES]


class MonthFileUnfit(Exception):
    """The file is not there, or not the one that was written; the database has everything that it should hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file as it was written."""

    file_sha256: str
    file_bytes: int


class MonthFiles:
    """The folder of months; a file is whole or not there, and its name tells its content."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else Path(settings.RANKINGS_DIR) / "months"

    def path_of(self, month: date, content_sha256: str) -> Path:
        """Return where a month's file of this content lies."""
        return self.root / f"{month:%Y-%m}-{content_sha256[:32]}.parquet"

    def write(self, month: date, columns: BallotColumns, content_sha256: str) -> KeptFile:
        """Write a month to the disk and take away what lay there for it before.

        Raises ``OSError`` where the disk is full or cannot be written; nothing half is left then.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.path_of(month, content_sha256)
        # Two processes may write the same month at once, each beside the other.
        waiting = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with open(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                pq.write_table(_table(columns), file, compression=_compression(), use_dictionary=list(ATTRIBUTES))
                file.flush()
                os.fsync(file.fileno())
            kept = KeptFile(file_sha256=_sha256_of(waiting), file_bytes=waiting.stat().st_size)
            waiting.rename(target)
        except BaseException:
            waiting.unlink(missing_ok=True)
            raise
        _sync(self.root)
        self._forget_all_but(month, target)
        return kept

    def read(self, month: date, *, content_sha256: str, file_sha256: str, rows: int) -> BallotColumns:
        """Return a month's votes. Raises ``MonthFileUnfit`` where the file is not what was written, byte by byte."""
        path = self.path_of(month, content_sha256)
        try:
            if _sha256_of(path) != file_sha256:
                raise MonthFileUnfit(f"{path.name} is not the file that was written.")
            table = pq.read_table(path, memory_map=True)
        except (OSError, pa.ArrowException) as unreadable:
            raise MonthFileUnfit(f"{path.name} cannot be read: {unreadable}") from unreadable
        if table.num_rows != rows:
            raise MonthFileUnfit(f"{path.name} has {table.num_rows} rows and not {rows}.")
        return _columns(table)

    def has(self, month: date, content_sha256: str) -> bool:
        """Say whether a file of this name is there at all."""
        return self.path_of(month, content_sha256).is_file()

    def _forget_all_but(self, month: date, kept: Path) -> None:
        for other in (*self.root.glob(f"{month:%Y-%m}-*.parquet"), *self.root.glob(f".{month:%Y-%m}-*.parquet.*")):
            if other != kept:
                with suppress(OSError):
                    other.unlink()


def _table(columns: BallotColumns) -> pa.Table:
    arrays: dict[str, pa.Array] = {name: pa.array(getattr(columns, name)) for name in _PLAIN}
    for name, width in _BYTES.items():
        data = pa.py_buffer(np.ascontiguousarray(getattr(columns, name)))
        arrays[name] = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(columns), [None, data])
    for name in ATTRIBUTES:
        column = columns.attributes[name]
        codes = pa.array(column.codes, mask=column.codes < 0)
        arrays[name] = pa.DictionaryArray.from_arrays(codes, pa.array(column.values, pa.string()))
    for place, name in enumerate(_MEASURES):
        arrays[name] = pa.array(np.ascontiguousarray(columns.measures[:, place]))
    return pa.table(arrays)


def _compression() -> dict[str, str]:
    return dict.fromkeys(_COMPRESSED, "zstd") | dict.fromkeys(_BYTES, "none")


def _columns(table: pa.Table) -> BallotColumns:
    table = table.combine_chunks()
    return BallotColumns(
        attributes={name: _column(_whole(table[name])) for name in ATTRIBUTES},
        measures=np.stack([table[name].to_numpy() for name in _MEASURES], axis=1),
        public_ids=_bytes_of(table["public_ids"], _BYTES["public_ids"]),
        leaves=_bytes_of(table["leaves"], _BYTES["leaves"]),
        **{name: table[name].to_numpy() for name in _PLAIN},
    )


def _bytes_of(column: pa.ChunkedArray, width: int) -> NDArray[np.uint8]:
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.uint8)[chunk.offset * width : (chunk.offset + len(chunk)) * width]
        for chunk in column.chunks
    ]
    return np.concatenate(chunks).reshape(-1, width) if chunks else np.empty((0, width), np.uint8)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.unify_dictionaries().chunks)


def _column(found: pa.Array) -> Column:
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Column(tuple(found.dictionary.to_pylist()), codes)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
