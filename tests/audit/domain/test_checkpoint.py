"""Checkpoints: they read back as themselves, only their own log can sign them, and they have one spelling."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.checkpoint import (
    Checkpoint,
    CheckpointFault,
    InvalidCheckpoint,
    open_checkpoint,
    parse_checkpoint,
)
from apps.audit.domain.merkle import EMPTY_ROOT, MAX_SIZE
from apps.audit.domain.note import Cosigner, InvalidNote, NoteFault, Signer, sign

LOG = Signer.from_seed("arena.example/log", b"\x01" * 32)
OTHER_LOG = Signer.from_seed("other.example/log", b"\x02" * 32)
WITNESS = Cosigner.from_seed("witness.example/w", b"\x03" * 32)
ROOT = bytes(range(32))
ROOT_TEXT = base64.b64encode(ROOT).decode()
HEAD = Checkpoint(LOG.name, 7, ROOT)

LINES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(code) for code in range(32)]),
    min_size=1,
    max_size=30,
)


def fault_of(text: str) -> CheckpointFault:
    with pytest.raises(InvalidCheckpoint) as caught:
        parse_checkpoint(text)
    assert f"[{caught.value.fault.value}]" in str(caught.value)
    return caught.value.fault


@given(LINES, st.integers(1, MAX_SIZE), st.binary(min_size=32, max_size=32), st.lists(LINES, max_size=3))
def test_a_checkpoint_reads_back_as_itself(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert parse_checkpoint(checkpoint.text) == checkpoint


def test_its_text_is_origin_size_and_root() -> None:
    assert HEAD.text == f"arena.example/log\n7\n{ROOT_TEXT}\n"
    assert parse_checkpoint(f"a\n{MAX_SIZE}\n{ROOT_TEXT}\nmore\n").extensions == ("more",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", CheckpointFault.NO_FINAL_NEWLINE),
        ("\n", CheckpointFault.TOO_FEW_LINES),
        ("a\n7\n", CheckpointFault.TOO_FEW_LINES),
        (f"a\n7\n{ROOT_TEXT}", CheckpointFault.NO_FINAL_NEWLINE),
        (f"a\n7\n{ROOT_TEXT}\n\n", CheckpointFault.EMPTY_LINE),
        (f"a\n7\n\n{ROOT_TEXT}\n", CheckpointFault.EMPTY_LINE),
        (f"\n7\n{ROOT_TEXT}\n", CheckpointFault.EMPTY_LINE),
        (f"a\n7\n{ROOT_TEXT}\nmore\n\n", CheckpointFault.EMPTY_LINE),
        (f"a\r\n7\r\n{ROOT_TEXT}\r\n", CheckpointFault.SIZE),
        (f"a\r\n7\n{ROOT_TEXT}\n", CheckpointFault.CONTROL_CHARACTER),
        (f"a\n7\n{ROOT_TEXT}\nx\ty\n", CheckpointFault.CONTROL_CHARACTER),
        (f"a\n07\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n+7\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n-7\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n7 \n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n 7\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n7.0\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n7_0\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n0x7\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n\u0667\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n00\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\nseven\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n{2**63}\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n{'9' * 10_000}\n{ROOT_TEXT}\n", CheckpointFault.SIZE),
        (f"a\n0\n{ROOT_TEXT}\n", CheckpointFault.EMPTY_TREE_ROOT),
        (f"a\n7\n{ROOT_TEXT[:-1]}\n", CheckpointFault.ROOT),
        (f"a\n7\n{ROOT_TEXT[:-2]}9=\n", CheckpointFault.ROOT),
        (f"a\n7\n{ROOT_TEXT}=\n", CheckpointFault.ROOT),
        (f"a\n7\n {ROOT_TEXT}\n", CheckpointFault.ROOT),
        (f"a\n7\n{ROOT.hex()}\n", CheckpointFault.ROOT),
        (f"a\n7\n{base64.b64encode(ROOT[:31]).decode()}\n", CheckpointFault.ROOT),
        (f"a\n7\n{base64.b64encode(ROOT + b'x').decode()}\n", CheckpointFault.ROOT),
        ("a\n7\nnot base64\n", CheckpointFault.ROOT),
        ("a\n7\n\u00e9\n", CheckpointFault.ROOT),
        (b"a\n7\n", CheckpointFault.NOT_TEXT),
        (None, CheckpointFault.NOT_TEXT),
    ],
)
def test_what_is_no_checkpoint_is_refused_by_name(text: str, fault: CheckpointFault) -> None:
    assert fault_of(text) is fault


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions", "fault"),
    [
        ("", 7, ROOT, (), CheckpointFault.ORIGIN),
        ("a\nb", 7, ROOT, (), CheckpointFault.CONTROL_CHARACTER),
        ("a\x00", 7, ROOT, (), CheckpointFault.CONTROL_CHARACTER),
        (None, 7, ROOT, (), CheckpointFault.ORIGIN),
        ("a", -1, ROOT, (), CheckpointFault.SIZE),
        ("a", 2**63, ROOT, (), CheckpointFault.SIZE),
        ("a", True, ROOT, (), CheckpointFault.SIZE),
        ("a", "7", ROOT, (), CheckpointFault.SIZE),
        ("a", 7.0, ROOT, (), CheckpointFault.SIZE),
        ("a", 7, ROOT[:31], (), CheckpointFault.ROOT),
        ("a", 7, ROOT.hex(), (), CheckpointFault.ROOT),
        ("a", 0, ROOT, (), CheckpointFault.EMPTY_TREE_ROOT),
        ("a", 7, ROOT, ("",), CheckpointFault.EMPTY_LINE),
        ("a", 7, ROOT, ("x\ny",), CheckpointFault.CONTROL_CHARACTER),
    ],
)
def test_no_checkpoint_is_made_that_would_not_read_back(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...], fault: CheckpointFault
) -> None:
    with pytest.raises(InvalidCheckpoint) as caught:
        Checkpoint(origin, size, root, extensions)
    assert caught.value.fault is fault


def test_the_empty_tree_has_a_checkpoint() -> None:
    assert parse_checkpoint(Checkpoint("a", 0, EMPTY_ROOT).text).size == 0


def test_a_signed_checkpoint_opens() -> None:
    note = sign(HEAD.text, LOG, WITNESS.at(1_764_158_400))
    checkpoint, opened = open_checkpoint(note, [LOG.vkey, WITNESS.vkey], LOG.name)
    assert checkpoint == HEAD
    assert [each.timestamp for each in opened.signatures] == [None, 1_764_158_400]
    assert open_checkpoint(note, [LOG.vkey])[0] == HEAD


def refusal(note: bytes, vkeys: list[str], origin: str | None = None) -> CheckpointFault | NoteFault:
    with pytest.raises((InvalidCheckpoint, InvalidNote)) as caught:
        open_checkpoint(note, vkeys, origin)
    assert isinstance(caught.value, InvalidCheckpoint | InvalidNote)
    return caught.value.fault


def test_witnesses_alone_make_no_checkpoint() -> None:
    cosigned = sign(HEAD.text, WITNESS.at(1), LOG)
    assert refusal(cosigned, [WITNESS.vkey]) is CheckpointFault.NOT_SIGNED_BY_ITS_LOG
    # Not even one whose name is the log's.
    disguised = Cosigner.from_seed(LOG.name, b"\x01" * 32)
    assert refusal(sign(HEAD.text, disguised.at(1)), [disguised.vkey]) is CheckpointFault.NOT_SIGNED_BY_ITS_LOG


def test_another_log_that_is_trusted_cannot_sign_for_this_one() -> None:
    note = sign(HEAD.text, OTHER_LOG)
    assert refusal(note, [LOG.vkey, OTHER_LOG.vkey]) is CheckpointFault.NOT_SIGNED_BY_ITS_LOG
    assert refusal(note, [LOG.vkey]) is NoteFault.NO_KNOWN_SIGNATURE


def test_a_checkpoint_of_another_log_is_not_the_one_that_was_asked_for() -> None:
    other = Checkpoint(OTHER_LOG.name, 7, ROOT)
    note = sign(other.text, OTHER_LOG)
    assert refusal(note, [LOG.vkey, OTHER_LOG.vkey], LOG.name) is CheckpointFault.OTHER_ORIGIN


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    assert refusal(sign("hello\n", LOG), [LOG.vkey]) is CheckpointFault.TOO_FEW_LINES
    assert refusal(sign(HEAD.text + "\nx\n", LOG), [LOG.vkey]) is CheckpointFault.EMPTY_LINE
    assert refusal(b"not a note", [LOG.vkey]) is NoteFault.NO_FINAL_NEWLINE


@given(st.text(max_size=200).filter(lambda text: not text.isdecimal()))
def test_text_at_random_is_refused_and_nothing_worse(text: str) -> None:
    fault_of(text)
    fault_of(f"a\n{text}\n{ROOT_TEXT}\n")
