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


def test_the_same_key_as_log_and_as_witness_has_two_key_ids() -> None:
    signer, cosigner = Signer.from_seed("a.example", b"\x05" * 32), Cosigner.from_seed("a.example", b"\x05" * 32)
    assert signer.key_id != cosigner.key_id
    note = open_note(sign(TEXT, signer, cosigner.at(NOON)), [signer.vkey])
    assert [each.key_id for each in note.signatures] == [signer.key_id]
    assert [each.key_id for each in note.unknown_signatures] == [cosigner.key_id]


def test_while_a_key_is_changed_old_and_new_readers_open_the_note() -> None:
    note = sign(TEXT, LOG, OLD_LOG)
    assert len(open_note(note, [LOG.vkey]).signatures) == 1
    assert len(open_note(note, [OLD_LOG.vkey]).signatures) == 1
    assert len(open_note(note, [OLD_LOG.vkey, LOG.vkey]).signatures) == 2


def test_unknown_signers_are_kept_apart_and_prove_nothing() -> None:
    note = sign(TEXT, MALLORY, LOG)
    opened = open_note(note, [LOG.vkey])
    assert [each.name for each in opened.signatures] == [LOG.name]
    assert [each.line for each in opened.unknown_signatures] == [MALLORY.signature_line(TEXT)]
    assert fault_of(sign(TEXT, MALLORY)) is NoteFault.NO_KNOWN_SIGNATURE
    assert fault_of(note, []) is NoteFault.NO_KNOWN_SIGNATURE


def test_a_foreign_signature_under_a_known_name_is_unknown() -> None:
    impostor = Signer.from_seed(LOG.name, b"\x09" * 32)
    assert fault_of(sign(TEXT, impostor)) is NoteFault.NO_KNOWN_SIGNATURE
    same_id_other_name = relined(LOG, lambda data: data, name="other.example/log")
    assert fault_of(with_lines(same_id_other_name)) is NoteFault.NO_KNOWN_SIGNATURE


def test_an_unknown_line_is_well_formed_all_the_same() -> None:
    good = LOG.signature_line(TEXT)
    assert fault_of(with_lines(good, "— x")) is NoteFault.MALFORMED_SIGNATURE_LINE
    assert fault_of(with_lines(good, "— x !!!!")) is NoteFault.NOT_CANONICAL_BASE64
    # Of unknown algorithms nobody knows how long a signature is.
    assert open_note(with_lines(good, "— x " + base64.b64encode(b"12345").decode()), [LOG.vkey]).unknown_signatures


