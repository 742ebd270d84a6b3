"""Tiles (C2SP tlog-tiles): the tree cut into files of up to 256 hashes, and the entries into bundles beside them.

A tile of level L holds the roots of complete subtrees over 256^L leaves each; what lies between two levels is computed
from the tile. Paths have one spelling, and everything else is refused by name (``TileFault``).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from showdown_verify.merkle import HASH_BYTES, MAX_SIZE, node_hash

HEIGHT: Final = 8
FULL_WIDTH: Final = 256
MAX_LEVEL: Final = 63
MAX_INDEX: Final = MAX_SIZE // FULL_WIDTH
MAX_ENTRY_BYTES: Final = 65_535
_LENGTH_BYTES: Final = 2
_MAX_PATH: Final = 64

_PATH: Final = re.compile(r"tile/(entries|[0-9]{1,10})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,10}))?")
_PADDED: Final = re.compile(r"0[0-9]+")


class TileFault(StrEnum):
    """What is wrong with a tile, a bundle or a path."""

    PATH_TOO_LONG = "path-too-long"
    MALFORMED_PATH = "malformed-path"
    LEADING_ZEROS = "leading-zeros"
    LEVEL = "level-out-of-range"
    INDEX = "index-out-of-range"
    WIDTH = "width-out-of-range"
    SIZE = "size-out-of-range"
    TRUNCATED = "truncated"
    TRAILING_BYTES = "trailing-bytes"
    ENTRY_TOO_LARGE = "entry-too-large"
    TILE_LENGTH = "tile-length"


class InvalidTilePath(ValueError):
    """The path or the numbers name no tile and no bundle; ``fault`` names the reason."""

    def __init__(self, fault: TileFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


class InvalidBundle(ValueError):
    """The bytes are no bundle or no tile of the width that was asked for; ``fault`` names the reason."""

    def __init__(self, fault: TileFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile of hashes: ``width`` of them (256 when it is full), the ``index``-th of its level."""

    level: int
    index: int
    width: int = FULL_WIDTH

    def __post_init__(self) -> None:
        _require(self.level, 0, MAX_LEVEL, TileFault.LEVEL, "level")
        _require_place(self.index, self.width)

    @property
    def is_full(self) -> bool:
        """Whether it can never grow."""
        return self.width == FULL_WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's address, like ``tile/0/x001/067.p/5``."""
        return f"tile/{self.level}/{_spelt(self.index, self.width)}"

    @property
    def full(self) -> "Tile":
        """The same tile once it is full."""
        return Tile(self.level, self.index)


@dataclass(frozen=True, slots=True, order=True)
class EntryBundle:
    """The entries below a tile of level 0."""

    index: int
    width: int = FULL_WIDTH

    def __post_init__(self) -> None:
        _require_place(self.index, self.width)

    @property
    def is_full(self) -> bool:
        """Whether it can never grow."""
        return self.width == FULL_WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's address, like ``tile/entries/x001/067``."""
        return f"tile/entries/{_spelt(self.index, self.width)}"

    @property
    def full(self) -> "EntryBundle":
        """The same bundle once it is full."""
        return EntryBundle(self.index)


class Place(NamedTuple):
    """Where a complete subtree lies: hashes ``offset`` to ``offset + width`` of a tile; one hash when width is 1."""

    tile_level: int
    tile_index: int
    offset: int
    width: int


