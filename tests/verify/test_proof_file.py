"""The proof of one entry, as a receipt in JSON or as a tlog-proof, checked without asking anybody."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.audit.domain.note import sign
from apps.audit.domain.proof_text import write_proof
from tests.verify.asking import fault, holds
from tests.verify.paper import LOG, NOON, OTHER, WITNESSES, Paper, base64_of, entry, policy, votes


@pytest.fixture(scope="module")
def log() -> Paper:
    return votes(300)


def saved(document: object, tmp_path: Path) -> Path:
    target = tmp_path / "proof.json"
    target.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
    return target


@pytest.mark.parametrize("index", [0, 1, 254, 255, 256, 299])
def test_a_receipt_holds(index: int, log: Paper, tmp_path: Path) -> None:
    held = holds(saved(log.receipt(index), tmp_path))
    assert held["inclusion"] == f"the entry is leaf {index} of 300 under the signed root"


def test_a_receipt_of_the_only_entry_holds(tmp_path: Path) -> None:
    holds(saved(votes(1).receipt(0), tmp_path))


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"leaf_index": 8}, 1, "root-mismatch"),
        ({"leaf_index": 300}, 1, "index-outside-the-tree"),
        ({"leaf_index": -1}, 1, "negative"),
        ({"leaf_index": 2**70}, 1, "too-large"),
        ({"leaf_index": True}, 1, "not-a-number"),
        ({"leaf_index": "7"}, 1, "not-a-number"),
        ({"leaf_index": 7.0}, 1, "not-a-number"),
        ({"size": 301}, 1, "other-tree"),
        ({"size": 0}, 1, "other-tree"),
        ({"root": "00" * 32}, 1, "other-tree"),
        ({"root": "00" * 31}, 1, "malformed-hash"),
        ({"root": None}, 1, "malformed-hash"),
        ({"leaf_hash": "00" * 32}, 1, "other-leaf"),
        ({"entry": base64_of(entry(8))}, 1, "other-leaf"),
        ({"entry": "!!"}, 1, "not-canonical-base64"),
        ({"entry": "AAB="}, 1, "not-canonical-base64"),
        ({"entry": 7}, 1, "not-canonical-base64"),
        ({"entry": base64_of(b"x" * 70_000)}, 1, "entry-too-large"),
        ({"proof": []}, 1, "proof-length"),
        ({"proof": ["00" * 32] * 9}, 1, "root-mismatch"),
        ({"proof": ["00" * 32] * 5000}, 1, "proof-length"),
        ({"proof": ["00" * 31]}, 1, "malformed-hash"),
        ({"proof": [" " + "00" * 32]}, 1, "malformed-hash"),
        ({"proof": ["\u0660" * 64]}, 1, "malformed-hash"),
        ({"proof": ["AA" * 32]}, 1, "malformed-hash"),
        ({"proof": [7]}, 1, "malformed-hash"),
        ({"proof": "00" * 32}, 1, "malformed"),
        ({"proof": None}, 1, "malformed"),
        ({"checkpoint": 7}, 1, "malformed"),
        ({"checkpoint": ""}, 1, "no-final-newline"),
        ({"checkpoint": "\ud800"}, 1, "not-utf-8"),
        ({"checkpoint": None}, 2, "no-checkpoint"),
        ({"format": "showdown-inclusion-proof/2"}, 1, "other-format"),
        ({"format": None}, 1, "other-format"),
    ],
)
def test_a_changed_receipt_is_refused(
    change: dict[str, Any], status: int, reason: str, log: Paper, tmp_path: Path
) -> None:
    assert fault(saved(log.receipt(7) | change, tmp_path))[:2] == (status, reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not-json"),
        ("{}", "other-format"),
        ('{"a":' * 20_000, "not-json"),
        ('{"format":"a","format":"b"}', "not-json"),
        ('{"leaf_index":' + "9" * 5000 + "}", "not-json"),
        ("{" + " " * 2_000_001 + "}", None),
    ],
)
def test_what_is_no_receipt_is_refused(text: str, reason: str | None, tmp_path: Path) -> None:
    status, told, _where = fault(saved(text, tmp_path))
    assert (status, told) == ((1, reason) if reason else (2, "too-large"))


def test_a_receipt_signed_by_somebody_else_is_refused(log: Paper, tmp_path: Path) -> None:
    assert fault(saved(log.receipt(7, OTHER), tmp_path))[:2] == (1, "no-known-signature")
    assert fault(saved(log.receipt(7), tmp_path), vkey="")[:2] == (2, "no-key")


def test_a_receipt_needs_its_quorum(log: Paper, tmp_path: Path) -> None:
    needed = tmp_path / "policy"
    needed.write_bytes(policy("w0"))
    assert "quorum" in holds(saved(log.receipt(7, LOG, WITNESSES[0].at(NOON)), tmp_path), "--policy", needed)
    assert fault(saved(log.receipt(7), tmp_path), "--policy", needed)[:2] == (1, "quorum-missed")


def test_the_entry_can_be_a_file_of_its_own(log: Paper, tmp_path: Path) -> None:
    body, other = tmp_path / "entry", tmp_path / "other"
    body.write_bytes(log.entries[7])
    other.write_bytes(log.entries[8])
    proof = saved(log.receipt(7), tmp_path)
    holds(proof, "--entry", body)
    assert fault(proof, "--entry", other)[:2] == (1, "other-entry")
    bare = log.receipt(7)
    del bare["entry"], bare["leaf_hash"]
    proof = saved(bare, tmp_path)
    holds(proof, "--entry", body)
    assert fault(proof)[:2] == (2, "no-entry")
    assert fault(proof, "--entry", other)[:2] == (1, "root-mismatch")
    assert fault(proof, "--entry", tmp_path / "none")[:2] == (2, "unreadable")


def test_a_proof_as_text_holds_with_its_entry(log: Paper, tmp_path: Path) -> None:
    body, proof = tmp_path / "entry", tmp_path / "entry-7.tlog-proof"
    body.write_bytes(log.entries[7])
    text = write_proof(7, log.proof(7), log.note(LOG, WITNESSES[0].at(NOON)))
    proof.write_text(text)
    holds(proof, "--entry", body)
    assert fault(proof)[:2] == (2, "no-entry")
    for changed, reason in (
        (text.replace("index 7", "index 8"), "root-mismatch"),
        (text.replace("index 7", "index 300"), "index-outside-the-tree"),
        (text.replace("index 7", "index 07"), "malformed-index"),
        (text.replace("\n\n", "\n", 1), "malformed-hash"),
        (text[:-1], "no-final-newline"),
        (text.replace("\n", "\r\n"), "other-format"),
        (text + "x\n", "malformed-signature-line"),
        (write_proof(7, log.proof(7), sign("hello\n", LOG)), "too-few-lines"),
    ):
        proof.write_bytes(changed.encode())
        assert fault(proof, "--entry", body)[:2] == (1, reason)


def test_a_proof_is_compared_with_what_was_seen_of_the_same_size(log: Paper, tmp_path: Path) -> None:
    state = tmp_path / "state"
    folder = log.write(tmp_path / "log")
    holds(folder, "--state", state)
    kept = state.read_bytes()
    assert "consistency" in holds(saved(log.receipt(7), tmp_path), "--state", state)
    forked = Paper([*log.entries[:299], entry(5)])
    assert fault(saved(forked.receipt(7), tmp_path), "--state", state)[:2] == (1, "fork")
    # Of another size a proof alone tells nothing, and nothing is remembered.
    assert "consistency" not in holds(saved(votes(20).receipt(7), tmp_path), "--state", state)
    assert state.read_bytes() == kept


def counted(log: Paper, **change: Any) -> dict[str, Any]:
    told = {
        "snapshot": 7,
        "votes_root": log.checkpoint(40).root.hex(),
        "votes": 40,
        "index": 33,
        "leaf_hash": log.leaves[33].hex(),
        "proof": [value.hex() for value in log.proof(33, 40)],
    }
    return log.receipt(7) | {"counted": told | change}


def test_a_receipt_proves_that_its_vote_counted(log: Paper, tmp_path: Path) -> None:
    assert holds(saved(counted(log), tmp_path))["counted"].startswith("vote 33 of 40 in snapshot 7")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"index": 32}, "root-mismatch"),
        ({"index": 40}, "index-outside-the-tree"),
        ({"votes": 0}, "empty-tree"),
        ({"leaf_hash": "00" * 32}, "root-mismatch"),
        ({"votes_root": "00" * 31}, "malformed-hash"),
        ({"proof": None}, "malformed"),
        ({"snapshot": "7"}, "not-a-number"),
    ],
)
def test_a_wrong_proof_of_counting_is_refused(change: dict[str, Any], reason: str, log: Paper, tmp_path: Path) -> None:
    assert fault(saved(counted(log, **change), tmp_path))[:2] == (1, reason)


def test_an_entry_belongs_to_a_proof(log: Paper, tmp_path: Path) -> None:
    folder = log.write(tmp_path / "log")
    assert fault(folder, "--entry", folder / "keys")[:2] == (2, "no-proof")
