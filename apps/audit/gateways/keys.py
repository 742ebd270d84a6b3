"""The folder with the log's private keys and with what they signed last; only the sequencer's process may know it.

Beside the database it is the other half of the log: whoever restores one of them without the other is found out here.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from apps.audit.domain.checkpoint import Checkpoint, InvalidCheckpoint, parse_checkpoint
from apps.audit.domain.merkle import EMPTY_ROOT
from apps.audit.domain.note import InvalidNote, Signer, parse_skey
from apps.audit.domain.stopped import MemoryLost, NoKey
from apps.audit.gateways.durable import sync_folder, write_durably

_OURS_ALONE: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeysInUse(RuntimeError):
    """Another process signs with these keys."""


class KeyFolder:
    """The private keys of one log. Each is a file named after its id: ``.key`` signs, ``.new`` is not announced yet."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder
        self.origin = origin

    def make(self) -> None:
        """Make the folder, for its owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from signing until this one leaves or dies; raises ``KeysInUse`` and ``NoKey``."""
        try:
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OURS_ALONE)
        except FileNotFoundError:
            raise self._no_key("is not there") from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise KeysInUse(f"Another process signs with the keys in {self.folder}.") from None
            yield
        finally:
            os.close(descriptor)

    def signers(self) -> list[Signer]:
        """Return the keys that sign now; raises ``NoKey`` when there is none, or one that may not be used."""
        found = [self._read(path) for path in sorted(self.folder.glob("*.key"))]
        if not found:
            raise self._no_key("holds no key")
        return found

    def has_keys(self) -> bool:
        """Whether any key signs now."""
        return any(True for _key in self.folder.glob("*.key"))

    def prepared(self) -> Signer:
        """Return the key that will sign next: one that waits for its announcement, or a new one."""
        for path in sorted(self.folder.glob("*.new")):
            return self._read(path)
        signer = Signer.generate(self.origin)
        write_durably(self._path(signer.key_id.hex(), ".new"), f"{signer.skey}\n".encode(), mode=_OURS_ALONE)
        return signer

    def activate(self, key_id: str) -> None:
        """Let a prepared key sign."""
        self._path(key_id, ".new").rename(self._path(key_id, ".key"))
        sync_folder(self.folder)

    def destroy(self, key_id: str) -> bool:
        """Remove a private key; return whether there was one."""
        paths = [path for ending in (".key", ".new") if (path := self._path(key_id, ending)).exists()]
        for path in paths:
            path.unlink()
            sync_folder(self.folder)
        return bool(paths)

    def _path(self, key_id: str, ending: str) -> Path:
        return self.folder / f"{key_id}{ending}"

    def _read(self, path: Path) -> Signer:
        if path.stat().st_mode & _OTHERS:
            raise NoKey(f"Others can read the key {path}, so it is not used: chmod 600 {path}")
        try:
            key = parse_skey(path.read_text(encoding="ascii").removesuffix("\n"))
        except (InvalidNote, UnicodeDecodeError) as error:
            raise NoKey(f"{path} holds no key: {error} Bring it back from its copy.") from None
        if not isinstance(key, Signer) or key.name != self.origin:
            raise NoKey(f"The key {path} is named {key.name}, and this log is {self.origin}: see SHOWDOWN_LOG_ORIGIN.")
        return key

    def _no_key(self, why: str) -> NoKey:
        return NoKey(
            f"The folder of the log's keys, {self.folder}, {why}. A new log gets its key with `manage.py log_key "
            "create`; an old one whose folder is not mounted or was lost: see 'The log' in docs/runbook.md."
        )


class SignerMemory:
    """The head that was signed last, kept beside the keys and outside the database.

    Without it, whoever restores an old database could make the log sign a second history.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self.path = folder / "last-signed"
        self.origin = origin

    @property
    def exists(self) -> bool:
        """Whether there is a memory, be it that of a log that signed nothing yet."""
        return self.path.exists()

    def last(self) -> Checkpoint:
        """Return the head that was signed last, of size 0 when none was; raises ``MemoryLost``."""
        try:
            checkpoint = parse_checkpoint(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise self._lost("is not there") from None
        except (InvalidCheckpoint, UnicodeDecodeError) as error:
            raise self._lost(f"cannot be read ({error})") from None
        if checkpoint.origin != self.origin:
            raise self._lost(f"is that of the log {checkpoint.origin}, and this one is {self.origin}")
        return checkpoint

    def begin(self) -> None:
        """Begin the memory of a log that has signed nothing."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(Checkpoint(self.origin, 0, EMPTY_ROOT))

    def remember(self, checkpoint: Checkpoint) -> None:
        """Keep what is about to be signed; raises ``ValueError`` for one that is smaller than the last."""
        if self.exists and checkpoint.size < self.last().size:
            raise ValueError("The memory of a signer never goes back.")
        self._write(checkpoint)

    def _write(self, checkpoint: Checkpoint) -> None:
        write_durably(self.path, checkpoint.text.encode(), mode=_OURS_ALONE)

    def _lost(self, why: str) -> MemoryLost:
        return MemoryLost(
            f"What the log signed last, {self.path}, {why}. Nothing is signed without it. Find the newest checkpoint "
            "that anybody has, and tell it: `manage.py log_key remember FILE` (docs/runbook.md, 'The log')."
        )