def parse_path(path: str) -> Tile | EntryBundle:
    """Return what the path names; raises ``InvalidTilePath`` unless it is spelt exactly as ``.path`` spells it."""
    if not isinstance(path, str) or len(path) > _MAX_PATH:
        raise InvalidTilePath(TileFault.PATH_TOO_LONG, f"A tile's path has at most {_MAX_PATH} characters.")
    match = _PATH.fullmatch(path)
    if match is None:
        raise InvalidTilePath(TileFault.MALFORMED_PATH, "A tile's path is like tile/0/x001/067 or tile/0/067.p/5.")
    kind, groups, width_digits = match.groups()
    if groups.startswith("x000/") or any(_PADDED.fullmatch(number) for number in (kind, width_digits or "")):
        raise InvalidTilePath(TileFault.LEADING_ZEROS, "A tile's path has no zeros that could be left out.")
    width = int(width_digits) if width_digits else FULL_WIDTH
    if width_digits and not 1 <= width < FULL_WIDTH:
        raise InvalidTilePath(TileFault.WIDTH, "A partial tile is 1 to 255 wide.")
    index = int(groups.replace("x", "").replace("/", ""))
    return EntryBundle(index, width) if kind == "entries" else Tile(int(kind), index, width)


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return the bundle of 1 to 256 entries of at most 65,535 bytes: each after its length in two bytes, big-endian.

    Raises ``InvalidBundle``.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise InvalidBundle(
                TileFault.ENTRY_TOO_LARGE, f"An entry has at most {MAX_ENTRY_BYTES:,} bytes, not {len(entry):,}."
            )
        parts += len(entry).to_bytes(_LENGTH_BYTES, "big"), entry
        if len(parts) > 2 * FULL_WIDTH:
            break
    _require_bundle_width(len(parts) // 2)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int = FULL_WIDTH) -> list[bytes]:
    """Return the ``width`` entries of a bundle; raises ``InvalidBundle`` when it has fewer or when bytes are left."""
    _require_bundle_width(width)
    entries: list[bytes] = []
    at, end = 0, len(data)
    for _ in range(width):
        first = at + _LENGTH_BYTES
        at = first + (data[at] << 8 | data[at + 1]) if first <= end else end + 1
        if at > end:
            raise InvalidBundle(TileFault.TRUNCATED, f"The bundle ends in entry {len(entries)} of {width}.")
        entries.append(data[first:at])
    if at != end:
        raise InvalidBundle(TileFault.TRAILING_BYTES, f"{end - at:,} bytes follow the last entry of the bundle.")
    return entries


def decode_tile(data: bytes, width: int = FULL_WIDTH) -> list[bytes]:
    """Return the ``width`` hashes of 32 bytes of a tile; raises ``InvalidBundle`` for any other length."""
    _require_bundle_width(width)
    if len(data) != width * HASH_BYTES:
        raise InvalidBundle(
            TileFault.TILE_LENGTH, f"A tile of {width} hashes has {width * HASH_BYTES:,} bytes, not {len(data):,}."
        )
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def tiles_of(size: int) -> Iterator[Tile]:
    """Return the tiles of a tree of this size, from the lowest level up, each level from left to right."""
    return new_tiles(0, size)


def new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """Return the tiles that a tree of ``new_size`` has and one of ``old_size`` has not; a wider one is another tile.

    Raises ``InvalidTilePath`` unless 0 <= old_size <= new_size < 2^63.
    """
    _require_sizes(old_size, new_size)
    return (
        Tile(level, index, width)
        for level in range((MAX_SIZE.bit_length() + HEIGHT - 1) // HEIGHT)
        for index, width in _grown(old_size >> HEIGHT * level, new_size >> HEIGHT * level)
    )


def new_bundles(old_size: int, new_size: int) -> Iterator[EntryBundle]:
    """Return the bundles that a log of ``new_size`` has and one of ``old_size`` has not; errors as ``new_tiles``."""
    _require_sizes(old_size, new_size)
    return (EntryBundle(index, width) for index, width in _grown(old_size, new_size))


def tile_for(level: int, position: int) -> Place:
    """Return where the root of the complete subtree over leaves ``position << level`` … lies in the tiles.

    When ``level`` is a multiple of 8 the hash itself is stored; else it is the root over ``width`` stored hashes.
    """
    inside = level % HEIGHT
    first = position << inside
    return Place(level // HEIGHT, first // FULL_WIDTH, first % FULL_WIDTH, 1 << inside)


def width_at(tile_level: int, index: int, size: int) -> int:
    """Return how many hashes the tile has in a tree of this size: 0 when it is not there yet, 256 when it is full."""
    return max(0, min(FULL_WIDTH, (size >> HEIGHT * tile_level) - index * FULL_WIDTH))


def hash_in_tile(place: Place, data: bytes) -> bytes:
    """Return the subtree's root (32 bytes) out of the bytes of its tile; raises ``InvalidBundle`` when too short."""
    row = [data[at : at + HASH_BYTES] for at in range(place.offset * HASH_BYTES, len(data), HASH_BYTES)][: place.width]
    if len(row) != place.width or len(row[-1]) != HASH_BYTES:
        raise InvalidBundle(TileFault.TRUNCATED, "The tile ends before the hashes that are needed.")
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _grown(old_count: int, new_count: int) -> Iterator[tuple[int, int]]:
    """Return index and width of the tiles over ``new_count`` hashes that are not those over ``old_count``."""
    if new_count > old_count:
        for index in range(old_count // FULL_WIDTH, (new_count + FULL_WIDTH - 1) // FULL_WIDTH):
            yield index, min(FULL_WIDTH, new_count - index * FULL_WIDTH)


def _spelt(index: int, width: int) -> str:
    digits = f"{index:,}".split(",")
    groups = "/".join(["x" + group.zfill(3) for group in digits[:-1]] + [digits[-1].zfill(3)])
    return groups if width == FULL_WIDTH else f"{groups}.p/{width}"


def _require_place(index: int, width: int) -> None:
    _require(index, 0, MAX_INDEX, TileFault.INDEX, "index")
    _require(width, 1, FULL_WIDTH, TileFault.WIDTH, "width")


def _require(number: int, least: int, most: int, fault: TileFault, name: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise InvalidTilePath(fault, f"A tile's {name} is a whole number from {least} to {most}.")


def _require_bundle_width(width: int) -> None:
    if not isinstance(width, int) or isinstance(width, bool) or not 1 <= width <= FULL_WIDTH:
        raise InvalidBundle(TileFault.WIDTH, f"A bundle and a tile have a width of 1 to {FULL_WIDTH}.")


def _require_sizes(old_size: int, new_size: int) -> None:
    for size in (old_size, new_size):
        _require(size, 0, MAX_SIZE, TileFault.SIZE, "tree's size")
    if old_size > new_size:
        raise InvalidTilePath(TileFault.SIZE, f"A tree does not shrink from {old_size} to {new_size}.")
