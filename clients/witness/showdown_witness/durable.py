"""Files that are whole or not there, also after a power cut: written apart, synced, renamed, and the folder synced."""

import os
from pathlib import Path
from typing import Final

ONLY_US: Final = 0o600
_APART: Final = ".new"


def clear(folder: Path) -> None:
    """Remove what a killed run was writing; whoever calls this holds the folder."""
    for left in folder.glob(f".*{_APART}"):
        left.unlink()


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_apart(path: Path, content: bytes) -> Path:
    """Write a file beside its later place, readable by its owner alone, and wait until it is on the disk."""
    apart = path.with_name(f".{path.name}{_APART}")
    # After a full disk something may be there still.
    handle = os.open(apart, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, ONLY_US)
    try:
        written = 0
        while written < len(content):
            written += os.write(handle, content[written:])
        os.fsync(handle)
    finally:
        os.close(handle)
    return apart


def replace(path: Path, content: bytes) -> None:
    """Put a file in place of the one before; when this returns, the new one survives a power cut."""
    os.replace(write_apart(path, content), path)
    sync_folder(path.parent)


def create(path: Path, content: bytes) -> None:
    """Put a file where none is; raises ``FileExistsError`` where one is, and leaves that one as it was."""
    apart = write_apart(path, content)
    try:
        # A link, unlike a rename, never takes another file's place.
        os.link(apart, path)
    finally:
        apart.unlink(missing_ok=True)
    sync_folder(path.parent)
