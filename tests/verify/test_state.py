"""What the reader has seen is kept: a fork and a step backwards are refused, and no death loses it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.note import Signer, open_note, sign
from showdown_verify.checkpoint import parse_checkpoint
from showdown_verify.state import State
from showdown_verify.verdict import Broken
from tests.verify.asking import ask, fault, holds
from tests.verify.paper import LOG, NOON, ORIGIN, OTHER, WITNESSES, Paper, entry, votes

CLIENT = Path(__file__).parents[2] / "clients" / "verify"
DEPTHS = ("edge", "tiles", "entries")


def log_of(tmp_path: Path, count: int, *, forked_at: int | None = None) -> Path:
    paper = votes(count)
    if forked_at is not None:
        paper.entries[forked_at] = entry(10_000)
    return paper.write(tmp_path / f"log-{count}-{forked_at}", LOG, WITNESSES[0].at(NOON))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("old", "new"), [(1, 2), (3, 3), (255, 256), (256, 257), (256, 600), (300, 301), (300, 700), (512, 512), (511, 513)]
)
def test_a_log_that_grew_holds(old: int, new: int, depth: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, old), "--state", state)
    held = holds(log_of(tmp_path, new), "--state", state, "--depth", depth)
    assert held["consistency"] == f"it begins with the {old} entries that were seen before"
    assert json.loads(state.read_text())["logs"][ORIGIN]["checkpoint"].split("\n")[1] == str(new)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("old", "new", "at"), [(300, 300, 7), (300, 700, 0), (300, 700, 299), (256, 600, 255)])
def test_a_fork_is_refused_with_both_signatures(old: int, new: int, at: int, depth: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, old), "--state", state)
    kept = state.read_bytes()
    forked = log_of(tmp_path, new, forked_at=at)
    assert fault(forked, "--state", state, "--depth", depth)[:2] == (1, "fork")
    _status, answer = ask(forked, "--state", state, "--depth", depth)
    sizes = [open_note(note.encode(), [LOG.vkey]).text.split("\n")[1] for note in answer["evidence"]]
    assert sizes == [str(old), str(new)]
    assert state.read_bytes() == kept


def test_a_change_after_what_was_seen_is_no_fork(tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, 300), "--state", state)
    for depth in DEPTHS:
        holds(log_of(tmp_path, 700, forked_at=300), "--state", state, "--depth", depth)


def test_wrong_tiles_accuse_nobody_of_a_fork(tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, 300), "--state", state)
    later = log_of(tmp_path, 700)
    tile = later / "tile/0/001"
    data = bytearray(tile.read_bytes())
    data[5] ^= 1
    tile.write_bytes(data)
    for depth, reasons in (("edge", {"tile-mismatch"}), ("tiles", {"tile-mismatch"}), ("entries", {"entry-changed"})):
        status, reason, _where = fault(later, "--state", state, "--depth", depth)
        assert status == 1
        assert reason in reasons


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_smaller_log_is_refused(depth: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, 300), "--state", state)
    kept = state.read_bytes()
    assert fault(log_of(tmp_path, 299), "--state", state, "--depth", depth) == (1, "rolled-back", "checkpoint")
    assert state.read_bytes() == kept
    holds(log_of(tmp_path, 299), "--depth", depth)


def test_nothing_is_remembered_of_what_does_not_hold(tmp_path: Path) -> None:
    state = tmp_path / "state"
    folder = log_of(tmp_path, 300)
    (folder / "tile/0/000").write_bytes(bytes(8192))
    assert fault(folder, "--state", state)[0] == 1
    assert not state.exists()


def test_several_logs_live_in_one_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, 300), "--state", state)
    other = Signer.from_seed("other.example/log", b"\x07" * 32)
    folder = log_of(tmp_path, 5)
    (folder / "checkpoint").write_bytes(sign(Checkpoint(other.name, 5, votes(5).checkpoint().root).text, other))
    holds(folder, "--state", state, vkey=other.vkey)
    assert set(json.loads(state.read_text())["logs"]) == {ORIGIN, other.name}
    assert fault(log_of(tmp_path, 299), "--state", state)[:2] == (1, "rolled-back")


def test_the_keys_of_the_first_use_are_kept(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", log_of(tmp_path, 300)
    holds(folder, "--state", state, "--first-use", vkey="")
    assert holds(folder, "--state", state, vkey="")["keys"] == "those of the first visit, from the state file"
    # A log that names other keys now is not believed.
    later = votes(301).write(tmp_path / "later", OTHER)
    (later / "keys").write_text(OTHER.vkey)
    assert fault(later, "--state", state, "--first-use", vkey="")[:2] == (1, "no-known-signature")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format": "showdown-verify-state/2", "logs": {}}',
        '{"format": "showdown-verify-state/1"}',
        '{"format": "showdown-verify-state/1", "logs": []}',
        '{"format": "showdown-verify-state/1", "logs": {"a": {}}}',
        '{"format": "showdown-verify-state/1", "logs": {"a": null}}',
        '{"format": "showdown-verify-state/1", "logs": {"a": {"checkpoint": 7, "keys": []}}}',
        '{"format": "showdown-verify-state/1", "logs": {"a": {"checkpoint": "x", "keys": []}}}',
        '{"a":' * 20_000,
    ],
)
def test_a_damaged_state_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text(text)
    assert fault(log_of(tmp_path, 3), "--state", state)[:2] == (2, "state-damaged")
    assert state.read_text() == text


def test_a_checkpoint_moved_to_another_log_s_name_is_damage(tmp_path: Path) -> None:
    state = tmp_path / "state"
    holds(log_of(tmp_path, 3), "--state", state)
    state.write_text(state.read_text().replace(f'"{ORIGIN}": ', '"other.example/log": '))
    assert fault(log_of(tmp_path, 3), "--state", state)[:2] == (2, "state-damaged")


def test_a_state_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folder = log_of(tmp_path, 3)
    assert fault(folder, "--state", tmp_path / "none" / "state")[:2] == (2, "state-not-written")
    assert fault(folder, "--state", tmp_path)[:2] == (2, "state-unreadable")


def test_a_slower_run_does_not_overwrite_a_later_one(tmp_path: Path) -> None:
    slow = State(tmp_path / "state")
    holds(log_of(tmp_path, 300), "--state", tmp_path / "state")
    older, same = votes(299), Paper([*votes(299).entries, entry(7)])
    slow.remember(parse_checkpoint(older.checkpoint().text), older.note().decode(), (LOG.vkey,))
    assert "\\n300\\n" in (tmp_path / "state").read_text()
    with pytest.raises(Broken, match="Two trees of 300"):
        slow.remember(parse_checkpoint(same.checkpoint().text), same.note().decode(), (LOG.vkey,))


def run_of(folder: Path, state: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "showdown_verify",
            str(folder),
            "--vkey",
            LOG.vkey,
            "--state",
            str(state),
            "--depth",
            "edge",
        ],
        env=os.environ | {"PYTHONPATH": str(CLIENT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_reader_who_is_killed_at_any_moment_leaves_a_whole_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    logs = [log_of(tmp_path, size) for size in range(1, 13)]
    began = time.monotonic()
    run_of(logs[0], state).wait()
    whole_run = time.monotonic() - began
    for number, folder in enumerate(logs[1:]):
        process = run_of(folder, state)
        time.sleep(whole_run * (0.75 + 0.04 * number))
        process.send_signal(signal.SIGKILL)
        process.wait()
        size = int(json.loads(state.read_text())["logs"][ORIGIN]["checkpoint"].split("\n")[1])
        assert size <= number + 2
    holds(logs[-1], "--state", state)


def test_many_runs_at_once_keep_the_largest(tmp_path: Path) -> None:
    state = tmp_path / "state"
    logs = [log_of(tmp_path, size) for size in range(1, 9)]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda folder=folder: answers.append(run_of(folder, state).wait())) for folder in logs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever comes late with a smaller log is told so; nobody overwrites the largest.
    assert set(answers) <= {0, 1}
    assert json.loads(state.read_text())["logs"][ORIGIN]["checkpoint"].split("\n")[1] == "8"
