"""Where a log is read from: what a folder, an archive and an address have in common, and the limits of each file."""

import time
from collections.abc import Collection
from typing import Final, Protocol

from showdown_verify.merkle import HASH_BYTES
from showdown_verify.note import MAX_NOTE_BYTES
from showdown_verify.tiles import FULL_WIDTH, MAX_ENTRY_BYTES, EntryBundle, Tile
from showdown_verify.verdict import CouldNotCheck

CHECKPOINT: Final = "checkpoint"
KEYS: Final = "keys"
COSIGNATURES: Final = "cosignatures/"
MAX_KEYS_BYTES: Final = 1_000_000
MAX_MANIFEST_BYTES: Final = 64_000_000
MAX_CHECKPOINT_BYTES: Final = MAX_NOTE_BYTES


class Deadline:
    """How long the whole verification may take, in seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raises ``CouldNotCheck`` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise CouldNotCheck(
                "time", "too-slow", f"Not done within {self.seconds:g} seconds; give it more with --seconds."
            )
        return left


class Missing(Exception):
    """The source has no such file."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Source(Protocol):
    """Files of a log by their paths."""

    @property
    def is_whole(self) -> bool:
        """Whether all of the log's files should be there, so that a missing one is a fault."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """Return a file of at most ``limit`` bytes; raises ``Missing``, ``Broken`` or ``CouldNotCheck``."""
        ...

    def paths_below(self, folder: str) -> Collection[str]:
        """Return the files below a folder of the bundle, as far as the source can tell."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


def largest(part: Tile | EntryBundle) -> int:
    """Return how many bytes a tile or bundle can have at most."""
    return part.width * (HASH_BYTES if isinstance(part, Tile) else 2 + MAX_ENTRY_BYTES)


def read_part(source: Source, part: Tile | EntryBundle) -> tuple[bytes, int]:
    """Return the bytes of a tile or bundle and its width, which is 256 where only the full one is left.

    Raises ``Missing`` when neither is there.
    """
    try:
        return source.read(part.path, largest(part)), part.width
    except Missing:
        if part.is_full:
            raise
    try:
        return source.read(part.full.path, largest(part.full)), FULL_WIDTH
    except Missing:
        raise Missing(part.path) from None
