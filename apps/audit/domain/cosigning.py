"""What the log asks a witness (C2SP tlog-witness), and what a witness's answer says."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.merkle import MAX_SIZE
from apps.audit.domain.note import InvalidNote, open_note

SIZE_TYPE: Final = "text/x.tlog.size"
MOST_CLOCK_SECONDS: Final = 3600
_OK: Final = 200
_CONFLICT: Final = 409
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")
_FAULTS: Final = {400: "bad-request", 403: "unknown-key", 404: "unknown-log", 422: "proof-refused"}


class WitnessFault(StrEnum):
    """Why a witness gave no signature that counts."""

    SILENT = "silent"
    BAD_REQUEST = "bad-request"
    UNKNOWN_KEY = "unknown-key"
    UNKNOWN_LOG = "unknown-log"
    PROOF_REFUSED = "proof-refused"
    UNEXPECTED = "unexpected-status"
    GARBAGE = "garbage"
    WRONG_SIGNATURE = "wrong-signature"
    CLOCK = "clock"
    RESTLESS = "changes-its-mind"
    AHEAD = "has-seen-a-larger-tree"
    FORK = "has-seen-another-root"


class Unwitnessed(Exception):
    """The answer holds no signature that counts; ``fault`` says why."""

    def __init__(self, fault: WitnessFault, detail: str = "") -> None:
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Stale:
    """The witness has countersigned another size last; ask again with a proof from there."""

    size: int


@dataclass(frozen=True, slots=True)
class CosignatureLine:
    """A verified cosignature: its line without the newline, and its time in seconds since 1970."""

    line: str
    timestamp: int


def question_body(*, old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the body of ``add-checkpoint``: hashes of 32 bytes lead from ``old_size`` to the signed ``note``."""
    lines = [b"old %d" % old_size, *(base64.b64encode(value) for value in proof), b"", b""]
    return b"\n".join(lines) + note


def read_answer(
    *,
    status: int,
    content_type: str,
    body: bytes,
    asked_from: int,
    checkpoint: Checkpoint,
    note: bytes,
    vkey: str,
    now: int,
) -> CosignatureLine | Stale:
    """Return the signature in a witness's answer, or the size that it wants a proof from.

    ``asked_from`` is the old size of the question, ``now`` the time in seconds since 1970. Raises ``Unwitnessed``.
    """
    if status == _OK:
        return _verified(body, note, vkey, now)
    if status == _CONFLICT:
        return _stale(content_type, body, asked_from, checkpoint)
    fault = _FAULTS.get(status)
    raise Unwitnessed(WitnessFault(fault) if fault else WitnessFault.UNEXPECTED, "" if fault else str(status))


def _verified(body: bytes, note: bytes, vkey: str, now: int) -> CosignatureLine:
    if not body.endswith(b"\n"):
        raise Unwitnessed(WitnessFault.GARBAGE, "no signature lines")
    try:
        opened = open_note(note + body, [vkey])
    except InvalidNote as invalid:
        raise Unwitnessed(WitnessFault.WRONG_SIGNATURE, invalid.fault.value) from invalid
    (signature,) = opened.signatures
    if signature.timestamp is None or abs(signature.timestamp - now) > MOST_CLOCK_SECONDS:
        raise Unwitnessed(WitnessFault.CLOCK, f"its time is {signature.timestamp}, ours {now}")
    return CosignatureLine(signature.line, signature.timestamp)


def _stale(content_type: str, body: bytes, asked_from: int, checkpoint: Checkpoint) -> Stale:
    told = _SIZE.fullmatch(body) if content_type.partition(";")[0].strip() == SIZE_TYPE else None
    if told is None:
        # Without a size the conflict is one of roots.
        if asked_from == checkpoint.size:
            raise Unwitnessed(WitnessFault.FORK, f"at size {checkpoint.size}")
        raise Unwitnessed(WitnessFault.GARBAGE, "a conflict without a size")
    size = int(told[1])
    if size > MAX_SIZE or size == asked_from:
        raise Unwitnessed(WitnessFault.GARBAGE, "a conflict with the size that was asked for")
    if size > checkpoint.size:
        raise Unwitnessed(WitnessFault.AHEAD, f"{size} leaves, and this checkpoint has {checkpoint.size}")
    return Stale(size)
