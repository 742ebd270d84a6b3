"""The body of ``add-checkpoint``: an old size, a consistency proof, an empty line, and the log's signed checkpoint."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 128 * 1024
MOST_PROOF_LINES: Final = 63
HASH_BYTES: Final = 32
MAX_SIZE: Final = 2**63 - 1

_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,18}")


class MalformedRequest(ValueError):
    """The body is not what the protocol says; the message names what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A checkpoint that a log wants countersigned; ``proof`` leads from ``old_size``, hashes of 32 bytes each."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def parse_request(body: bytes) -> AddCheckpoint:
    """Read a request's body; raises ``MalformedRequest`` for anything but the protocol's form."""
    if len(body) > MOST_BYTES:
        raise MalformedRequest(f"The body has more than {MOST_BYTES} bytes.")
    head, gap, note = body.partition(b"\n\n")
    if not gap:
        raise MalformedRequest("No empty line separates the proof from the checkpoint.")
    first, *proof = head.split(b"\n")
    if not first.startswith(b"old "):
        raise MalformedRequest("The first line does not begin with 'old '.")
    if len(proof) > MOST_PROOF_LINES:
        raise MalformedRequest(f"The proof has more than {MOST_PROOF_LINES} lines.")
    return AddCheckpoint(
        old_size=parse_size(first.removeprefix(b"old "), "old size"),
        proof=tuple(_hash(line, number) for number, line in enumerate(proof, 1)),
        note=note,
    )


def request_body(*, old_size: int, proof: tuple[bytes, ...], note: bytes) -> bytes:
    """Return the body that asks for a cosignature on ``note``."""
    lines = [b"old %d" % old_size, *(base64.b64encode(value) for value in proof), b"", b""]
    return b"\n".join(lines) + note


def parse_size(text: bytes, name: str) -> int:
    """Read a size in decimal digits without leading zeroes, of at most 2^63 - 1."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedRequest(f"The {name} is not a decimal number between 0 and 2^63 - 1.")
    return int(text)


def _hash(line: bytes, number: int) -> bytes:
    try:
        value = base64.b64decode(line, validate=True)
    except binascii.Error:
        value = b""
    # Encoding it again finds stray bits in the last letter, which would give one hash many spellings.
    if len(value) != HASH_BYTES or base64.b64encode(value) != line:
        raise MalformedRequest(f"Line {number} of the proof is not a hash of {HASH_BYTES} bytes in base64.")
    return value
