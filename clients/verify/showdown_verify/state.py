"""What this reader has seen of each log: the checkpoint beyond which it must have grown.

The file is replaced whole, after it is on the disk, so that a reader who dies at any line finds the old or the new one.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from showdown_verify.checkpoint import Checkpoint, parse_checkpoint
from showdown_verify.entries import read_json
from showdown_verify.note import known_verifiers, split_note
from showdown_verify.verdict import Broken, CouldNotCheck, shown

try:
    import fcntl
except ImportError:  # Windows has none; there the last of two runs at the same moment wins.
    fcntl = None  # type: ignore[assignment]

FORMAT: Final = "showdown-verify-state/1"
MAX_STATE_BYTES: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """The latest checkpoint that was verified, as it was signed, and the keys that were trusted then."""

    checkpoint: Checkpoint
    note: str
    vkeys: tuple[str, ...]


class State:
    """The state file at a path; a path that does not exist yet is an empty one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = self._read()

    def remember(self, checkpoint: Checkpoint, note: str, vkeys: tuple[str, ...]) -> None:
        """Keep a verified checkpoint, unless another run has kept a later one meanwhile.

        Raises ``Broken`` when that run saw another tree of the same size, and ``CouldNotCheck`` when nothing can be
        written.
        """
        try:
            with self._locked():
                self.logs = self._read()
                seen = self.logs.get(checkpoint.origin)
                if seen is not None:
                    require_same_tree(seen, checkpoint)
                    if seen.checkpoint.size > checkpoint.size:
                        return
                self.logs[checkpoint.origin] = Seen(checkpoint, note, vkeys)
                self._write()
        except OSError as error:
            raise CouldNotCheck(
                "state", "state-not-written", f"{shown(str(self.path))} cannot be written: {error.strerror}."
            ) from None

    def _read(self) -> dict[str, Seen]:
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_STATE_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CouldNotCheck(
                "state", "state-unreadable", f"{shown(str(self.path))} cannot be read: {error.strerror}."
            ) from None
        try:
            return _parse(data)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            # Starting anew would forget what must not be forgotten, so that is for a person to decide.
            raise CouldNotCheck(
                "state",
                "state-damaged",
                f"{shown(str(self.path))} is no state file of this program ({shown(str(error))}); it is left as it is.",
            ) from None

    def _write(self) -> None:
        logs = {origin: {"checkpoint": seen.note, "keys": list(seen.vkeys)} for origin, seen in self.logs.items()}
        document = {"format": FORMAT, "logs": logs}
        folder = self.path.parent
        number, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=folder)
        try:
            with open(number, "w", encoding="utf-8") as file:
                json.dump(document, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other runs with the same file waiting; the system lets go of the lock when this one dies."""
        with Path(f"{self.path}.lock").open("a") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def require_same_tree(seen: Seen, checkpoint: Checkpoint) -> None:
    """Refuse another root for a size that was seen; raises ``Broken``."""
    if seen.checkpoint.size == checkpoint.size and seen.checkpoint.root != checkpoint.root:
        raise Broken(
            "consistency",
            "fork",
            f"Two trees of {checkpoint.size:,} entries are signed: this one and the one that was seen before.",
            where="checkpoint",
        )


def _parse(data: bytes) -> dict[str, Seen]:
    document = read_json(data.decode("utf-8"), "The file")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("it has another format")
    logs: Mapping[str, Any] = document["logs"]
    seen = {}
    for origin, log in logs.items():
        text, _lines = split_note(log["checkpoint"].encode("utf-8"))
        checkpoint = parse_checkpoint(text)
        if checkpoint.origin != origin:
            raise ValueError("a checkpoint stands under another origin")
        vkeys = tuple(log["keys"])
        known_verifiers(vkeys)
        seen[origin] = Seen(checkpoint, log["checkpoint"], vkeys)
    return seen
