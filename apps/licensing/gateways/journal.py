"""The journal of reads on the disk: a file a day beside the releases' storage, which only grows."""

import fcntl
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from apps.licensing.domain.journal import FIRST, ReadLine, digest_of

_LONGEST_LINE: Final = 4096


class ReadJournal:
    """Lines about reads; each is on the disk before the first byte leaves."""

    def __init__(self, releases: Path) -> None:
        self.folder = releases.with_name(f"{releases.name}-reads")

    def write(self, line: ReadLine, *, day: date) -> None:
        """Append a line and wait until it is on the disk; raises ``OSError`` when it cannot be."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(day)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            # Several processes send files at once, and each line names the one before it.
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            told = replace(line, prev=_last(handle, size)).to_bytes() + b"\n"
            # A line that was cut off by a full disk ends here, and shows.
            begins = b"" if not size or os.pread(handle, 1, size - 1) == b"\n" else b"\n"
            if os.write(handle, begins + told) != len(begins) + len(told):
                raise OSError("The journal of reads has no room for a whole line.")
            os.fsync(handle)
        finally:
            os.close(handle)

    def lines(self, day: date) -> list[bytes]:
        """Return the lines of a day, oldest first; none when there is no file."""
        path = self._path(day)
        return path.read_bytes().splitlines() if path.exists() else []

    def days(self) -> list[date]:
        """Return the days that have a file, oldest first."""
        if not self.folder.exists():
            return []
        return sorted(datetime.strptime(path.stem, "%Y-%m-%d").replace(tzinfo=UTC).date() for path in self._files())

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("????-??-??.jsonl") if path.is_file()]

    def _path(self, day: date) -> Path:
        return self.folder / f"{day.isoformat()}.jsonl"


def _last(handle: int, size: int) -> str:
    """Return what the next line names as the one before it."""
    tail = os.pread(handle, _LONGEST_LINE, max(0, size - _LONGEST_LINE)).splitlines()
    return digest_of(tail[-1]) if tail else FIRST
