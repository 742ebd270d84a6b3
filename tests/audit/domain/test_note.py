"""Signed notes: published examples, what is signed opens, and everything malformed is refused by its name."""

import base64
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.note import (
    Cosigner,
    InvalidNote,
    NoteFault,
    Signer,
    open_note,
    sign,
)

# The example of Go's package sumdb/note, whose keys and signature its documentation prints.
PUBLISHED_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLISHED_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PUBLISHED_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
PUBLISHED_NOTE = f"{PUBLISHED_TEXT}\n— PeterNeumann {PUBLISHED_SIGNATURE}\n".encode()

LOG = Signer.from_seed("arena.example/log", b"\x01" * 32)
OLD_LOG = Signer.from_seed("arena.example/log", b"\x02" * 32)
WITNESS = Cosigner.from_seed("witness.example/w", b"\x03" * 32)
MALLORY = Signer.from_seed("mallory.example", b"\x04" * 32)
TEXT = "arena.example/log\n7\nAAAA\n"
NOON = 1_764_158_400

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32)]), max_size=60)


def fault_of(note: bytes, vkeys: Iterable[str] = (LOG.vkey,)) -> NoteFault:
    with pytest.raises(InvalidNote) as caught:
        open_note(note, vkeys)
    assert f"[{caught.value.fault.value}]" in str(caught.value)
    return caught.value.fault


def signing_fault(action: Callable[[], object]) -> NoteFault:
    with pytest.raises(InvalidNote) as caught:
        action()
    return caught.value.fault


def with_lines(*lines: str, text: str = TEXT) -> bytes:
    return (text + "\n" + "".join(line + "\n" for line in lines)).encode()


def relined(signer: Signer, change: Callable[[bytes], bytes], name: str | None = None) -> str:
    """Return a signer's line with other bytes in its base64."""
    _dash, own_name, encoded = signer.signature_line(TEXT).split(" ")
    changed = base64.b64encode(change(base64.b64decode(encoded))).decode()
    return f"— {name or own_name} {changed}"


def test_the_published_example_opens() -> None:
    note = open_note(PUBLISHED_NOTE, [PUBLISHED_VKEY])
    assert note.text == PUBLISHED_TEXT
    (signature,) = note.signatures
    assert (signature.name, signature.key_id.hex(), signature.timestamp) == ("PeterNeumann", "c74f20a3", None)
    assert sign(PUBLISHED_TEXT, PUBLISHED_SKEY) == PUBLISHED_NOTE


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_what_is_signed_opens_as_the_same(lines: list[str]) -> None:
    text = "".join(line + "\n" for line in lines)
    note = open_note(sign(text, LOG, WITNESS.at(NOON)), [WITNESS.vkey, LOG.vkey])
    assert note.text == text
    assert [(each.name, each.timestamp) for each in note.signatures] == [(LOG.name, None), (WITNESS.name, NOON)]
    assert note.unknown_signatures == ()
