"""What a verification can come to: it holds, it is broken (and where), or it could not be checked (and why)."""

import unicodedata
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

LONGEST_QUOTE: Final = 200


class Status(IntEnum):
    """The exit status of the command."""

    HOLDS = 0
    BROKEN = 1
    UNCHECKED = 2


class Stopped(Exception):
    """A verification ends here. ``reason`` is a word for machines, ``where`` a file or a leaf, as far as known."""

    status = Status.UNCHECKED

    def __init__(self, check: str, reason: str, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self.check, self.reason, self.message, self.where = check, reason, message, where


class Broken(Stopped):
    """Something that was handed over is not what it claims to be."""

    status = Status.BROKEN


class CouldNotCheck(Stopped):
    """Something was not handed over, or the question cannot be answered from it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One check that was made and held."""

    check: str
    detail: str


@dataclass(slots=True)
class Report:
    """What was checked so far, and what it was about."""

    source: str
    origin: str = ""
    size: int | None = None
    root: str = ""
    held: list[Held] = field(default_factory=list)
    left_out: list[Held] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def hold(self, check: str, detail: str) -> None:
        """Write down a check that held."""
        self.held.append(Held(check, detail))

    def leave_out(self, check: str, why: str) -> None:
        """Write down a check that was not made, and why."""
        self.left_out.append(Held(check, why))


def shown(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Return text of somebody else so that a terminal can show it: nothing that moves, colours or turns it."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(
        character if character == " " or unicodedata.category(character)[0] not in "CZ" else f"\\u{ord(character):04x}"
        for character in cut
    )