def test_a_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    good = LOG.signature_line(TEXT)
    wrong = relined(LOG, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    assert fault_of(with_lines(wrong)) is NoteFault.WRONG_SIGNATURE
    assert fault_of(with_lines(wrong, good)) is NoteFault.WRONG_SIGNATURE
    # Also where a first one by the same key holds, or another key's.
    assert fault_of(with_lines(good, wrong)) is NoteFault.WRONG_SIGNATURE
    assert fault_of(with_lines(WITNESS.at(NOON).signature_line(TEXT), wrong), [LOG.vkey, WITNESS.vkey]) is (
        NoteFault.WRONG_SIGNATURE
    )
    other_text = sign(TEXT, LOG).replace(b"\n7\n", b"\n8\n")
    assert fault_of(other_text) is NoteFault.WRONG_SIGNATURE


@given(st.integers(0, 8 * 68 - 1))
def test_no_bit_of_a_signature_can_be_changed(bit: int) -> None:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    # In the key id it is an unknown signer's line, behind it a wrong one.
    expected = NoteFault.NO_KNOWN_SIGNATURE if bit < 32 else NoteFault.WRONG_SIGNATURE
    assert fault_of(with_lines(relined(LOG, change))) is expected


def test_a_signature_cannot_be_spelt_as_another_number() -> None:
    order = 2**252 + 27742317777372353535851937790883648493

    def plus_order(data: bytes) -> bytes:
        return data[:36] + (int.from_bytes(data[36:], "little") + order).to_bytes(32, "little")

    assert fault_of(with_lines(relined(LOG, plus_order))) is NoteFault.WRONG_SIGNATURE


def test_a_repeated_signature_counts_once() -> None:
    good, early, late = (LOG.signature_line(TEXT), *(WITNESS.at(at).signature_line(TEXT) for at in (NOON, NOON + 9)))
    opened = open_note(with_lines(good, early, good, late), [LOG.vkey, LOG.vkey, WITNESS.vkey])
    assert [each.line for each in opened.signatures] == [good, early]
    assert len(open_note(with_lines(good, "— x AAAAAAA=", "— x AAAAAAA="), [LOG.vkey]).unknown_signatures) == 1


@pytest.mark.parametrize("timestamp", [0, NOON, 2**63 - 1])
def test_a_cosignature_says_when(timestamp: int) -> None:
    (signature,) = open_note(sign(TEXT, WITNESS.at(timestamp)), [WITNESS.vkey]).signatures
    assert signature.timestamp == timestamp
    assert signature.line.startswith("— witness.example/w ")


def test_the_time_of_a_cosignature_is_signed() -> None:
    moved = relined_cosignature(lambda data: data[:4] + (NOON + 1).to_bytes(8, "big") + data[12:])
    assert fault_of(with_lines(moved), [WITNESS.vkey]) is NoteFault.WRONG_SIGNATURE
    beyond = relined_cosignature(lambda data: data[:4] + (2**63).to_bytes(8, "big") + data[12:])
    assert fault_of(with_lines(beyond), [WITNESS.vkey]) is NoteFault.TIME_OUT_OF_RANGE
    assert signing_fault(lambda: sign(TEXT, WITNESS)) is NoteFault.NO_TIME
    assert signing_fault(lambda: sign(TEXT, WITNESS.skey)) is NoteFault.NO_TIME


@pytest.mark.parametrize("wrong", [-1, 2**63, 1.5, True, "now", None])
def test_a_cosigner_signs_at_a_time_that_there_is(wrong: int) -> None:
    assert signing_fault(lambda: WITNESS.at(wrong)) is NoteFault.TIME_OUT_OF_RANGE


def relined_cosignature(change: Callable[[bytes], bytes]) -> str:
    encoded = WITNESS.at(NOON).signature_line(TEXT).split(" ")[2]
    return f"— {WITNESS.name} {base64.b64encode(change(base64.b64decode(encoded))).decode()}"


def test_a_plain_signature_is_no_cosignature() -> None:
    plain = Signer.from_seed(WITNESS.name, b"\x03" * 32)
    without_time = relined(plain, lambda data: WITNESS.key_id + data[4:])
    assert fault_of(with_lines(without_time), [WITNESS.vkey]) is NoteFault.SIGNATURE_LENGTH
    over_text_alone = relined(plain, lambda data: WITNESS.key_id + bytes(8) + data[4:])
    assert fault_of(with_lines(over_text_alone), [WITNESS.vkey]) is NoteFault.WRONG_SIGNATURE


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72, 5000])
def test_a_signature_of_a_known_key_has_its_length(length: int) -> None:
    line = relined(LOG, lambda data: data[:4] + b"\x01" * length)
    assert fault_of(with_lines(line)) is NoteFault.SIGNATURE_LENGTH


