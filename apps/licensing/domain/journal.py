"""The journal of reads: one line for every file of an edition from which bytes left, each line naming the one before.

The line is canonical JSON. ``prev`` is the SHA-256 of the line before it in the same day's file, so that a line that
was taken out or changed shows; the first line of a day names 64 zeros.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import rfc8785

FIRST: Final = "0" * 64


class Fault(StrEnum):
    """What is wrong between the journal and the deliveries."""

    NO_DELIVERY = "no-delivery"
    NO_ENTRY = "no-entry"
    NOT_JOURNALED = "not-journaled"
    JOURNAL_CHANGED = "journal-changed"
    FILE_CHANGED = "file-changed"
    FILE_MISSING = "file-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A read: which file of which folder, from which byte up to and without which, for which answer to a request.

    ``answer`` is the number of the row that claimed it, 0 when whoever read had none; ``sha256`` that of the file.
    """

    at: str
    folder: str
    file: str
    start: int
    until: int
    sha256: str
    answer: int
    prev: str = FIRST

    def to_bytes(self) -> bytes:
        """Return the line, without its end."""
        return rfc8785.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What the database knows about an answer: the same file, the same bytes, and whether the log tells of it."""

    answer: int
    file: str
    start: int
    until: int
    sha256: str
    has_entry: bool
    has_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Something that does not fit; ``key`` is the same whenever it is found again."""

    fault: Fault
    key: str
    file: str
    answer: int


def digest_of(line: bytes) -> str:
    """Return the SHA-256 by which the following line names this one."""
    return hashlib.sha256(line).hexdigest()


def read_line(line: bytes) -> ReadLine | None:
    """Return a line of the journal, or None for what is none."""
    try:
        told = json.loads(line)
        return ReadLine(**told) if isinstance(told, dict) else None
    except (TypeError, ValueError):
        return None


def mismatches(lines: Iterable[bytes], claimed: Mapping[int, Claimed], expected: Iterable[int]) -> list[Mismatch]:
    """Return everything that does not fit between the lines of a day and the answers that were claimed.

    ``claimed`` knows every answer that a line may name, ``expected`` those of the day of which some line must tell.
    """
    found: list[Mismatch] = []
    told: set[int] = set()
    prev = FIRST
    for raw in lines:
        line, key = read_line(raw), digest_of(raw)
        if line is None or line.prev != prev:
            found.append(Mismatch(fault=Fault.JOURNAL_CHANGED, key=key, file="", answer=0))
        if line is not None:
            found += [
                Mismatch(fault=fault, key=key, file=line.file, answer=line.answer)
                for fault in _faults(line, claimed, told)
            ]
            told.add(line.answer)
        prev = key
    found += [
        Mismatch(fault=Fault.NOT_JOURNALED, key=f"answer:{answer}", file=claimed[answer].file, answer=answer)
        for answer in expected
        if answer not in told and claimed[answer].has_sent
    ]
    return found


def _faults(line: ReadLine, claimed: Mapping[int, Claimed], told: set[int]) -> Iterable[Fault]:
    claim = claimed.get(line.answer)
    if claim is None or line.answer in told or not _same(line, claim):
        yield Fault.NO_DELIVERY
    elif not claim.has_entry:
        yield Fault.NO_ENTRY


def _same(line: ReadLine, claim: Claimed) -> bool:
    named = (line.file, line.start, line.until, line.sha256)
    return named == (claim.file, claim.start, claim.until, claim.sha256)
