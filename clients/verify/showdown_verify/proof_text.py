"""Proofs as text (C2SP tlog-proof): an inclusion proof and the signed checkpoint that it leads to, in one file."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from showdown_verify.merkle import HASH_BYTES, MAX_SIZE
from showdown_verify.note import MAX_NOTE_BYTES

HEAD: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63
MAX_EXTRA_BYTES: Final = 65_535
_MAX_TEXT: Final = MAX_NOTE_BYTES + 100_000
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class ProofTextFault(StrEnum):
    """What is wrong with a proof's text."""

    NOT_TEXT = "not-text"
    TOO_LARGE = "too-large"
    OTHER_FORMAT = "other-format"
    EXTRA = "malformed-extra"
    INDEX = "malformed-index"
    HASH = "malformed-hash"
    TOO_MANY_HASHES = "too-many-hashes"
    NO_CHECKPOINT = "no-checkpoint"


class InvalidProofText(ValueError):
    """The text is no proof; ``fault`` names the reason."""

    def __init__(self, fault: ProofTextFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class ProofText:
    """What a proof's text says, unchecked: hashes of 32 bytes, lowest first, and the checkpoint's note as it is.

    ``extra`` is signed by nobody.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def write_proof(index: int, hashes: Sequence[bytes], checkpoint_note: bytes, extra: bytes | None = None) -> str:
    """Return the text; raises ``InvalidProofText`` when it would not read back as the same."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= MAX_SIZE:
        raise InvalidProofText(ProofTextFault.INDEX, "The index of a leaf is a whole number from 0 to 2^63 - 1.")
    try:
        note = checkpoint_note.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidProofText(ProofTextFault.NO_CHECKPOINT, "The checkpoint is not UTF-8.") from None
    lines = [HEAD]
    if extra is not None:
        lines.append(f"extra {_encoded(extra)}")
    lines += [f"index {index}", *map(_encoded, hashes), ""]
    text = "\n".join(lines) + "\n" + note
    read_proof(text)
    return text


def read_proof(text: str) -> ProofText:
    """Return what the text says; raises ``InvalidProofText``. Whether the proof holds is another question."""
    if not isinstance(text, str):
        raise InvalidProofText(ProofTextFault.NOT_TEXT, "A proof is text.")
    if len(text) > _MAX_TEXT:
        raise InvalidProofText(ProofTextFault.TOO_LARGE, f"A proof has at most {_MAX_TEXT:,} characters.")
    # Nothing of the head can be empty, so the first blank line ends it; the note has a blank line of its own.
    head, blank, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if first != HEAD:
        raise InvalidProofText(ProofTextFault.OTHER_FORMAT, f"The first line of a proof is {HEAD}.")
    extra = _decoded(lines.pop(0)[6:], ProofTextFault.EXTRA) if lines and lines[0].startswith("extra ") else None
    if extra is not None and len(extra) > MAX_EXTRA_BYTES:
        raise InvalidProofText(ProofTextFault.EXTRA, f"The extra data has at most {MAX_EXTRA_BYTES:,} bytes.")
    keyword, _space, digits = lines.pop(0).partition(" ") if lines else ("", "", "")
    if keyword != "index" or not _INDEX.fullmatch(digits) or int(digits) > MAX_SIZE:
        raise InvalidProofText(ProofTextFault.INDEX, "A proof's index is a decimal number without leading zeros.")
    if len(lines) > MAX_HASHES:
        raise InvalidProofText(ProofTextFault.TOO_MANY_HASHES, f"A proof has at most {MAX_HASHES} hashes.")
    hashes = tuple(_decoded(line, ProofTextFault.HASH) for line in lines)
    if any(len(value) != HASH_BYTES for value in hashes):
        raise InvalidProofText(ProofTextFault.HASH, f"Every hash of a proof has {HASH_BYTES} bytes.")
    if not blank or not note:
        raise InvalidProofText(ProofTextFault.NO_CHECKPOINT, "A blank line and the checkpoint follow the hashes.")
    try:
        checkpoint = note.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidProofText(ProofTextFault.NO_CHECKPOINT, "The checkpoint is not UTF-8.") from None
    return ProofText(int(digits), hashes, checkpoint, extra)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str, fault: ProofTextFault) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if _encoded(data) != text:
        raise InvalidProofText(fault, "What should be base64 is not, or not in its one spelling.")
    return data
