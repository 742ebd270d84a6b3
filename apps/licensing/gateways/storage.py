"""Where editions lie: folders below the releases' storage that appear whole or not at all."""

import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings

from apps.licensing.domain.edition import ENTRY, MANIFEST, PROOF, sha256_of

_BUILDING: Final = ".building"
_ONLY_US: Final = 0o700
# What no manifest can name: itself, and what is written once the log has it.
_UNNAMED: Final = frozenset({MANIFEST, PROOF, ENTRY})


class StoredFile(NamedTuple):
    """A file of an edition as it lies on the disk."""

    name: str
    sha256: str


class EditionStore:
    """Folders of editions; what is being built lies apart and moves in one rename."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else Path(settings.RELEASES_DIR)

    def begin(self, name: str) -> Path:
        """Return an empty folder to build in; whatever an earlier attempt left there is gone."""
        folder = self.root / _BUILDING / name
        self.root.mkdir(mode=_ONLY_US, parents=True, exist_ok=True)
        folder.parent.mkdir(mode=_ONLY_US, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=_ONLY_US)
        return folder

    def write(self, name: str, file: str, content: bytes) -> None:
        """Write a small file into the folder that is being built under a name."""
        (self.root / _BUILDING / name / file).write_bytes(content)

    def publish(self, name: str) -> None:
        """Make everything in the folder safe on the disk, then let it appear under its name."""
        building = self.root / _BUILDING / name
        for path in sorted(building.iterdir()):
            path.chmod(0o600)
            _sync(path)
        _sync(building)
        building.rename(self.root / name)
        _sync(self.root)

    def discard(self, name: str) -> None:
        """Throw away what is being built."""
        shutil.rmtree(self.root / _BUILDING / name, ignore_errors=True)

    def remove(self, name: str) -> None:
        """Take an edition off the disk: out of reach in one rename, then file by file."""
        published = self.root / name
        if not published.exists():
            return
        gone = self.begin(f"{name}.gone")
        published.rename(gone / "edition")
        shutil.rmtree(gone, ignore_errors=True)

    def names(self) -> list[str]:
        """Return the names of the editions that are there."""
        if not self.root.exists():
            return []
        return sorted(path.name for path in self.root.iterdir() if path.is_dir() and path.name != _BUILDING)

    def left_behind(self) -> list[str]:
        """Return the names of the folders in which somebody builds, or died building."""
        building = self.root / _BUILDING
        return sorted(path.name for path in building.iterdir()) if building.exists() else []

    def manifest(self, name: str) -> bytes | None:
        """Return the manifest of an edition that is there, else None."""
        path = self.root / name / MANIFEST
        return path.read_bytes() if path.exists() else None

    def files(self, name: str) -> list[StoredFile]:
        """Return the files that an edition's manifest should name, each with its SHA-256, by name."""
        found = sorted(path for path in (self.root / name).iterdir() if path.name not in _UNNAMED)
        return [StoredFile(path.name, sha256_of(path)) for path in found]

    def has(self, name: str, file: str) -> bool:
        """Whether an edition that is there has a file."""
        return (self.root / name / file).is_file()

    def add(self, name: str, file: str, content: bytes) -> None:
        """Put a small file beside an edition that is there; it appears whole or not at all."""
        folder = self.root / name
        unfinished = folder / f".{file}"
        unfinished.write_bytes(content)
        unfinished.chmod(0o600)
        _sync(unfinished)
        unfinished.rename(folder / file)
        _sync(folder)


def _sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
