"""Signed notes (C2SP signed-note): a text under the Ed25519 signatures of a log and of its witnesses.

Whatever is malformed is refused by name (``NoteFault``), never with a traceback. Stricter than the specification on
purpose: base64 has one spelling, a note has at most 1 MB and 100 signatures, and every signature of a known key must
hold, also the second one by the same key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from apps.audit.domain.note_keys import (
    FIRST_PRINTABLE,
    KEY_ID_BYTES,
    LINE_STARTS,
    Algorithm,
    Cosigner,
    InvalidNote,
    NoteFault,
    Signer,
    SigningKey,
    Verifier,
    decode_base64,
    known_verifiers,
    parse_skey,
    parse_vkey,
    require_name,
)

__all__ = [
    "Algorithm",
    "Cosigner",
    "InvalidNote",
    "Note",
    "NoteFault",
    "Signature",
    "Signer",
    "SigningKey",
    "Verifier",
    "known_verifiers",
    "open_note",
    "parse_signature_line",
    "parse_skey",
    "parse_vkey",
    "sign",
    "split_note",
]

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; ``key_id`` has 4 bytes, ``timestamp`` is a cosignature's in seconds since 1970."""

    name: str
    key_id: bytes
    timestamp: int | None
    line: str


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note: its text, what known keys signed, and lines by keys that nobody told us about."""

    text: str
    signatures: tuple[Signature, ...]
    unknown_signatures: tuple[Signature, ...] = ()


def sign(text: str, *signers: SigningKey | str) -> bytes:
    """Return the note: ``text``, a blank line, and a signature line for each signer in the order given.

    A signer is a ``Signer``, a ``Cosigner`` at a moment, or a private key as text. Raises ``InvalidNote`` when the text
    is none that a note can have (it ends with a newline and has no other control character), without a signer and with
    more than 100.
    """
    data = _encoded_text(text)
    if not signers:
        raise InvalidNote(NoteFault.NO_SIGNATURE, "A note needs at least one signature.")
    if len(signers) > MAX_SIGNATURES:
        raise InvalidNote(NoteFault.TOO_MANY_SIGNATURES, f"A note has at most {MAX_SIGNATURES} signatures.")
    lines = "".join(_signing_key(signer).signature_line(text) + "\n" for signer in signers)
    note = data + b"\n" + lines.encode()
    _require_size(note)
    return note


def open_note(note: bytes, vkeys: Iterable[str]) -> Note:
    """Check a note against the keys that the reader trusts, each as text.

    Every signature by one of these keys must hold, and at least one must be there; of several by one key the first is
    returned. Lines by other keys are returned apart and prove nothing. Raises ``InvalidNote``, for a malformed key too.
    """
    verifiers = known_verifiers(vkeys)
    text, lines = split_note(note)
    signatures: dict[tuple[str, bytes], Signature] = {}
    unknown: dict[str, Signature] = {}
    for line in lines:
        name, key_id, signature = parse_signature_line(line)
        verifier = verifiers.get((name, key_id))
        if verifier is None:
            unknown[line] = Signature(name, key_id, None, line)
        else:
            timestamp = verifier.verify(text, signature)
            signatures.setdefault((name, key_id), Signature(name, key_id, timestamp, line))
    if not signatures:
        raise InvalidNote(NoteFault.NO_KNOWN_SIGNATURE, "No key that is trusted here has signed the note.")
    return Note(text, tuple(signatures.values()), tuple(unknown.values()))


def split_note(note: bytes) -> tuple[str, list[str]]:
    """Return the text of a note with its final newline, and its signature lines unchecked; raises ``InvalidNote``."""
    if not isinstance(note, bytes):
        raise InvalidNote(NoteFault.NOT_BYTES, "A note is bytes.")
    _require_size(note)
    if not note.endswith(b"\n"):
        raise InvalidNote(NoteFault.NO_FINAL_NEWLINE, "The note does not end with a newline.")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidNote(NoteFault.NOT_UTF8, f"The note is not UTF-8 at byte {error.start}.") from None
    _require_printable(whole)
    # The text may have empty lines of its own: the last one separates.
    text, blank, block = whole.rpartition("\n\n")
    if not blank:
        raise InvalidNote(NoteFault.NO_BLANK_LINE, "No blank line separates the note's text from signatures.")
    if not block:
        raise InvalidNote(NoteFault.NO_SIGNATURE, "The note ends with a blank line and without a signature.")
    if block.count("\n") > MAX_SIGNATURES:
        raise InvalidNote(NoteFault.TOO_MANY_SIGNATURES, f"A note has at most {MAX_SIGNATURES} signatures.")
    return text + "\n", block[:-1].split("\n")


def parse_signature_line(line: str) -> tuple[str, bytes, bytes]:
    """Return name, key id (4 bytes) and signature of a line without its newline; raises ``InvalidNote``."""
    name, space, encoded = line.removeprefix(LINE_STARTS).partition(" ")
    if not line.startswith(LINE_STARTS) or not space:
        raise InvalidNote(
            NoteFault.MALFORMED_SIGNATURE_LINE, "A signature line is: em dash, space, name, space, base64."
        )
    require_name(name)
    data = decode_base64(encoded)
    if len(data) <= KEY_ID_BYTES:
        raise InvalidNote(NoteFault.SIGNATURE_LENGTH, f"The signature by {name} is empty.")
    return name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:]


def _signing_key(signer: SigningKey | str) -> SigningKey:
    if isinstance(signer, str):
        return parse_skey(signer)
    if not hasattr(signer, "signature_line"):
        raise InvalidNote(NoteFault.MALFORMED_KEY, f"A {type(signer).__name__} signs nothing.")
    return signer


def _encoded_text(text: str) -> bytes:
    if not isinstance(text, str):
        raise InvalidNote(NoteFault.NOT_UTF8, "The text of a note is a str.")
    if not text.endswith("\n"):
        raise InvalidNote(NoteFault.NO_FINAL_NEWLINE, "The text of a note ends with a newline.")
    _require_printable(text)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidNote(NoteFault.NOT_UTF8, "The text of a note has lone surrogates.") from None


def _require_size(note: bytes) -> None:
    if len(note) > MAX_NOTE_BYTES:
        raise InvalidNote(NoteFault.TOO_LARGE, f"A note has at most {MAX_NOTE_BYTES:,} bytes, not {len(note):,}.")


def _require_printable(text: str) -> None:
    if "\r" in text:
        raise InvalidNote(NoteFault.CARRIAGE_RETURN, "A note's lines end with a newline alone.")
    if any(ord(character) < FIRST_PRINTABLE for character in set(text) if character != "\n"):
        raise InvalidNote(NoteFault.CONTROL_CHARACTER, "A note has no control character other than newline.")
