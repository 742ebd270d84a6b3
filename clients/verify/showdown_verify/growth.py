"""Whether one tree begins with another, from few tiles: a consistency proof put together by the reader."""

from showdown_verify.merkle import EMPTY_ROOT, InvalidProof, node_hash, verify_consistency
from showdown_verify.sources import Source
from showdown_verify.tiles import Tile, tile_for, width_at
from showdown_verify.verdict import Broken
from showdown_verify.walk import hashes_of, tile_root


class TileReader:
    """Hashes of a tree of ``size`` out of its tiles; each tile is read once and only few are kept."""

    def __init__(self, source: Source, size: int) -> None:
        self._source, self._size = source, size
        self._kept: dict[Tile, list[bytes]] = {}

    def subtree(self, level: int, position: int) -> bytes:
        """Return the root of the complete subtree of ``2**level`` leaves at this position."""
        place = tile_for(level, position)
        tile = Tile(place.tile_level, place.tile_index, width_at(place.tile_level, place.tile_index, self._size))
        row = self._kept.get(tile)
        if row is None:
            row = self._kept[tile] = hashes_of(self._source, tile)
        return tile_root(row[place.offset : place.offset + place.width])

    def root(self, first: int, end: int) -> bytes:
        """Return the root over the leaves from ``first`` (a beginning of a subtree) to ``end``."""
        if first == end:
            return EMPTY_ROOT
        parts = []
        while first < end:
            level = (end - first).bit_length() - 1
            if first:
                level = min(level, (first & -first).bit_length() - 1)
            parts.append(self.subtree(level, first >> level))
            first += 1 << level
        value = parts.pop()
        while parts:
            value = node_hash(parts.pop(), value)
        return value

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """Return the proof that the tree of ``new_size`` begins with that of ``old_size`` (RFC 6962, section 2.1.2)."""
        proof: list[bytes] = []
        first, end, whole = 0, new_size, True
        # Down from the root to where the old tree ends; the proof's first hashes are found last.
        while first + old_size != end:
            split = 1 << (end - first - 1).bit_length() - 1
            if old_size <= split:
                proof.append(self.root(first + split, end))
                end = first + split
            else:
                proof.append(self.root(first, first + split))
                first, old_size, whole = first + split, old_size - split, False
        if not whole:
            proof.append(self.root(first, end))
        return proof[::-1]


def require_growth(source: Source, *, old_size: int, old_root: bytes, new_size: int, new_root: bytes) -> None:
    """Check that the tree of ``new_root`` begins with that of ``old_root``; raises ``Broken`` and ``CouldNotCheck``."""
    reader = TileReader(source, new_size)
    told = reader.root(0, old_size)
    proof = reader.consistency(old_size, new_size)
    try:
        verify_consistency(old_size=old_size, new_size=new_size, old_root=told, new_root=new_root, proof=proof)
    except InvalidProof as error:
        # Whoever signed is not accused of anything as long as only the tiles are wrong.
        raise Broken(
            "tree", "tile-mismatch", f"The tiles do not give the signed root: {error}", where="tiles"
        ) from None
    require_beginning(old_size=old_size, old_root=old_root, told=told)


def require_beginning(*, old_size: int, old_root: bytes, told: bytes | None) -> None:
    """Check that the signed tree's own root at ``old_size`` is the one that was seen; raises ``Broken``."""
    if told != old_root:
        raise Broken(
            "consistency",
            "fork",
            f"The first {old_size:,} entries are not those that were seen before.",
            where=f"leaves 0 to {old_size - 1}",
        )


def require_edge(source: Source, *, size: int, root: bytes) -> None:
    """Check that the tiles at the edge of the tree give its root; raises ``Broken`` and ``CouldNotCheck``."""
    if TileReader(source, size).root(0, size) != root:
        raise Broken(
            "tree", "root-mismatch", "The tiles at the edge of the tree do not give the signed root.", where="tiles"
        )
