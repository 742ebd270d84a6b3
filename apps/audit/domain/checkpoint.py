"""Checkpoints (C2SP tlog-checkpoint): a log's origin, the size of its tree and the root, as the text of a note."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.audit.domain.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from apps.audit.domain.note import Note, open_note

# 2^63 - 1 has 19 digits; a longer number is refused before anybody computes with it.
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_FIXED_LINES: Final = 3


class CheckpointFault(StrEnum):
    """What is wrong with a checkpoint."""

    NOT_TEXT = "not-text"
    NO_FINAL_NEWLINE = "no-final-newline"
    TOO_FEW_LINES = "too-few-lines"
    EMPTY_LINE = "empty-line"
    CONTROL_CHARACTER = "control-character"
    ORIGIN = "malformed-origin"
    SIZE = "malformed-size"
    ROOT = "malformed-root"
    EMPTY_TREE_ROOT = "empty-tree-with-a-root"
    OTHER_ORIGIN = "other-origin"
    NOT_SIGNED_BY_ITS_LOG = "not-signed-by-its-log"


class InvalidCheckpoint(ValueError):
    """The text is no checkpoint, or not one of the log that was asked for; ``fault`` names the reason."""

    def __init__(self, fault: CheckpointFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree: ``size`` leaves under ``root`` (32 bytes).

    Raises ``InvalidCheckpoint`` when it would not read back as itself.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or isinstance(self.size, bool) or not 0 <= self.size <= MAX_SIZE:
            raise InvalidCheckpoint(CheckpointFault.SIZE, "The size of a tree is a whole number from 0 to 2^63 - 1.")
        if not isinstance(self.root, bytes) or len(self.root) != HASH_BYTES:
            raise InvalidCheckpoint(CheckpointFault.ROOT, f"The root of a tree has {HASH_BYTES} bytes.")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise InvalidCheckpoint(CheckpointFault.EMPTY_TREE_ROOT, "A tree of size 0 has the root of nothing.")
        if not isinstance(self.origin, str) or not self.origin:
            raise InvalidCheckpoint(CheckpointFault.ORIGIN, "A checkpoint's first line is its log's origin.")
        for line in (self.origin, *self.extensions):
            if not isinstance(line, str) or not line:
                raise InvalidCheckpoint(CheckpointFault.EMPTY_LINE, "A checkpoint has no empty lines.")
            if _CONTROL.search(line):
                raise InvalidCheckpoint(CheckpointFault.CONTROL_CHARACTER, "A checkpoint has no control characters.")

    @property
    def text(self) -> str:
        """The text that is signed: origin, size and root in base64, then extension lines, each with its newline."""
        root = base64.b64encode(self.root).decode("ascii")
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions))


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that ``text`` spells, in the one way in which it can be spelt.

    Raises ``InvalidCheckpoint``. Whether somebody signed it is for ``open_checkpoint`` to say.
    """
    if not isinstance(text, str):
        raise InvalidCheckpoint(CheckpointFault.NOT_TEXT, "A checkpoint is text.")
    if not text.endswith("\n"):
        raise InvalidCheckpoint(CheckpointFault.NO_FINAL_NEWLINE, "A checkpoint ends with a newline.")
    lines = text[:-1].split("\n")
    if len(lines) < _FIXED_LINES:
        raise InvalidCheckpoint(CheckpointFault.TOO_FEW_LINES, "A checkpoint has origin, size and root, a line each.")
    if "" in lines:
        raise InvalidCheckpoint(CheckpointFault.EMPTY_LINE, "A checkpoint has no empty lines.")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size):
        raise InvalidCheckpoint(
            CheckpointFault.SIZE, "The size of a tree is a decimal number without sign or leading zeros, below 2^63."
        )
    return Checkpoint(origin, int(size), _parse_root(root), tuple(extensions))


def open_checkpoint(note: bytes, vkeys: Iterable[str], origin: str | None = None) -> tuple[Checkpoint, Note]:
    """Check a signed checkpoint and return it with its note.

    One of ``vkeys`` must be a log's key whose name is the checkpoint's origin, and must have signed: the witnesses'
    cosignatures alone are not enough. With ``origin`` it must be the checkpoint of that log. Raises ``InvalidNote``
    or ``InvalidCheckpoint``.
    """
    opened = open_note(note, vkeys)
    checkpoint = parse_checkpoint(opened.text)
    if origin is not None and checkpoint.origin != origin:
        raise InvalidCheckpoint(
            CheckpointFault.OTHER_ORIGIN, f"The checkpoint is one of {checkpoint.origin!r}, not of {origin!r}."
        )
    # A plain signature has no time; a witness's always has one.
    if not any(each.timestamp is None and each.name == checkpoint.origin for each in opened.signatures):
        raise InvalidCheckpoint(
            CheckpointFault.NOT_SIGNED_BY_ITS_LOG, f"No trusted key of {checkpoint.origin!r} has signed the checkpoint."
        )
    return checkpoint, opened


def _parse_root(text: str) -> bytes:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode("ascii") != text:
        raise InvalidCheckpoint(CheckpointFault.ROOT, f"The root of a tree is {HASH_BYTES} bytes in canonical base64.")
    return root
