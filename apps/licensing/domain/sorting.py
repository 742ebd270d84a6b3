"""Putting more rows into order than fit into memory: cut by the first letters of their names, then piece by piece."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# So many rows of ordinary length are some fifty megabytes.
ROWS_PER_PIECE: Final = 20_000
MOST_PIECES: Final = 256
_LETTERS: Final = 4


class SortedRows:
    """Takes tables in any order and gives their rows back by rising name; names are hexadecimal digits.

    The pieces lie below a folder, which the caller throws away.
    """

    def __init__(self, folder: Path, schema: pa.Schema, *, by: str, rows: int) -> None:
        self._folder, self._schema, self._by = folder, schema, by
        self._pieces = min(MOST_PIECES, rows // ROWS_PER_PIECE + 1)
        self._writers: dict[int, Any] = {}

    def add(self, table: pa.Table) -> None:
        """Cut a table by the beginnings of its rows' names and write each part to its piece."""
        if not table.num_rows:
            return
        beginnings = [int(name[:_LETTERS], 16) for name in table[self._by].to_pylist()]
        pieces = np.array(beginnings, dtype=np.int64) * self._pieces // 16**_LETTERS
        order = np.argsort(pieces, kind="stable")
        cut = table.take(pa.array(order)).combine_chunks()
        numbers, starts = np.unique(pieces[order], return_index=True)
        ends = [*starts[1:].tolist(), len(order)]
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends, strict=True):
            self._writer(number).write_table(cut.slice(start, end - start))

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in order, a piece at a time; each piece leaves the disk after its turn."""
        self.close()
        for number in range(self._pieces):
            path = self._path(number)
            if not path.exists():
                continue
            with path.open("rb") as file:
                piece = pa.ipc.open_stream(file).read_all()
            path.unlink()
            yield piece.take(pc.sort_indices(piece, sort_keys=[(self._by, "ascending")]))

    def close(self) -> None:
        """Close the pieces' files; nothing can be added any more."""
        writers, self._writers = self._writers, {}
        for writer in writers.values():
            writer.close()

    def _writer(self, number: int) -> Any:
        if number not in self._writers:
            self._writers[number] = pa.ipc.new_stream(self._path(number), self._schema)
        return self._writers[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"piece-{number:03d}"
