"""Sealed inputs of snapshots as Parquet files for auditors, in the generic format of battles."""

import hashlib
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from apps.rankings.domain.sealed import SealedColumns

_CODED: Final = ["model_a", "model_b", "winner", "voter"]
#: By the code of the outcome.
_WINNERS: Final = ("model_a", "model_b", "tie", "both_bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file as it was written."""

    sha256: str
    bytes: int
    path: Path


class SealedFiles:
    """The folder of sealed inputs; a file is whole or not there, and is called by its own SHA-256."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else Path(settings.RANKINGS_DIR) / "sealed"

    def path(self, sha256: str) -> Path | None:
        """Return where a file lies, or None where it is not there or is another one."""
        path = self.root / f"{sha256}.parquet"
        try:
            return path if _sha256_of(path) == sha256 else None
        except OSError:
            return None

    def has(self, sha256: str) -> bool:
        """Say whether a file of this name is there at all."""
        return (self.root / f"{sha256}.parquet").is_file()

    def holds(self, path: Path, columns: SealedColumns) -> bool:
        """Say whether a file has exactly these rows, however its columns were coded."""
        table = _table(columns)
        plain = pa.schema([(field.name, _bare(field.type)) for field in table.schema])
        try:
            found = pq.read_table(path)
            return found.column_names == plain.names and bool(found.cast(plain).equals(table.cast(plain)))
        except (OSError, pa.ArrowException):
            return False

    def write(self, columns: SealedColumns) -> SealedFile:
        """Write a sealed input to the disk, and to nothing less.

        Raises ``OSError`` where the disk is full or cannot be written; nothing half is left then.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = self.root / f".{os.getpid()}.parquet"
        try:
            with open(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                # Rows come in no order, so that trying for more than the coded columns costs time and saves nothing.
                pq.write_table(_table(columns), file, compression="zstd", compression_level=1, use_dictionary=_CODED)
                file.flush()
                os.fsync(file.fileno())
            sha256 = _sha256_of(waiting)
            target = self.root / f"{sha256}.parquet"
            size = waiting.stat().st_size
            waiting.rename(target)
        except BaseException:
            with suppress(OSError):
                waiting.unlink(missing_ok=True)
            raise
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return SealedFile(sha256=sha256, bytes=size, path=target)

    def forget_all_but(self, kept: Collection[str]) -> None:
        """Take away what no snapshot needs: files that were never published, and those that can be made again."""
        for other in (*self.root.glob("*.parquet"), *self.root.glob(".*.parquet")):
            if other.stem not in kept:
                with suppress(OSError):
                    other.unlink()


def _table(columns: SealedColumns) -> pa.Table:
    arrays: dict[str, pa.Array] = {
        "model_a": pa.DictionaryArray.from_arrays(columns.left, pa.array(columns.models, pa.string())),
        "model_b": pa.DictionaryArray.from_arrays(columns.right, pa.array(columns.models, pa.string())),
        "winner": pa.DictionaryArray.from_arrays(columns.outcome, pa.array(_WINNERS, pa.string())),
        "voter": pa.DictionaryArray.from_arrays(columns.voter, pa.array(columns.voters, pa.string())),
        # The first model stood left, in every row.
        "position": pa.array(np.ones(len(columns), np.int8)),
        "weight": pa.array(columns.weight),
    }
    for place, name in enumerate(columns.style_names):
        difference = np.ascontiguousarray(columns.differences[:, place])
        missing = np.isnan(difference)
        # Only the difference is told. The format asks for both sides, and a count is not negative.
        told = np.where(missing, 0.0, difference)
        # Measures of answers are whole numbers, and so are their differences.
        told = told.astype(np.int32) if np.array_equal(told, told.astype(np.int32)) else told
        for side, value in (("a", told), ("b", -told)):
            arrays[f"{name}_{side}"] = pa.array(np.maximum(value, 0), mask=missing)
    return pa.table(arrays)


def _bare(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
