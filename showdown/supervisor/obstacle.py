"""What stands in the way of a start, told in a line and with a way out instead of a traceback."""

import errno
import shutil
from pathlib import Path

# PostgreSQL and Redis pass the system's own words on.
NO_SPACE_WORDS = "No space left on device"


class Obstacle(Exception):
    """A start or stop that cannot go on: what is wrong, and the ways out."""

    def __init__(self, what: str, *ways_out: str) -> None:
        super().__init__(what)
        self.what = what
        self.ways_out = ways_out

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  -> {way}" for way in self.ways_out)])


def megabytes_free(folder: Path) -> int:
    """Return the free megabytes for this user below the nearest existing parent of a folder."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 1_000_000


def require_space(folder: Path, megabytes: int, *, purpose: str) -> None:
    """Raise an obstacle when less than so many megabytes are free where the folder is or will be."""
    free = megabytes_free(folder)
    if free < megabytes:
        raise no_space(folder, free=free, needed=f"{purpose} needs {megabytes} MB")


def no_space(folder: Path, *, free: int | None = None, needed: str = "") -> Obstacle:
    """Return the obstacle of a full disk at a folder."""
    free = megabytes_free(folder) if free is None else free
    told = f"The disk that holds {folder} is full: {free} MB are free" + (f", {needed}." if needed else ".")
    return Obstacle(
        told,
        f"free some space (see `df -h {folder}`) and start again; nothing that was saved is lost",
        "or keep the data elsewhere: SHOWDOWN_VAR=/a/larger/disk make demo",
    )


def obstacle_of(error: OSError, folder: Path) -> Obstacle:
    """Translate an error of the operating system that can meet any start."""
    place = error.filename or folder
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return no_space(folder)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Obstacle(
            f"This user may not write to {place} ({error.strerror}).",
            f"look at its owner (`ls -ld {place}`); a start as root earlier leaves files that belong to root",
            "or keep the data elsewhere: SHOWDOWN_VAR=/a/folder/of/yours make demo",
        )
    return Obstacle(f"The system refused: {error.strerror or error} ({place}).")
