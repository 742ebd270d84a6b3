"""The proof that one checkpoint begins with another, checked by its file alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.merkle import consistency_proof
from apps.audit.domain.note import Signer, sign
from tests.verify.asking import ask, fault, holds
from tests.verify.paper import LOG, NOON, ORIGIN, OTHER, WITNESSES, Paper, entry, policy, votes


@pytest.fixture(scope="module")
def log() -> Paper:
    return votes(300)


def between(log: Paper, old: int, new: int) -> dict[str, Any]:
    """Return what the platform hands out between two of its checkpoints."""
    return {
        "format": "showdown-consistency-proof/1",
        "old_size": old,
        "old_root": log.checkpoint(old).root.hex(),
        "new_size": new,
        "new_root": log.checkpoint(new).root.hex(),
        "proof": [value.hex() for value in consistency_proof(log.leaves, old, new)],
        "old_checkpoint": log.note(size=old).decode(),
        "new_checkpoint": log.note(size=new).decode(),
    }


def saved(document: object, tmp_path: Path) -> Path:
    target = tmp_path / "consistency.json"
    target.write_text(json.dumps(document))
    return target


@pytest.mark.parametrize(("old", "new"), [(1, 300), (255, 256), (256, 257), (7, 8), (123, 300), (300, 300)])
def test_what_only_grew_holds(old: int, new: int, log: Paper, tmp_path: Path) -> None:
    held = holds(saved(between(log, old, new), tmp_path))
    assert held["growth"] == f"the tree of {new} begins with the one of {old}, both signed"
    assert {"signature", "earlier signature"} <= set(held)


HASH = "00" * 32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"old_size": 124}, "other-tree"),
        ({"old_size": 0}, "other-tree"),
        ({"old_size": -1}, "other-tree"),
        ({"old_size": 2**80}, "other-tree"),
        ({"old_size": True}, "not-a-number"),
        ({"old_size": "123"}, "not-a-number"),
        ({"new_size": 301}, "other-tree"),
        ({"new_size": None}, "not-a-number"),
        ({"old_root": HASH}, "other-tree"),
        ({"new_root": HASH}, "other-tree"),
        ({"old_root": HASH[:-2]}, "malformed-hash"),
        ({"new_root": 7}, "malformed-hash"),
        ({"proof": []}, "proof-length"),
        ({"proof": [HASH] * 60_00}, "proof-length"),
        ({"proof": [HASH[:-2]]}, "malformed-hash"),
        ({"proof": [HASH.replace("0", "A")]}, "malformed-hash"),
        ({"proof": None}, "malformed"),
        ({"proof": HASH}, "malformed"),
        ({"old_checkpoint": None}, "malformed"),
        ({"new_checkpoint": 7}, "malformed"),
        ({"old_checkpoint": ""}, "no-final-newline"),
        ({"new_checkpoint": "\ud800"}, "not-utf-8"),
        ({"format": "showdown-consistency-proof/2"}, "other-format"),
        ({"format": ["showdown-consistency-proof/1"]}, "other-format"),
        ({"format": {}}, "other-format"),
    ],
)
def test_a_changed_proof_is_refused_by_name(change: dict[str, Any], reason: str, log: Paper, tmp_path: Path) -> None:
    assert fault(saved(between(log, 123, 300) | change, tmp_path))[:2] == (1, reason)


def test_every_hash_of_it_counts(log: Paper, tmp_path: Path) -> None:
    told = between(log, 123, 300)
    for at, value in enumerate(told["proof"]):
        changed = bytes([bytes.fromhex(value)[0] ^ 1]).hex() + value[2:]
        proof = [*told["proof"][:at], changed, *told["proof"][at + 1 :]]
        status, reason, where = fault(saved(told | {"proof": proof}, tmp_path))
        assert (status, where) == (1, "proof")
        assert reason in {"root-mismatch", "old-root-mismatch"}


def test_the_two_may_not_be_swapped(log: Paper, tmp_path: Path) -> None:
    told, swapped = between(log, 123, 300), {}
    for name in told:
        other = name.replace("old", "x").replace("new", "old").replace("x", "new")
        swapped[name] = told[other]
    assert fault(saved(swapped, tmp_path))[:2] == (1, "old-size-above-new-size")


def test_both_are_signed_by_the_one_log(log: Paper, tmp_path: Path) -> None:
    told = between(log, 123, 300)
    stranger = Signer.from_seed("stranger.example/log", b"\x01" * 32)
    foreign = sign(Checkpoint(stranger.name, 123, log.checkpoint(123).root).text, stranger).decode()
    for which in ("old_checkpoint", "new_checkpoint"):
        forged = sign(log.checkpoint(int(told[which[:3] + "_size"])).text, OTHER).decode()
        assert fault(saved(told | {which: forged}, tmp_path)) == (1, "no-known-signature", which)
        edited = told[which].replace("\n3", "\n4").replace("\n1", "\n2")
        assert fault(saved(told | {which: edited}, tmp_path)) == (1, "wrong-signature", which)
    both = ("--vkey", stranger.vkey)
    assert fault(saved(told | {"old_checkpoint": foreign}, tmp_path), *both) == (1, "other-origin", "old_checkpoint")
    assert fault(saved(told, tmp_path), "--origin", "else.example")[:2] == (1, "other-origin")
    assert fault(saved(told, tmp_path), vkey="")[:2] == (2, "no-key")


def test_two_roots_of_one_size_are_a_fork_and_both_are_shown(log: Paper, tmp_path: Path) -> None:
    forked = Paper([*log.entries[:-1], entry(7)])
    told = between(log, 300, 300) | {
        "new_root": forked.checkpoint().root.hex(),
        "new_checkpoint": forked.note().decode(),
    }
    status, answer = ask(saved(told, tmp_path))
    assert (status, answer["stopped"]["reason"]) == (1, "fork")
    assert answer["evidence"] == [told["old_checkpoint"], told["new_checkpoint"]]


def test_a_rewritten_beginning_has_no_proof(log: Paper, tmp_path: Path) -> None:
    rewritten = Paper([entry(5), *log.entries[1:]])
    told = between(rewritten, 123, 300) | {
        name: between(log, 123, 300)[name] for name in ("old_root", "old_checkpoint")
    }
    assert fault(saved(told, tmp_path)) == (1, "old-root-mismatch", "proof")


def test_the_quorum_is_asked_of_the_later_one(log: Paper, tmp_path: Path) -> None:
    needed = tmp_path / "policy"
    needed.write_bytes(policy("w0"))
    told = between(log, 123, 300)
    assert fault(saved(told, tmp_path), "--policy", needed) == (1, "quorum-missed", "new_checkpoint")
    signed = told | {"new_checkpoint": log.note(LOG, WITNESSES[0].at(NOON)).decode()}
    assert "quorum" in holds(saved(signed, tmp_path), "--policy", needed)


def test_it_is_compared_with_what_was_seen(log: Paper, tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(votes(123).write(tmp_path / "log"), "--state", state)
    kept = state.read_bytes()
    assert "consistency" in holds(saved(between(log, 123, 300), tmp_path), "--state", state)
    assert "consistency" not in holds(saved(between(log, 50, 300), tmp_path), "--state", state)
    forked = Paper([entry(5), *log.entries[1:]])
    status, answer = ask(saved(between(forked, 123, 300), tmp_path), "--state", state)
    assert (status, answer["stopped"]["reason"]) == (1, "fork")
    assert answer["evidence"], "what was seen is the other half of the proof"
    assert state.read_bytes() == kept


def test_an_entry_has_nothing_to_do_with_it(log: Paper, tmp_path: Path) -> None:
    body = tmp_path / "entry"
    body.write_bytes(log.entries[7])
    assert fault(saved(between(log, 123, 300), tmp_path), "--entry", body)[:2] == (2, "no-proof")
    assert between(log, 123, 300)["old_checkpoint"].startswith(ORIGIN)
