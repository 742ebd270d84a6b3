"""Proof that a log lied, kept for others to see: two checkpoints that the log signed and that cannot both be true."""

import hashlib
from pathlib import Path
from typing import Final

from showdown_witness import durable

MOST_FILES: Final = 100
_ONLY_US: Final = 0o700


class Evidence:
    """A folder of pairs of checkpoints; the same pair is kept once, and never more than a hundred."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, first: str, second: str) -> Path | None:
        """Keep two signed notes in one file and return it, or None when the disk or the folder is full."""
        # The text decides, not the signatures, of which a log can make any number.
        texts = sorted({_text(first), _text(second)})
        path = self.folder / f"{hashlib.sha256(''.join(texts).encode()).hexdigest()[:32]}.txt"
        try:
            self.folder.mkdir(mode=_ONLY_US, exist_ok=True)
            if path.exists():
                return path
            if len(list(self.folder.iterdir())) >= MOST_FILES:
                return None
            durable.replace(path, f"{first}\n{second}".encode())
        except OSError:
            return None
        return path


def _text(note: str) -> str:
    return note.rpartition("\n\n")[0]
