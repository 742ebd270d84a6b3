"""The one door through which bytes of an edition leave: whole and unchanged files only, each read in the journal."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import Refused
from apps.licensing.domain.journal import ReadLine
from apps.licensing.domain.ranges import Span
from apps.licensing.gateways.journal import ReadJournal

PIECE: Final = 1 << 20
_RACY_SECONDS: Final = 2.0
_MOST_REMEMBERED: Final = 4096


class FileMissing(Refused):
    """The file that the manifest names is not where it should be."""


class FileChanged(Refused):
    """The file is not the one that the manifest names."""


class StorageUnwell(Refused):
    """The disk of the releases does not answer or has no room for the journal; nothing leaves without it."""


# What the kernel says about a file whenever its bytes change, whoever changes them; see `_is_as_named`.
_Stamp = tuple[int, int, int, int, int]
_seen: dict[tuple[_Stamp, str], None] = {}


class OpenedFile:
    """A file of an edition, open and compared with its manifest; bytes leave by ``pieces`` alone."""

    def __init__(
        self, handle: int, *, folder: str, name: str, sha256: str, journal: ReadJournal, clock: Callable[[], datetime]
    ) -> None:
        self._handle = handle
        self._stamp = _stamp(handle)
        self._told = {"folder": folder, "file": name, "sha256": sha256}
        self._journal = journal
        self._clock = clock
        self._is_open = True

    def pieces(self, span: Span, *, answer: int) -> Iterator[bytes]:
        """Write the read into the journal, then return the bytes, a megabyte at a time.

        ``answer`` is the number of the row that claimed them, 0 for none. Raises ``StorageUnwell`` before the first
        byte when the journal cannot be written, and ``FileChanged`` on the way when somebody writes into the file.
        """
        at = self._clock()
        line = ReadLine(at=time_text(at), start=span.start, until=span.until, answer=answer, **self._told)
        try:
            self._journal.write(line, day=at.date())
        except OSError as error:
            raise _unwell() from error
        return self._pieces(span)

    def _pieces(self, span: Span) -> Iterator[bytes]:
        place = span.start
        while place < span.until:
            piece = os.pread(self._handle, min(PIECE, span.until - place), place)
            if not piece or _stamp(self._handle) != self._stamp:
                raise FileChanged(_("The file changed while it was being sent."))
            place += len(piece)
            yield piece

    def close(self) -> None:
        """Let the file go; the second time changes nothing."""
        if self._is_open:
            self._is_open = False
            os.close(self._handle)


class EditionReader:
    """Opens files of editions for whoever sends them on."""

    def __init__(self, root: Path | None = None, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self.root = root if root is not None else Path(settings.RELEASES_DIR)
        self.journal = ReadJournal(self.root)
        self._clock = clock

    def open(self, folder: str, name: str, *, sha256: str, size: int) -> OpenedFile:
        """Open a file and compare it with what its manifest says: its size, and its SHA-256 in hexadecimal digits.

        Raises ``FileMissing``, ``FileChanged``, and ``StorageUnwell`` when the disk does not answer.
        """
        handle = self._handle_of(folder, name)
        try:
            if not _is_as_named(handle, sha256=sha256, size=size):
                raise FileChanged(_("The file in our storage is not the one that the manifest names."))
        except OSError as error:
            os.close(handle)
            raise _unwell() from error
        except FileChanged:
            os.close(handle)
            raise
        return OpenedFile(handle, folder=folder, name=name, sha256=sha256, journal=self.journal, clock=self._clock)

    def _handle_of(self, folder: str, name: str) -> int:
        if any(Path(part).name != part or part.startswith(".") for part in (folder, name)):
            raise FileMissing(_("There is no such file."))
        try:
            # No step of the way may be a link that somebody has put there.
            parent = os.open(self.root / folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
            finally:
                os.close(parent)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                raise FileMissing(_("The file is missing from our storage.")) from error
            raise _unwell() from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise FileMissing(_("The file is missing from our storage."))
        return handle


def _is_as_named(handle: int, *, sha256: str, size: int) -> bool:
    """Say whether an open file is what its manifest says; a file that was compared before is not read again.

    Remembered is what the kernel changes with every write: inode, size and both times, of which nobody but whoever
    sets the machine's clock can set the last. A file that was changed within these two seconds may change again within
    the same tick of the clock, so it is read each time.
    """
    before = _stamp(handle)
    if before[2] != size:
        return False
    if (before, sha256) in _seen:
        return True
    with os.fdopen(os.dup(handle), "rb") as file:
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256 or _stamp(handle) != before:
        return False
    if time.time() - before[4] / 1e9 > _RACY_SECONDS:
        if len(_seen) >= _MOST_REMEMBERED:
            _seen.clear()
        _seen[before, sha256] = None
    return True


def _stamp(handle: int) -> _Stamp:
    found = os.fstat(handle)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _unwell() -> StorageUnwell:
    return StorageUnwell(_("Our storage does not answer. Nothing was sent; please try again later."))
