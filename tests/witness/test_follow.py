"""A witness without an address follows the log's: honest growth is countersigned, every lie is told."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.audit.domain.note import open_note
from tests.audit.odd_server import (
    dripping,
    dripping_headers,
    endless,
    never_beginning,
    odd_server,
    sending,
    silent,
)
from tests.witness.paper_log import PaperLog
from tests.witness.running import NAME, RunningWitness, run
from tests.witness.tile_server import PublishedLog, published


class Follower:
    """``showdown-witness follow --once`` on one folder."""

    def __init__(self, state: Path, vkey: str, address: str) -> None:
        self.state = state
        self.arguments: tuple[str, ...] = (
            "follow",
            "--once",
            "--state",
            str(state),
            "--name",
            NAME,
            "--log",
            f"{vkey} {address}",
        )
        self.arguments += ("--within", "5")

    def looks(self, *, expects: int = 0) -> str:
        """Look once; return what it said."""
        done = run(*self.arguments)
        assert done.returncode == expects, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def shows(self) -> bytes:
        """Return what it has countersigned."""
        return run("show", "--state", str(self.state)).stdout.encode()


@pytest.fixture
def content(log: PaperLog) -> PublishedLog:
    return PublishedLog(log, 5)


@pytest.fixture
def follower(tmp_path: Path, log: PaperLog, content: PublishedLog) -> Iterator[Follower]:
    with published(content) as address:
        yield Follower(tmp_path / "witness", log.signer.vkey, address)


def test_a_growing_log_is_countersigned_step_by_step(follower: Follower, content: PublishedLog, log: PaperLog) -> None:
    for size in (1, 2, 5, 5, 255, 256, 257, 700, 65_535, 65_536, 66_000):
        content.size = size
        follower.looks()
        shown = follower.shows()
        opened = open_note(shown, [log.signer.vkey])
        assert opened.text == log.checkpoint(size).text
        assert opened.unknown_signatures[0].name == NAME


def test_narrow_tiles_that_are_gone_are_read_from_the_wide_ones(
    follower: Follower, content: PublishedLog, log: PaperLog
) -> None:
    content.size = 300
    follower.looks()
    # The log has grown on since it signed, and dropped what it does not need.
    content.instead["checkpoint"] = log.note(500)
    content.size = 1000
    content.instead |= {f"tile/0/001.p/{width}": None for width in range(1, 256)}
    follower.looks()
    assert "/001" in "".join(content.asked)
    assert open_note(follower.shows(), [log.signer.vkey]).text == log.checkpoint(500).text


def test_a_fork_is_not_countersigned_and_both_checkpoints_are_kept(
    follower: Follower, content: PublishedLog, log: PaperLog
) -> None:
    content.size = 300
    follower.looks()
    before = follower.shows()
    content.log = PaperLog(word="other", fork_at=200)
    content.size = 400
    told = follower.looks(expects=2)
    assert "IT DOES NOT GO ON" in told
    assert follower.shows() == before
    (kept,) = (follower.state / "evidence").iterdir()
    assert str(kept) in told
    assert log.checkpoint(300).text in kept.read_text()
    assert content.log.checkpoint(400).text in kept.read_text()
    content.size = 300
    assert "another root of that size" in follower.looks(expects=2)
    content.log, content.size = log, 400
    follower.looks()


def test_a_log_that_was_set_back_is_told(follower: Follower, content: PublishedLog) -> None:
    content.size = 300
    follower.looks()
    content.size = 200
    assert "It shows 200 leaves and has shown 300" in follower.looks(expects=2)


def test_nobody_speaks_for_a_log_but_its_keys(follower: Follower, content: PublishedLog) -> None:
    content.log = PaperLog(seed=9)
    assert "no-known-signature" in follower.looks(expects=2)
    content.log = PaperLog("stranger.example/log")
    assert "does not know that log" in follower.looks(expects=2)
    assert follower.shows() == b""


TILES: dict[str, bytes | None] = {
    "gone": None,
    "short": b"\0" * 31,
    "empty": b"",
    "long": b"\0" * 8193,
    "other hashes": b"\0" * 32 * 144,
}


@pytest.mark.parametrize("name", sorted(TILES))
def test_a_tile_that_is_none_leads_nowhere(follower: Follower, content: PublishedLog, log: PaperLog, name: str) -> None:
    content.size = 300
    follower.looks()
    content.size = 400
    content.instead |= {"tile/0/001.p/144": TILES[name], "tile/0/001": None}
    assert follower.looks(expects=2)
    assert open_note(follower.shows(), [log.signer.vkey]).text == log.checkpoint(300).text


@pytest.mark.parametrize(
    "checkpoint",
    [b"", b"\n", b"<html>", b"\x00" * 100, b"paper.example/log\nfive\n", b"paper.example/log\n9223372036854775807\n\n"],
)
def test_a_checkpoint_that_is_none_is_told(follower: Follower, content: PublishedLog, checkpoint: bytes) -> None:
    follower.looks()
    content.instead["checkpoint"] = checkpoint
    assert "is not followed" in follower.looks(expects=2)


@pytest.mark.parametrize("behave", [endless, dripping, dripping_headers, never_beginning, silent, sending(b"nonsense")])
def test_an_address_that_never_ends_is_left(tmp_path: Path, log: PaperLog, behave: Callable[..., None]) -> None:
    with odd_server(behave) as address:
        began = time.monotonic()
        told = Follower(tmp_path / "witness", log.signer.vkey, address).looks(expects=2)
    assert "is not followed" in told
    assert time.monotonic() - began < 12


def test_a_closed_port_and_a_log_without_address_are_told(tmp_path: Path, log: PaperLog) -> None:
    told = Follower(tmp_path / "witness", log.signer.vkey, "http://127.0.0.1:9").looks(expects=2)
    assert "Connection refused" in told
    assert "No log has an address" in Follower(tmp_path / "witness", log.signer.vkey, "").looks(expects=2)


def test_one_that_serves_can_follow_as_well(tmp_path: Path, log: PaperLog, content: PublishedLog) -> None:
    with published(content) as address:
        witness = RunningWitness(tmp_path / "witness", f"{log.signer.vkey} {address}", more=("--every", "1"))
        try:
            witness.start()
            until = time.monotonic() + 15
            while log.origin not in witness.send("GET", "/").body.decode():
                assert time.monotonic() < until, witness.told()
                time.sleep(0.05)
            assert witness.ask(log.question(0, 9)).body == b"5\n"
            assert witness.ask(log.question(5, 9)).status == 200
            assert witness.end() == 0
        finally:
            witness.clean()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "No log is named"),
        (("--log", "nonsense"), "is no key"),
        (("--log", "a b c"), "a log is named by its key"),
        (("--log", f"{PaperLog().signer.vkey} ftp://paper.example"), "does not begin with https:// or http://"),
        (("--logs", "/nowhere"), "/nowhere cannot be read"),
        (("--log", PaperLog().signer.vkey, "--listen", "8290"), "is no place to listen"),
        (("--log", PaperLog().signer.vkey, "--listen", "127.0.0.1:99999"), "is no place to listen"),
        (("--log", PaperLog().signer.vkey, "--listen", "192.0.2.1:8290"), "Nobody can be heard at 192.0.2.1:8290"),
    ],
)
def test_what_hinders_it_is_told_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run("serve", "--state", str(tmp_path / "witness"), "--name", NAME, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_policy_file_names_logs(tmp_path: Path, log: PaperLog) -> None:
    policy = tmp_path / "policy"
    policy.write_text(
        f"# ours\n\tlog  {log.signer.vkey}\thttp://127.0.0.1:9\nwitness oak oak.example+0a1b2c3d+BAID\nquorum oak\n"
    )
    done = run("follow", "--once", "--state", str(tmp_path / "witness"), "--name", NAME, "--logs", str(policy))
    assert f"{log.origin} is not followed: " in done.stderr
