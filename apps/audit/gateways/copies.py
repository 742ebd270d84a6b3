"""Copies of an exported log in folders, so that one can be altered and the original stays as it is."""

import os
import re
import zipfile
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_MOST_BYTES: Final = 64_000_000


class NoExport(ValueError):
    """What was named is no export of a log; the message says why."""


class CopyFolder:
    """A copy in a folder; a file that is written takes the old one's place and never changes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.folder / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """Write a file, or another one in its place."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # The old file may be the original's too.
        target.unlink(missing_ok=True)
        target.write_bytes(content)

    def remove(self, path: str) -> None:
        """Remove a file."""
        (self.folder / path).unlink()

    def names(self, folder: str) -> list[str]:
        """Return the paths of the files in a folder and below, sorted."""
        below = self.folder / folder
        return sorted(str(path.relative_to(self.folder)) for path in below.rglob("*") if path.is_file())

    def twin(self, folder: Path) -> "CopyFolder":
        """Return another copy with the same files, without writing their bytes again."""
        for path in self.names(""):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(self.folder / path, target)
        return CopyFolder(folder)


def take_export(source: Path, target: Path) -> CopyFolder:
    """Copy an export, a folder or a .zip, into an empty folder; raises ``NoExport``."""
    copy = CopyFolder(target)
    try:
        if source.is_dir():
            for path in CopyFolder(source).names(""):
                if _NAME.fullmatch(path):
                    copy.write(path, (source / path).read_bytes())
        else:
            with zipfile.ZipFile(source) as archive:
                for member in archive.infolist():
                    if _NAME.fullmatch(member.filename) and member.file_size <= _MOST_BYTES:
                        copy.write(member.filename, archive.read(member))
    except (OSError, zipfile.BadZipFile) as error:
        raise NoExport(f"{source} cannot be read as an export of the log: {error}") from error
    if not (target / "checkpoint").is_file():
        raise NoExport(f"{source} has no checkpoint, so it is no export of the log.")
    return copy
