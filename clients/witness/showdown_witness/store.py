"""What the witness countersigned last for each log, on the disk before anybody hears of it."""

import fcntl
import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from showdown_witness import durable
from showdown_witness.obstacle import Obstacle

FORMAT: Final = "showdown-witness-state/1"
_ONLY_US: Final = 0o700
_ROOT_DIGITS: Final = 64


class Superseded(Exception):
    """Somebody else's checkpoint was countersigned in between; ``latest`` is what holds now."""

    def __init__(self, latest: "Cosigned | None") -> None:
        super().__init__("The witness has countersigned another checkpoint in between.")
        self.latest = latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """The latest checkpoint of one log that was countersigned.

    ``root`` has 64 hexadecimal digits, ``note`` is the log's checkpoint with its own signatures, ``line`` our
    cosignature, and ``timestamp`` its moment in seconds since 1970.
    """

    origin: str
    size: int
    root: str
    note: str
    line: str
    timestamp: int


class Store:
    """The state folder, held by one process at a time.

    One file holds the latest checkpoint of every log. It is made before the key, so that a key without it is known to
    have lost its memory, and must never sign again.
    """

    def __init__(self, folder: Path) -> None:
        """Hold the folder; raises ``Obstacle`` when another witness works with it."""
        self.folder = folder
        self._changing = threading.Lock()
        self._latest: dict[str, Cosigned] = {}
        try:
            folder.mkdir(mode=_ONLY_US, parents=True, exist_ok=True)
            self._lock = _held(folder / "lock")
            durable.clear(folder)
        except OSError as error:
            raise Obstacle(f"The folder {folder} cannot be used ({error.strerror}); choose another.") from error

    @property
    def path(self) -> Path:
        """The file with the latest checkpoints."""
        return self.folder / "cosigned.json"

    def open(self, *, key_exists: bool) -> None:
        """Read what was countersigned; the first time, begin with nothing.

        Raises ``Obstacle`` when it cannot be read, or is gone although the key is there.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            if key_exists:
                raise Obstacle(
                    f"{self.path} is gone, so this witness does not know what it has countersigned. Bring the file "
                    "back; if you cannot, this key must never sign again: begin anew in an empty folder and have the "
                    "new key registered."
                ) from None
            durable.create(self.path, _content({}))
            return
        except OSError as error:
            raise Obstacle(f"{self.path} cannot be read ({error.strerror}).") from error
        self._latest = _read(self.path, content)

    def latest(self, origin: str) -> Cosigned | None:
        """Return what was countersigned last for a log, or None."""
        return self._latest.get(origin)

    def all(self) -> list[Cosigned]:
        """Return the latest of every log, by origin."""
        return [latest for _origin, latest in sorted(self._latest.items())]

    def put(self, new: Cosigned, *, instead_of: Cosigned | None) -> None:
        """Keep a checkpoint in place of exactly the one that it was checked against.

        When this returns, it survives a power cut. Raises ``Superseded`` when another one was kept in between, and
        ``OSError`` when the disk does not take it; then nothing may be answered.
        """
        with self._changing:
            if self._latest.get(new.origin) != instead_of:
                raise Superseded(self._latest.get(new.origin))
            changed = self._latest | {new.origin: new}
            durable.replace(self.path, _content(changed))
            self._latest = changed

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()


def _held(path: Path) -> IO[str]:
    lock = path.open("a")
    path.chmod(durable.ONLY_US)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Obstacle(f"Another witness works with {path.parent}; two must never share a memory. Stop it.") from None
    return lock


def _content(latest: Mapping[str, Cosigned]) -> bytes:
    logs = [asdict(latest[origin]) for origin in sorted(latest)]
    return json.dumps({"format": FORMAT, "logs": logs}, ensure_ascii=False, indent=2).encode() + b"\n"


def _read(path: Path, content: bytes) -> dict[str, Cosigned]:
    try:
        told = json.loads(content)
        if told["format"] != FORMAT:
            raise ValueError(f"its format is {told['format']!r}")
        found = [_cosigned(one) for one in told["logs"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # To guess at a memory is to risk a second history.
        raise Obstacle(f"{path} does not read as the memory of a witness ({error}). Bring the file back.") from error
    latest = {one.origin: one for one in found}
    if len(latest) != len(found):
        raise Obstacle(f"{path} names one log twice. Bring the file back.")
    return latest


def _cosigned(told: Mapping[str, Any]) -> Cosigned:
    one = Cosigned(**told)
    for name, kind in Cosigned.__annotations__.items():
        value = getattr(one, name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{name} is no {kind.__name__}")
    if one.size < 0 or one.timestamp < 0 or len(bytes.fromhex(one.root)) * 2 != _ROOT_DIGITS:
        raise ValueError("a number is negative, or a root is not 32 bytes")
    origin, size, *_rest = one.note.split("\n")
    if (origin, size) != (one.origin, str(one.size)):
        raise ValueError("a checkpoint is not the one that it is kept as")
    return one
