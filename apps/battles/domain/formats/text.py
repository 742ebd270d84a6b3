"""Lines of a text file as Unicode, or one clear sentence about why they are not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from apps.battles.domain.formats.rows import UnreadableFile

#: A line longer than this (bytes) is no line of a table of battles.
LONGEST_LINE: Final = 64 * 1024 * 1024

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BOM: Final = b"\xef\xbb\xbf"
#: What packed files begin with, and what unpacks them.
_PACKED: Final = {
    b"\x1f\x8b": "gunzip",
    b"PK\x03\x04": "unzip",
    b"BZh": "bunzip2",
    b"\xfd7zXZ\x00": "unxz",
    b"\x28\xb5\x2f\xfd": "unzstd",
}


def usable_file(path: Path) -> Path:
    """Return the path if it names a file with something in it; raises ``UnreadableFile`` with the way out."""
    try:
        if path.is_dir():
            inside = sorted(entry.name for entry in path.iterdir() if entry.suffix in {".csv", ".parquet"})
            hint = f" (for example {inside[0]} in it)" if inside else ""
            raise UnreadableFile(f"{path} is a directory; name the file{hint}.")
        if not path.exists():
            raise UnreadableFile(f"There is no file {path}.")
        if not path.is_file():
            raise UnreadableFile(f"{path} is not a regular file.")
        if path.stat().st_size == 0:
            raise UnreadableFile(f"{path} is empty.")
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as failure:
        raise UnreadableFile(f"{path} cannot be read: {failure.strerror}.") from failure
    for magic, tool in _PACKED.items():
        if start.startswith(magic):
            raise UnreadableFile(f"{path} is packed; unpack it first with: {tool}")
    return path


class Lines:
    """The lines of a UTF-8 file, each with its number from 1 and its ending; a byte order mark is passed over."""

    def __init__(self, path: Path) -> None:
        self.path = usable_file(path)
        self.size = path.stat().st_size
        self.done = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        number = 0
        try:
            with self.path.open("rb") as file:
                while raw := file.readline(LONGEST_LINE):
                    number += 1
                    self.done += len(raw)
                    if number == 1:
                        self._look_at_the_start(raw)
                        raw = raw.removeprefix(_BOM)
                    if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                        raise UnreadableFile(f"{self.path}: line {number} is longer than {LONGEST_LINE >> 20} MiB.")
                    yield number, self._decoded(raw, number)
        except OSError as failure:
            raise UnreadableFile(f"{self.path} cannot be read after line {number}: {failure.strerror}.") from failure

    def _look_at_the_start(self, raw: bytes) -> None:
        if raw.startswith(_UTF16):
            raise UnreadableFile(
                f"{self.path} is UTF-16 and has to be UTF-8; convert it with: iconv -f UTF-16 -t UTF-8 OLD > NEW"
            )
        if b"\0" in raw:
            raise UnreadableFile(f"{self.path} is not a text file: its first line holds NUL bytes.")

    def _decoded(self, raw: bytes, number: int) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as failure:
            raise UnreadableFile(
                f"{self.path}: line {number} is not UTF-8 (byte 0x{raw[failure.start]:02X} at {failure.start + 1}). "
                "If the file is Latin-1, convert it with: iconv -f LATIN1 -t UTF-8 OLD > NEW"
            ) from failure
