"""A consistency proof (RFC 6962, section 2.1.2) out of the tiles that a log publishes (C2SP tlog-tiles).

The tiles are believed in nothing: the proof that they give is verified like one that the log had sent.
"""

from collections.abc import Iterator
from typing import Final

from showdown_verify.merkle import node_hash
from showdown_verify.tiles import FULL_WIDTH, InvalidBundle, Tile, decode_tile, hash_in_tile, tile_for, width_at
from showdown_witness.fetching import LogAddress, Missing

_TILE_BYTES: Final = FULL_WIDTH * 32


class UnfitTile(Exception):
    """A tile is not what its path says."""


def proof_from_tiles(log: LogAddress, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Return the proof's hashes (32 bytes each); none from size 0 and none between equal sizes.

    Raises ``Unreadable`` when a tile cannot be fetched and ``UnfitTile`` when it is none.
    """
    if not 0 < old_size < new_size:
        return ()
    tiles = _Tiles(log, new_size)
    return tuple(tiles.root(first, end) for first, end in _stretches(old_size, new_size))


def _stretches(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """Return from which leaf up to which each hash of the proof is the root, in the proof's order."""
    found: list[tuple[int, int]] = []
    first, end = 0, new_size
    # SUBPROOF of the RFC goes down from the root to where the old tree ends.
    while old_size != end:
        split = first + (1 << (end - first - 1).bit_length() - 1)
        if old_size <= split:
            found.append((split, end))
            end = split
        else:
            found.append((first, split))
            first = split
    if first:
        found.append((first, end))
    return found[::-1]


def _complete(first: int, end: int) -> Iterator[tuple[int, int]]:
    """Return level and position of the largest complete subtrees over leaves ``first`` up to ``end``."""
    while first < end:
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        yield level, first >> level
        first += 1 << level


class _Tiles:
    """The tiles of one tree, each fetched once."""

    def __init__(self, log: LogAddress, size: int) -> None:
        self._log = log
        self._size = size
        self._fetched: dict[tuple[int, int], bytes] = {}

    def root(self, first: int, end: int) -> bytes:
        """Return the root over a stretch of leaves."""
        hashes = [self._stored(level, position) for level, position in _complete(first, end)]
        value = hashes.pop()
        while hashes:
            value = node_hash(hashes.pop(), value)
        return value

    def _stored(self, level: int, position: int) -> bytes:
        place = tile_for(level, position)
        try:
            return hash_in_tile(place, self._tile(place.tile_level, place.tile_index))
        except InvalidBundle as invalid:
            raise UnfitTile(str(invalid)) from invalid

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._fetched:
            tile = Tile(level, index, width_at(level, index, self._size))
            try:
                content = self._log.read(tile.path, most=_TILE_BYTES)
            except Missing:
                # Once the tile has filled up, a log may drop the narrower one.
                content = self._log.read(tile.full.path, most=_TILE_BYTES)[: tile.width * 32]
            decode_tile(content, tile.width)  # Refuses any other length.
            self._fetched[level, index] = content
        return self._fetched[level, index]
