"""Files that are whole or not there, whenever the machine stops."""

import os
from pathlib import Path


def write_durably(target: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Put ``data`` into ``target`` in one step, on the disk when this returns; ``mode`` is narrowed by the umask.

    Whoever reads sees what was there before or all that is new. One writer for each file at a time.
    """
    prepare(target, data, mode=mode).rename(target)
    sync_folder(target.parent)


def prepare(target: Path, data: bytes, *, mode: int = 0o666) -> Path:
    """Write ``data`` to the disk beside ``target``, under a name that only it has; return that name."""
    waiting = target.with_name(f".{target.name}.writing")
    # One that a killed process left is written over.
    with open(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return waiting


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
