"""Once over the whole tree: from the entries, or their hashes, through every tile up to the root.

The pass keeps one open tile a level, so a log of any size is read in little memory. What is computed is compared with
every tile that the log has, so that a fault is found where it is.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from showdown_verify.merkle import EMPTY_ROOT, leaf_hash, node_hash
from showdown_verify.sources import Missing, Source, read_part
from showdown_verify.tiles import (
    FULL_WIDTH,
    HEIGHT,
    EntryBundle,
    InvalidBundle,
    Tile,
    decode_bundle,
    decode_tile,
    width_at,
)
from showdown_verify.verdict import Broken, CouldNotCheck, Stopped

Rows = list[list[bytes]]
TakeEntry = Callable[[int, bytes], None]
_LEVELS: Final = 8


def missing(source: Source, error: Missing) -> Stopped:
    """Return what a missing tile or bundle means: a bundle is broken, an address may only be out of order."""
    if source.is_whole:
        return Broken("tree", "missing", "A file that a log of this size has is not there.", where=error.path)
    return CouldNotCheck(
        "tree", "withheld", "The log does not hand out a file that it must have at this size.", where=error.path
    )


def entries_of(source: Source, bundle: EntryBundle) -> list[bytes]:
    """Return the entries of a bundle; raises ``Broken`` and ``CouldNotCheck``."""
    try:
        data, width = read_part(source, bundle)
        return decode_bundle(data, width)[: bundle.width]
    except Missing as error:
        raise missing(source, error) from None
    except InvalidBundle as error:
        raise Broken("tree", error.fault.value, str(error), where=bundle.path) from None


def hashes_of(source: Source, tile: Tile) -> list[bytes]:
    """Return the hashes of a tile, 32 bytes each; raises ``Broken`` and ``CouldNotCheck``."""
    try:
        data, width = read_part(source, tile)
        return decode_tile(data, width)[: tile.width]
    except Missing as error:
        raise missing(source, error) from None
    except InvalidBundle as error:
        raise Broken("tree", error.fault.value, str(error), where=tile.path) from None


def root_of_rows(rows: Rows) -> bytes:
    """Return the root over the open tiles of a tree, one row of hashes a level, the lowest first."""
    root = None
    for row in rows:
        for subtree in reversed(list(_complete_parts(row))):
            root = subtree if root is None else node_hash(subtree, root)
    return EMPTY_ROOT if root is None else root


def tile_root(row: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes."""
    sha256 = hashlib.sha256
    while len(row) > 1:
        pairs = iter(row)
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return row[0]


class Walk:
    """One pass over a tree of ``size`` leaves, from the tile of leaf ``first`` on, which is a multiple of 256."""

    def __init__(self, source: Source, size: int, *, first: int = 0) -> None:
        self.source, self.size, self.first = source, size, first
        self._rows: Rows = [[] for _ in range(_LEVELS)]
        for level in range(1, _LEVELS):
            count = first >> HEIGHT * level
            if count % FULL_WIDTH:
                tile = Tile(level, count // FULL_WIDTH, width_at(level, count // FULL_WIDTH, size))
                self._rows[level] = hashes_of(source, tile)[: count % FULL_WIDTH]

    def run(
        self,
        *,
        old_size: int = 0,
        take_entry: TakeEntry | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[bytes, bytes | None]:
        """Return the root, and the one of ``old_size`` when the pass comes by it (from ``first`` on).

        With ``take_entry`` the leaves are computed from the entries, and each is handed over with its index; without
        it they are read from the tiles. Raises ``Broken`` where a tile does not fit and ``CouldNotCheck``.
        """
        old_root = None
        for index in range(self.first // FULL_WIDTH, (self.size + FULL_WIDTH - 1) // FULL_WIDTH):
            start = index * FULL_WIDTH
            row = self._leaves(index, take_entry)
            if old_size and start <= old_size < start + FULL_WIDTH:
                old_root = root_of_rows([row[: old_size - start], *self._rows[1:]])
            self._put(0, index, row)
            if progress is not None:
                progress(min(start + FULL_WIDTH, self.size))
        for level, row in enumerate(self._rows[1:], start=1):
            if row:
                self._require_tile(level, (self.size >> HEIGHT * level) // FULL_WIDTH, row)
        root = root_of_rows(self._rows)
        return root, root if old_size == self.size else old_root

    def _leaves(self, index: int, take_entry: TakeEntry | None) -> list[bytes]:
        width = width_at(0, index, self.size)
        told = hashes_of(self.source, Tile(0, index, width))
        if take_entry is None:
            return told
        bundle = EntryBundle(index, width)
        entries = entries_of(self.source, bundle)
        row = [leaf_hash(entry) for entry in entries]
        if row != told:
            at = next(place for place, (ours, theirs) in enumerate(zip(row, told, strict=True)) if ours != theirs)
            raise Broken(
                "tree",
                "entry-changed",
                "The entry and its hash in the tile disagree.",
                where=f"leaf {index * FULL_WIDTH + at} ({bundle.path})",
            )
        for number, entry in enumerate(entries, start=index * FULL_WIDTH):
            take_entry(number, entry)
        return row

    def _put(self, level: int, index: int, row: list[bytes]) -> None:
        """Take a tile's hashes; a full tile goes into the one above as a single hash."""
        if len(row) < FULL_WIDTH:
            self._rows[level] = row
            return
        self._rows[level] = []
        above = self._rows[level + 1]
        above.append(tile_root(row))
        if len(above) == FULL_WIDTH:
            self._require_tile(level + 1, index // FULL_WIDTH, above)
            self._put(level + 1, index // FULL_WIDTH, above)

    def _require_tile(self, level: int, index: int, row: list[bytes]) -> None:
        tile = Tile(level, index, len(row))
        told = hashes_of(self.source, tile)
        if told != row:
            at = next(place for place, (ours, theirs) in enumerate(zip(row, told, strict=True)) if ours != theirs)
            width = FULL_WIDTH**level
            begin = (index * FULL_WIDTH + at) * width
            raise Broken(
                "tree",
                "tile-mismatch",
                f"The tile disagrees with the tiles below it about leaves {begin} to {begin + width - 1}.",
                where=tile.path,
            )


def _complete_parts(row: Sequence[bytes]) -> Iterator[bytes]:
    """Return the roots of the complete subtrees that a tile's hashes make, from the left."""
    at = 0
    while at < len(row):
        width = 1 << (len(row) - at).bit_length() - 1
        yield tile_root(row[at : at + width])
        at += width
