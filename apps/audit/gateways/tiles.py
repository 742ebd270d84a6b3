"""The files that ``/log/`` serves: entry bundles and tiles, written once and never changed, and the checkpoint."""

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Final

from apps.audit.domain.merkle import HASH_BYTES
from apps.audit.domain.stopped import TileConflict
from apps.audit.domain.tiles import EntryBundle, Tile, decode_bundle, encode_bundle, new_bundles, tiles_of
from apps.audit.domain.tiling import File
from apps.audit.gateways.durable import prepare, sync_folder, write_durably

_CHECKPOINT: Final = "checkpoint"
# Waiting for the disk takes most of the time, and several waits at once take little longer than one.
_THREADS: Final = 8
_FILES_AT_ONCE: Final = 64
_BYTES_AT_ONCE: Final = 16_000_000


class TileStore:
    """A folder laid out as it is served. It has one writer, who holds the signing keys, and any number of readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- Writing ---

    def write(self, files: Iterable[File]) -> None:
        """Write bundles and tiles; all of them are on the disk when this returns.

        What is there already with the same bytes stays. Raises ``TileConflict`` when it has others, and ``OSError``.
        """
        for piece in _pieces(files):
            targets = [(self.folder / file.path, data) for file, data in piece]
            missing = [(target, data) for target, data in targets if not _is_there(target, data)]
            folders = self._make_folders({target.parent for target, _data in missing})
            prepared = self._pool.map(lambda one: (prepare(*one), one[0]), missing)
            for waiting, target in list(prepared):
                waiting.rename(target)
            for folder in sorted(folders):
                sync_folder(folder)

    def replace_checkpoint(self, note: bytes) -> None:
        """Let everybody see this checkpoint from now on, whose tiles were written before."""
        self._make_folders({self.folder})
        write_durably(self.folder / _CHECKPOINT, note)

    def drop_partial(self, files: Iterable[Tile | EntryBundle]) -> None:
        """Remove the narrower forms of full tiles and bundles: whoever asks for one is answered from the full one."""
        for file in files:
            if file.is_full:
                shutil.rmtree(self.folder / f"{file.path}.p", ignore_errors=True)

    def is_complete(self, size: int) -> bool:
        """Whether every tile and bundle of a tree of this size is there; narrower forms that were left are removed."""
        for files in (new_bundles(0, size), tiles_of(size)):
            for file in files:
                if not (self.folder / file.path).is_file():
                    return False
                self.drop_partial([file])
        return True

    # --- Reading ---

    def checkpoint(self) -> bytes | None:
        """Return the checkpoint that everybody sees, with all its signatures, or None before the first."""
        return _read(self.folder / _CHECKPOINT)

    def read(self, file: Tile | EntryBundle) -> bytes | None:
        """Return the bytes of a tile or bundle, a narrow one from the full one if need be, or None.

        Raises ``InvalidBundle`` when the file on the disk is damaged.
        """
        data = _read(self.folder / file.path)
        if data is not None or file.is_full:
            return data
        full = _read(self.folder / file.full.path)
        if full is None:
            return None
        if isinstance(file, Tile):
            return full[: file.width * HASH_BYTES]
        return encode_bundle(decode_bundle(full)[: file.width])

    # --- Inside ---

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, thread_name_prefix="tiles")

    def _make_folders(self, folders: Iterable[Path]) -> set[Path]:
        """Make folders with all above them; return those whose names are to be brought to the disk."""
        touched: set[Path] = set()
        for folder in folders:
            touched.add(folder)
            for above in (folder, *folder.parents):
                if above.is_dir():
                    break
                touched.add(above.parent)
            folder.mkdir(parents=True, exist_ok=True)
        return touched


def _pieces(files: Iterable[File]) -> Iterator[list[File]]:
    """Return the files in portions that fit into memory and keep the disk busy."""
    piece: list[File] = []
    waiting = 0
    for file in files:
        piece.append(file)
        waiting += len(file[1])
        if len(piece) == _FILES_AT_ONCE or waiting > _BYTES_AT_ONCE:
            yield piece
            piece, waiting = [], 0
    yield piece


def _is_there(target: Path, data: bytes) -> bool:
    found = _read(target)
    if found is not None and found != data:
        raise TileConflict(
            f"{target} was written before with other bytes, and what is published never changes. Nothing was signed. "
            "Either the database is not the one that the file was made from, or the file was changed: see "
            "'When the sequencer refuses' in docs/runbook.md."
        )
    return found is not None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
