"""How the published files grow with the tree: from entries to bundles, tiles of every level, and the root over them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from apps.audit.domain.merkle import leaf_hash, node_hash
from apps.audit.domain.tiles import FULL_WIDTH, HEIGHT, EntryBundle, Tile, encode_bundle
from apps.audit.domain.tree import complete_subtrees, folded

File = tuple[EntryBundle | Tile, bytes]


class GrowingTiles:
    """The right edge of the tiles: for each level the hashes of the one tile that is not full yet.

    Everything is computed from the entries, so that the root is that of what is published, whatever else is stored.
    """

    def __init__(self, size: int = 0, rows: Sequence[Sequence[bytes]] = ()) -> None:
        """Take up the tiles of a tree of ``size``.

        ``rows`` are, from level 1 up, the hashes (32 bytes) of each level's last tile (``edge_rows`` names them). Those
        of level 0 are computed again: ``grow`` wants the entries from ``first_entry(size)`` on.
        """
        edges = edge_rows(size)
        if [len(row) for row in rows] != [end - first for _level, first, end in edges]:
            raise ValueError(f"The tiles of a tree of {size} leaves have other edges.")
        self._rows: list[list[bytes]] = [[], *(list(row) for row in rows)]
        self._counts = [first_entry(size), *(end for _level, _first, end in edges)]
        self._grown = [False] * len(self._rows)

    @property
    def size(self) -> int:
        """How many leaves there are, without those of a bundle that is to be read again."""
        return self._counts[0]

    @property
    def root(self) -> bytes:
        """The root (32 bytes) over all leaves."""
        peaks: list[bytes] = []
        for row in reversed(self._rows):
            peaks += [
                _root_of(row[position << level : (position + 1) << level])
                for level, position in complete_subtrees(0, len(row))
            ]
        return folded(peaks)

    def grow(self, entries: Iterable[bytes]) -> Iterator[File]:
        """Add the entries and return the files that are new, each level's tiles from left to right.

        A tile that is not full comes once, at the end. Raises ``InvalidBundle`` for an entry that fits in no bundle.
        """
        waiting = iter(entries)
        while bundle := list(islice(waiting, FULL_WIDTH)):
            index, remainder = divmod(self._counts[0], FULL_WIDTH)
            if remainder:
                raise ValueError("After a partial bundle these tiles cannot grow; take them up again.")
            yield EntryBundle(index, len(bundle)), encode_bundle(bundle)
            yield from self._add(0, [leaf_hash(entry) for entry in bundle])
        for level, row in enumerate(self._rows):
            if row and self._grown[level]:
                yield Tile(level, self._counts[level] // FULL_WIDTH, len(row)), b"".join(row)
        self._grown = [False] * len(self._rows)

    def _add(self, level: int, hashes: Sequence[bytes]) -> Iterator[File]:
        """Add hashes that fit into the level's last tile; a tile that becomes full is one hash of the level above."""
        if level == len(self._rows):
            self._rows.append([])
            self._counts.append(0)
            self._grown.append(False)
        row = self._rows[level]
        row += hashes
        self._counts[level] += len(hashes)
        self._grown[level] = True
        if len(row) == FULL_WIDTH:
            yield Tile(level, self._counts[level] // FULL_WIDTH - 1), b"".join(row)
            value = _root_of(row)
            row.clear()
            yield from self._add(level + 1, [value])


def first_entry(size: int) -> int:
    """Return the leaf at which the last bundle of a tree of ``size`` begins, when it is not full; else ``size``."""
    return size - size % FULL_WIDTH


def edge_rows(size: int) -> list[tuple[int, int, int]]:
    """Return which stored subtrees make the last tile of each level from 1 up: their level, the first and the end.

    The level counts as everywhere in the tree: a tile's level times 8.
    """
    rows: list[tuple[int, int, int]] = []
    count = size >> HEIGHT
    while count:
        rows.append((HEIGHT * (len(rows) + 1), count - count % FULL_WIDTH, count))
        count >>= HEIGHT
    return rows


def _root_of(row: Sequence[bytes]) -> bytes:
    """Return the root over 1, 2, 4, … or 256 hashes."""
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]
