"""Which logs the witness countersigns, and by which keys it knows them; only its owner says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from showdown_verify.note import Algorithm, InvalidNote, parse_vkey
from showdown_witness.obstacle import Obstacle

MOST_BYTES: Final = 1_000_000
_WORDS: Final = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log: ``origin`` is the name of each of its keys; ``address`` is where to pull from, or empty."""

    origin: str
    vkeys: tuple[str, ...]
    address: str


class Logs:
    """The logs by origin. A log may have several keys, of which each speaks for it, as while one replaces another."""

    def __init__(self, logs: Iterable[Log]) -> None:
        self._by_origin = {log.origin: log for log in logs}

    @classmethod
    def read(cls, file: Path | None, lines: Sequence[str]) -> Self:
        """Read ``VKEY [ADDRESS]`` from lines, and behind ``log`` from a policy file, whose other lines do not count.

        Raises ``Obstacle`` where a key is none, or when there is no log at all.
        """
        told = [(line, f"--log {line!r}") for line in lines]
        if file is not None:
            told += [(line, f"{file}, line {number}") for number, line in _log_lines(file)]
        if not told:
            raise Obstacle("No log is named, so there is nothing to countersign: give --log or --logs.")
        keys: dict[str, list[str]] = {}
        addresses: dict[str, str] = {}
        for line, where in told:
            origin, vkey, address = _read(line, where)
            if vkey not in keys.setdefault(origin, []):
                keys[origin].append(vkey)
            addresses[origin] = address or addresses.get(origin, "")
        return cls(Log(origin=origin, vkeys=tuple(vkeys), address=addresses[origin]) for origin, vkeys in keys.items())

    def of(self, origin: str) -> Log | None:
        """Return the log of this origin, or None when the owner never named it."""
        return self._by_origin.get(origin)

    def all(self) -> list[Log]:
        """Return every log, by origin."""
        return [log for _origin, log in sorted(self._by_origin.items())]


def _log_lines(file: Path) -> list[tuple[int, str]]:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise Obstacle(f"{file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise Obstacle(f"{file} is no text in UTF-8.") from error
    if len(content) > MOST_BYTES:
        raise Obstacle(f"{file} has more than {MOST_BYTES} bytes, which no list of logs has.")
    lines = [(number, line.split(maxsplit=1)) for number, line in enumerate(text.split("\n"), 1)]
    return [(number, words[1]) for number, words in lines if len(words) > 1 and words[0] == "log"]


def _read(line: str, where: str) -> tuple[str, str, str]:
    words = line.split()
    if len(words) not in _WORDS:
        raise Obstacle(f"{where}: a log is named by its key and, if you like, its address.")
    vkey, address = words[0], words[1].rstrip("/") if len(words) > 1 else ""
    try:
        key = parse_vkey(vkey)
    except InvalidNote as error:
        raise Obstacle(f"{where}: {vkey!r} is no key ({error}).") from error
    if key.algorithm is not Algorithm.ED25519:
        raise Obstacle(f"{where}: {vkey!r} is a witness's key, not a log's.")
    if address and not address.startswith(("http://", "https://")):
        raise Obstacle(f"{where}: {address!r} does not begin with https:// or http://.")
    return key.name, vkey, address