GOOD = sign(TEXT, LOG)


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (b"", NoteFault.NO_FINAL_NEWLINE),
        (b"\n", NoteFault.NO_BLANK_LINE),
        (b"\n\n", NoteFault.NO_SIGNATURE),
        (TEXT.encode(), NoteFault.NO_BLANK_LINE),
        (TEXT.encode() + b"\n", NoteFault.NO_SIGNATURE),
        (GOOD[:-1], NoteFault.NO_FINAL_NEWLINE),
        (GOOD + b"x", NoteFault.NO_FINAL_NEWLINE),
        (GOOD + b"\x00", NoteFault.NO_FINAL_NEWLINE),
        (GOOD + b"\n", NoteFault.NO_SIGNATURE),
        (GOOD + b"trailing\n", NoteFault.MALFORMED_SIGNATURE_LINE),
        (b"\n" + GOOD, NoteFault.WRONG_SIGNATURE),
        (b"\xef\xbb\xbf" + GOOD, NoteFault.WRONG_SIGNATURE),
        (GOOD.replace(b"\n", b"\r\n"), NoteFault.CARRIAGE_RETURN),
        (GOOD.replace(b"7\n", b"7\r\n"), NoteFault.CARRIAGE_RETURN),
        (GOOD.replace(b"7\n", b"7\x00\n"), NoteFault.CONTROL_CHARACTER),
        (GOOD.replace(b"7\n", b"7\t\n"), NoteFault.CONTROL_CHARACTER),
        (GOOD.replace(b"7\n", b"7\x1f\n"), NoteFault.CONTROL_CHARACTER),
        (GOOD.replace(b"7\n", b"7\xff\n"), NoteFault.NOT_UTF8),
        (GOOD.replace(b"7\n", b"\xc0\x80\n"), NoteFault.NOT_UTF8),
        (GOOD.replace(b"7\n", b"\xed\xa0\x80\n"), NoteFault.NOT_UTF8),
        (GOOD.replace("— ".encode(), b"- "), NoteFault.MALFORMED_SIGNATURE_LINE),
        (GOOD.replace("— ".encode(), b"-- "), NoteFault.MALFORMED_SIGNATURE_LINE),
        (GOOD.replace("— ".encode(), "—".encode()), NoteFault.MALFORMED_SIGNATURE_LINE),
        (GOOD.replace("— ".encode(), "—  ".encode()), NoteFault.MALFORMED_NAME),
        (GOOD.replace("— ".encode(), "—\u00a0".encode()), NoteFault.MALFORMED_SIGNATURE_LINE),
        (GOOD.replace(b"log ", b"log  "), NoteFault.NOT_CANONICAL_BASE64),
        (GOOD.replace("\n— arena".encode(), "\n— are+na".encode()), NoteFault.MALFORMED_NAME),
        (GOOD.replace("\n— arena".encode(), "\n— are\u2003na".encode()), NoteFault.MALFORMED_NAME),
        (GOOD[:-1] + b" \n", NoteFault.NOT_CANONICAL_BASE64),
        (GOOD[:-2] + b"\n", NoteFault.NOT_CANONICAL_BASE64),
        (GOOD[:-1] + b"=\n", NoteFault.NOT_CANONICAL_BASE64),
        (GOOD[:-1] + b"AAAA\n", NoteFault.NOT_CANONICAL_BASE64),
        (GOOD.replace(b"\n\n", b"\n \n"), NoteFault.NO_BLANK_LINE),
        (GOOD.replace(b"\n\n", b"\n"), NoteFault.NO_BLANK_LINE),
        (with_lines("— x AAAA"), NoteFault.SIGNATURE_LENGTH),
        (with_lines("— x AAAAAB=="), NoteFault.NOT_CANONICAL_BASE64),
        (with_lines("— x AAAAAA_-"), NoteFault.NOT_CANONICAL_BASE64),
        (with_lines("— x AAA\u0661AAA="), NoteFault.NOT_CANONICAL_BASE64),
        (with_lines("— x "), NoteFault.NOT_CANONICAL_BASE64),
        (with_lines("— "), NoteFault.MALFORMED_SIGNATURE_LINE),
    ],
    ids=repr,
)
def test_what_is_no_note_is_refused_by_name(note: bytes, fault: NoteFault) -> None:
    assert fault_of(note) is fault


