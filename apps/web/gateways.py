"""Where exports lie: a folder of its own for each, that only the platform's account can read."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from apps.web.domain.bundle import NAME

_BUILDING: Final = ".building"
_PIECE: Final = 1 << 20


class ExportStore:
    """Folders of exports; what is being written lies apart and appears in one rename."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else Path(settings.EXPORTS_DIR)

    def begin(self, folder: str) -> Path:
        """Return the path of a bundle to write, in an empty folder; what an earlier attempt left is gone."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        building = self.root / _BUILDING / folder
        building.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        return building / NAME

    def publish(self, folder: str) -> tuple[int, str]:
        """Bring the bundle to the disk and let it appear; return its bytes and SHA-256 in hexadecimal digits."""
        building = self.root / _BUILDING / folder
        path = building / NAME
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        size = path.stat().st_size
        shutil.rmtree(self.root / folder, ignore_errors=True)
        building.rename(self.root / folder)
        return size, digest

    def discard(self, folder: str) -> None:
        """Throw away what is being written."""
        shutil.rmtree(self.root / _BUILDING / folder, ignore_errors=True)

    def remove(self, folder: str) -> None:
        """Take an export off the disk."""
        shutil.rmtree(self.root / folder, ignore_errors=True)

    def path(self, folder: str) -> Path | None:
        """Return where a bundle lies, or None when it is not there."""
        path = self.root / folder / NAME
        return path if path.is_file() else None


def pieces(path: Path) -> Iterator[bytes]:
    """Yield a file a megabyte at a time."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
