"""Proofs as text: they read back as they were written, and what is no proof is refused by its name."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.checkpoint import Checkpoint, open_checkpoint
from apps.audit.domain.merkle import MAX_SIZE, inclusion_proof, leaf_hash, root_hash, verify_inclusion
from apps.audit.domain.note import Signer, sign
from apps.audit.domain.proof_text import (
    InvalidProofText,
    ProofText,
    ProofTextFault,
    read_proof,
    write_proof,
)

LOG = Signer.from_seed("arena.example/log", b"\x01" * 32)
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(11)]
NOTE = sign(Checkpoint(LOG.name, 11, root_hash(LEAVES)).text, LOG)
HASH = base64.b64encode(bytes(32)).decode()
NOTE_TEXT = NOTE.decode()


def fault_of(text: str) -> ProofTextFault:
    with pytest.raises(InvalidProofText) as caught:
        read_proof(text)
    assert f"[{caught.value.fault.value}]" in str(caught.value)
    return caught.value.fault


def test_a_written_proof_proves_when_it_is_read() -> None:
    text = write_proof(4, inclusion_proof(LEAVES, 4, 11), NOTE)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 4\n")
    assert text.endswith("\n\n" + NOTE_TEXT)
    proof = read_proof(text)
    checkpoint, _note = open_checkpoint(proof.checkpoint, [LOG.vkey])
    verify_inclusion(leaf=LEAVES[4], index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root)


@given(
    st.integers(0, MAX_SIZE),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=100),
)
def test_a_proof_reads_back_as_it_was_written(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    text = write_proof(index, hashes, NOTE, extra)
    assert read_proof(text) == ProofText(index, tuple(hashes), NOTE, extra)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ProofTextFault.OTHER_FORMAT),
        ("{}", ProofTextFault.OTHER_FORMAT),
        (f"c2sp.org/tlog-proof@v2\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.OTHER_FORMAT),
        (f"c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\n{NOTE_TEXT}", ProofTextFault.OTHER_FORMAT),
        (f" c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.OTHER_FORMAT),
        (f"c2sp.org/tlog-proof@v1\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\n{HASH}\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex \n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex  0\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex 00\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex 07\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex -1\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex \u0661\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex {2**63}\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex {'9' * 9000}\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nindex 0 \n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.EXTRA),
        (f"c2sp.org/tlog-proof@v1\nextra AAB=\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.EXTRA),
        (f"c2sp.org/tlog-proof@v1\nextra AAA=\nextra AAA=\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.INDEX),
        (f"c2sp.org/tlog-proof@v1\nextra {'AAAA' * 22_000}\nindex 0\n\n{NOTE_TEXT}", ProofTextFault.EXTRA),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH[:-1]}\n\n{NOTE_TEXT}", ProofTextFault.HASH),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}=\n\n{NOTE_TEXT}", ProofTextFault.HASH),
        (f"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n{NOTE_TEXT}", ProofTextFault.HASH),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n{'00' * 32}\n\n{NOTE_TEXT}", ProofTextFault.HASH),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}\n" + NOTE_TEXT, ProofTextFault.HASH),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}", ProofTextFault.NO_CHECKPOINT),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}\n\n", ProofTextFault.NO_CHECKPOINT),
        ("c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 64 + f"\n{NOTE_TEXT}", ProofTextFault.TOO_MANY_HASHES),
        ("c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 20_000 + f"\n{NOTE_TEXT}", ProofTextFault.TOO_MANY_HASHES),
        ("c2sp.org/tlog-proof@v1\nindex 0\n\n\ud800\n", ProofTextFault.NO_CHECKPOINT),
        ("x" * 2_000_000, ProofTextFault.TOO_LARGE),
        (b"c2sp.org/tlog-proof@v1\n", ProofTextFault.NOT_TEXT),
        (None, ProofTextFault.NOT_TEXT),
    ],
)
def test_what_is_no_proof_is_refused_by_name(text: str, fault: ProofTextFault) -> None:
    assert fault_of(text) is fault


@pytest.mark.parametrize(
    ("index", "hashes", "note", "fault"),
    [
        (-1, [], NOTE, ProofTextFault.INDEX),
        (2**63, [], NOTE, ProofTextFault.INDEX),
        (True, [], NOTE, ProofTextFault.INDEX),
        (0, [b"short"], NOTE, ProofTextFault.HASH),
        (0, [bytes(32)] * 64, NOTE, ProofTextFault.TOO_MANY_HASHES),
        (0, [], b"", ProofTextFault.NO_CHECKPOINT),
        (0, [], b"\xff", ProofTextFault.NO_CHECKPOINT),
    ],
)
def test_no_proof_is_written_that_would_not_read_back(
    index: int, hashes: list[bytes], note: bytes, fault: ProofTextFault
) -> None:
    with pytest.raises(InvalidProofText) as caught:
        write_proof(index, hashes, note)
    assert caught.value.fault is fault


@given(st.text(max_size=200))
def test_text_at_random_is_refused_and_nothing_worse(text: str) -> None:
    fault_of(text)
