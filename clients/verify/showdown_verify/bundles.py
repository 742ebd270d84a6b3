"""A log as a folder or a .zip of files, made by somebody who may wish us ill.

Nothing is unpacked, nothing outside is read, and no file is read further than its kind allows.
"""

import errno
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from showdown_verify.sources import Missing
from showdown_verify.verdict import Broken, CouldNotCheck, shown

MAX_LISTED: Final = 1_000_000
MAX_DIRECTORY_BYTES: Final = 64_000_000
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_END64: Final = b"PK\x06\x06"
_END64_BYTES: Final = 56
_LOCATOR_BYTES: Final = 20
_IN_THE_WIDE_ONE: Final = 2**32 - 1
_MAX_COMMENT: Final = 65_535
_ENCRYPTED: Final = 0x1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UNREADABLE: Final = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
)
_GOOD_NAME: Final = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*/?")


class FolderBundle:
    """A folder; only regular files count, so that no pipe can keep us waiting."""

    is_whole = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, limit: int) -> bytes:
        """Return a file of at most ``limit`` bytes; raises ``Missing``, ``Broken`` or ``CouldNotCheck``."""
        try:
            # Opening a pipe would wait for somebody to write into it.
            number = os.open(self._folder / path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise Missing(path) from None
            raise CouldNotCheck("files", "unreadable", f"Cannot be read: {error.strerror}.", where=path) from None
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise Broken("files", "not-a-file", "It is no regular file.", where=path)
        with open(number, "rb") as file:
            try:
                data = file.read(limit + 1)
            except OSError as error:
                raise CouldNotCheck("files", "unreadable", f"Cannot be read: {error.strerror}.", where=path) from None
        return _within(data, limit, path)

    def paths_below(self, folder: str) -> Collection[str]:
        """Return the files directly below a folder; raises ``CouldNotCheck`` when it cannot be listed."""
        found: set[str] = set()
        try:
            with os.scandir(self._folder / folder) as listed:
                for entry in listed:
                    found.add(folder + entry.name)
                    if len(found) > MAX_LISTED:
                        raise CouldNotCheck("files", "too-many-files", f"More than {MAX_LISTED:,} files.", where=folder)
        except (FileNotFoundError, NotADirectoryError):
            return found
        except OSError as error:
            raise CouldNotCheck("files", "unreadable", f"Cannot be listed: {error.strerror}.", where=folder) from None
        return found

    def close(self) -> None:
        """Nothing is held open."""


class ZipBundle:
    """A .zip file: names that lead elsewhere, repeated ones and what unpacks to more than it may are refused."""

    is_whole = True

    def __init__(self, path: Path) -> None:
        _require_small_directory(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except _UNREADABLE as error:
            raise CouldNotCheck("files", "not-a-zip", f"The archive cannot be read: {shown(str(error))}.") from None
        try:
            self._members = _named_once(self._zip.infolist())
        except Broken:
            self._zip.close()
            raise

    def read(self, path: str, limit: int) -> bytes:
        """Return a file of at most ``limit`` bytes; raises ``Missing`` or ``Broken``."""
        member = self._members.get(path)
        if member is None:
            raise Missing(path)
        if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
            raise Broken("files", "unknown-compression", "It is encrypted or packed in an unusual way.", where=path)
        try:
            with self._zip.open(member) as file:
                # What the directory says of the size is not believed: a small file may unpack to a huge one.
                data = file.read(limit + 1)
        except _UNREADABLE as error:
            raise Broken("files", "damaged", f"It does not unpack: {shown(str(error))}.", where=path) from None
        return _within(data, limit, path)

    def paths_below(self, folder: str) -> Collection[str]:
        """Return the files below a folder."""
        return {path for path in self._members if path.startswith(folder)}

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()


def open_bundle(path: Path) -> FolderBundle | ZipBundle:
    """Return the bundle at a path; raises ``CouldNotCheck`` when there is none and ``Broken`` for a malicious one."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise CouldNotCheck("files", "no-source", f"{shown(str(path))} cannot be read: {reason}.") from None
    if stat.S_ISDIR(mode):
        return FolderBundle(path)
    if not stat.S_ISREG(mode):
        raise CouldNotCheck("files", "no-source", f"{shown(str(path))} is neither a file nor a folder.")
    return ZipBundle(path)


def _within(data: bytes, limit: int, path: str) -> bytes:
    if len(data) > limit:
        raise Broken("files", "too-large", f"It has more than the {limit:,} bytes that it may have.", where=path)
    return data


def _named_once(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    spelt: set[str] = set()
    for member in members:
        # Python cuts a name at its first zero byte; the name as it stands in the archive tells.
        name = member.orig_filename
        if not _GOOD_NAME.fullmatch(name) or any(part in {".", ".."} for part in name.split("/")):
            raise Broken(
                "files", "unsafe-name", "A file of the archive has a name that leads elsewhere.", where=shown(name)
            )
        if name.lower() in spelt:
            raise Broken("files", "repeated-name", "The archive has two files of this name.", where=shown(name))
        spelt.add(name.lower())
        if not name.endswith("/"):
            found[name] = member
    return found


def _require_small_directory(path: Path) -> None:
    """Refuse an archive whose directory alone would fill the memory; ``zipfile`` reads it whole."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - _MAX_COMMENT - _END_BYTES - _LOCATOR_BYTES - _END64_BYTES))
            tail = file.read()
    except OSError as error:
        raise CouldNotCheck("files", "no-source", f"{shown(str(path))} cannot be read: {error.strerror}.") from None
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_BYTES:
        raise CouldNotCheck("files", "not-a-zip", f"{shown(str(path))} is neither a folder nor a whole .zip file.")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    # A wide archive has its numbers in a record of their own, right before the locator and the end.
    wide = tail[max(0, end - _LOCATOR_BYTES - _END64_BYTES) : end]
    if wide.startswith(_END64):
        directory = max(directory * (directory != _IN_THE_WIDE_ONE), int.from_bytes(wide[40:48], "little"))
    if directory > MAX_DIRECTORY_BYTES:
        raise CouldNotCheck(
            "files", "too-many-files", "The archive names more files than are read from one; unpack it into a folder."
        )