def test_base64_has_one_spelling() -> None:
    line = LOG.signature_line(TEXT)
    # 68 bytes end in one padding character, so two bits of the last digit say nothing: four spellings of one signature.
    assert line.endswith("=")
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    first = digits.index(line[-2]) & ~3
    spellings = [line[:-2] + digits[first + bits] + "=" for bits in range(4)]
    assert line in spellings
    for spelling in spellings:
        assert base64.b64decode(spelling.split(" ")[2]) == base64.b64decode(line.split(" ")[2])
        if spelling != line:
            assert fault_of(with_lines(spelling)) is NoteFault.NOT_CANONICAL_BASE64


def test_a_note_is_bytes() -> None:
    for wrong in (GOOD.decode(), bytearray(GOOD), None, 7, [GOOD]):
        assert fault_of(wrong) is NoteFault.NOT_BYTES  # type: ignore[arg-type]


def test_a_note_has_at_most_a_hundred_signatures() -> None:
    signers = [Signer.from_seed(f"s{number}.example", bytes([number]) * 32) for number in range(101)]
    note = sign(TEXT, *signers[:100])
    assert len(open_note(note, [signer.vkey for signer in signers]).signatures) == 100
    assert signing_fault(lambda: sign(TEXT, *signers)) is NoteFault.TOO_MANY_SIGNATURES
    assert fault_of(with_lines(*(signer.signature_line(TEXT) for signer in signers))) is NoteFault.TOO_MANY_SIGNATURES
    assert fault_of(with_lines(*["— x AAAAAAA="] * 20_000)) is NoteFault.TOO_MANY_SIGNATURES
    assert fault_of(with_lines(*[LOG.signature_line(TEXT)] * 20_000)) is NoteFault.TOO_LARGE


def test_a_note_has_at_most_a_megabyte() -> None:
    room = 1_000_000 - len(sign("\n", LOG))
    text = "x" * room + "\n"
    note = sign(text, LOG)
    assert len(note) == 1_000_000
    assert open_note(note, [LOG.vkey]).text == text
    assert signing_fault(lambda: sign("x" + text, LOG)) is NoteFault.TOO_LARGE
    assert fault_of(b"x" + note) is NoteFault.TOO_LARGE


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NoteFault.NO_FINAL_NEWLINE),
        ("no newline", NoteFault.NO_FINAL_NEWLINE),
        ("a\r\n", NoteFault.CARRIAGE_RETURN),
        ("a\x00b\n", NoteFault.CONTROL_CHARACTER),
        ("a\tb\n", NoteFault.CONTROL_CHARACTER),
        ("a\ud800b\n", NoteFault.NOT_UTF8),
        (b"bytes\n", NoteFault.NOT_UTF8),
        (None, NoteFault.NOT_UTF8),
    ],
)
def test_a_text_that_no_note_can_have_is_not_signed(text: str, fault: NoteFault) -> None:
    assert signing_fault(lambda: sign(text, LOG)) is fault


def test_a_note_is_signed_by_somebody() -> None:
    assert signing_fault(lambda: sign(TEXT)) is NoteFault.NO_SIGNATURE
    assert signing_fault(lambda: sign(TEXT, LOG.vkey)) is NoteFault.MALFORMED_KEY
    assert signing_fault(lambda: sign(TEXT, "")) is NoteFault.MALFORMED_KEY
    assert signing_fault(lambda: sign(TEXT, None)) is NoteFault.MALFORMED_KEY  # type: ignore[arg-type]


def test_text_with_empty_lines_and_lines_like_signatures_comes_back_whole() -> None:
    for text in ("\n", "\n\n", "a\n\n", "\n\na\n\n\nb\n", f"a\n\n{MALLORY.signature_line(TEXT)}\n"):
        assert open_note(sign(text, LOG), [LOG.vkey]).text == text


@given(st.binary(max_size=300))
def test_bytes_at_random_are_refused_and_nothing_worse(data: bytes) -> None:
    fault_of(data)
    fault_of(TEXT.encode() + b"\n" + data)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_a_note_with_other_bytes_inside_is_refused(at: int, put: bytes) -> None:
    changed = GOOD[:at] + put + GOOD[at + 1 :]
    if changed != GOOD:
        fault_of(changed)
