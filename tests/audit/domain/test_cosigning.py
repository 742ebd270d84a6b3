"""What a witness's answer says: a signature that counts, another size, or why neither."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.cosigning import (
    MOST_CLOCK_SECONDS,
    SIZE_TYPE,
    CosignatureLine,
    Stale,
    Unwitnessed,
    WitnessFault,
    question_body,
    read_answer,
)
from apps.audit.domain.note import Cosigner, Signer
from tests.witness.paper_log import PaperLog

NOW = 1_790_000_000
LOG = PaperLog()
ELM = Cosigner.from_seed("elm.example/w1", b"\x02" * 32)
OAK = Cosigner.from_seed("oak.example/w1", b"\x03" * 32)
NOTE = LOG.note(9)
TEXT = LOG.checkpoint(9).text


def line_of(cosigner: Cosigner, timestamp: int = NOW, text: str = TEXT) -> bytes:
    return f"{cosigner.at(timestamp).signature_line(text)}\n".encode()


def read(
    status: int = 200, body: bytes = b"", *, content_type: str = "text/plain", asked_from: int = 4
) -> CosignatureLine | Stale:
    return read_answer(
        status=status,
        content_type=content_type,
        body=body,
        asked_from=asked_from,
        checkpoint=LOG.checkpoint(9),
        note=NOTE,
        vkey=ELM.vkey,
        now=NOW,
    )


def fault_of(status: int = 200, body: bytes = b"", *, content_type: str = "", asked_from: int = 4) -> WitnessFault:
    with pytest.raises(Unwitnessed) as raised:
        read(status, body, content_type=content_type, asked_from=asked_from)
    return raised.value.fault


def test_a_question_reads_as_the_protocol_says() -> None:
    proof = [b"\x01" * 32, b"\x02" * 32]
    lines = question_body(old_size=4, proof=proof, note=NOTE).split(b"\n", 4)
    assert lines[:4] == [b"old 4", *(base64.b64encode(value) for value in proof), b""]
    assert lines[4] == NOTE
    assert question_body(old_size=0, proof=(), note=NOTE) == b"old 0\n\n" + NOTE


def test_a_signature_by_the_witness_counts() -> None:
    line = line_of(ELM).decode().rstrip("\n")
    assert read(200, line_of(ELM)) == CosignatureLine(line, NOW)
    assert read(200, line_of(OAK) + line_of(ELM)) == CosignatureLine(line, NOW)


def test_any_other_signature_does_not() -> None:
    forged = Cosigner.from_seed("elm.example/w1", b"\x09" * 32)
    plain = Signer.from_seed("elm.example/w1", b"\x02" * 32).signature_line(TEXT)
    of_another_size = line_of(ELM, text=LOG.checkpoint(8).text)
    wrong = [
        line_of(OAK),
        line_of(forged),
        of_another_size,
        line_of(OAK) + of_another_size,
        line_of(ELM)[:-9] + b"AAAAAAA=\n",
        f"{plain}\n".encode(),
    ]
    assert [fault_of(200, body) for body in wrong] == [WitnessFault.WRONG_SIGNATURE] * len(wrong)


@pytest.mark.parametrize("body", [b"", b"\n", b"thank you", b"\xff\xfe\n", b"\n" + line_of(ELM), line_of(ELM)[:-1]])
def test_what_is_no_line_is_garbage_or_wrong(body: bytes) -> None:
    assert fault_of(200, body) in {WitnessFault.GARBAGE, WitnessFault.WRONG_SIGNATURE}


def test_a_clock_that_is_wrong_by_hours_is_told() -> None:
    for timestamp in (0, NOW - MOST_CLOCK_SECONDS - 1, NOW + MOST_CLOCK_SECONDS + 1, 2**63 - 1):
        assert fault_of(200, line_of(ELM, timestamp)) is WitnessFault.CLOCK
    assert read(200, line_of(ELM, NOW + MOST_CLOCK_SECONDS))


def test_a_conflict_names_the_size_to_prove_from() -> None:
    assert read(409, b"7\n", content_type=SIZE_TYPE) == Stale(7)
    assert read(409, b"0", content_type=f"{SIZE_TYPE}; charset=utf-8") == Stale(0)
    assert read(409, b"9\n", content_type=SIZE_TYPE) == Stale(9)


def test_a_witness_that_has_seen_more_or_other_accuses_the_log() -> None:
    assert fault_of(409, b"10\n", content_type=SIZE_TYPE) is WitnessFault.AHEAD
    assert fault_of(409, b"whatever", asked_from=9) is WitnessFault.FORK
    assert fault_of(422) is WitnessFault.PROOF_REFUSED


@pytest.mark.parametrize("body", [b"", b"-1\n", b"07\n", b"7 8", b"seven", b"9" * 19, b"9" * 4000, b"4\n"])
def test_a_conflict_that_helps_nobody_is_garbage(body: bytes) -> None:
    assert fault_of(409, body, content_type=SIZE_TYPE) is WitnessFault.GARBAGE


def test_other_statuses_have_their_names() -> None:
    assert [fault_of(status) for status in (400, 403, 404, 500, 301, 204)] == [
        WitnessFault.BAD_REQUEST, WitnessFault.UNKNOWN_KEY, WitnessFault.UNKNOWN_LOG, WitnessFault.UNEXPECTED,
        WitnessFault.UNEXPECTED, WitnessFault.UNEXPECTED,
    ]  # fmt: skip


@given(status=st.sampled_from([200, 409]), body=st.binary(max_size=300), kind=st.sampled_from([SIZE_TYPE, "text/html"]))
def test_nothing_that_is_sent_raises_anything_else(status: int, body: bytes, kind: str) -> None:
    with suppress(Unwitnessed):
        read(status, body, content_type=kind)
