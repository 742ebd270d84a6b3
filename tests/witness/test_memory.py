"""The witness's memory: on the disk before anybody hears of it, one history for each log, whatever kills it when."""

import http.client
import json
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.audit.domain.note import open_note
from tests.witness.paper_log import PaperLog
from tests.witness.running import NAME, REPOSITORY, RunningWitness, Told, run

DYING = str(REPOSITORY / "tests" / "witness" / "dying.py")


def kept(witness: RunningWitness) -> dict[str, tuple[int, str]]:
    """Return size and root that the memory has for each log."""
    memory = json.loads((witness.state / "cosigned.json").read_text())
    return {one["origin"]: (one["size"], one["root"]) for one in memory["logs"]}


def test_a_restart_forgets_nothing(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.ask(log.question(0, 5)).status == 200
    vkey = witness.vkey
    assert witness.end(signal.SIGKILL) == -signal.SIGKILL
    witness.start()
    assert witness.vkey == vkey
    assert witness.ask(log.question(0, 3)).body == b"5\n"
    assert witness.ask(PaperLog(word="other").question(5, 5)).status == 409
    assert witness.ask(log.question(5, 9)).status == 200


def changes_of_one_answer(tmp_path: Path, log: PaperLog) -> tuple[list[str], list[str]]:
    """Return the changes on the disk until it listens, and those of one checkpoint."""
    witness = RunningWitness(tmp_path / "counted", log.signer.vkey, program=(DYING, "0"))
    try:
        witness.start()
        first = re.findall(r"^change (\w+)$", witness.told(), re.MULTILINE)
        witness.ask(log.question(0, 3))
        return first, re.findall(r"^change (\w+)$", witness.told(), re.MULTILINE)[len(first) :]
    finally:
        witness.clean()


def test_the_new_memory_is_on_the_disk_before_the_answer_leaves(tmp_path: Path, log: PaperLog) -> None:
    first, answer = changes_of_one_answer(tmp_path, log)
    # The file is synced before it takes the old one's place, and the folder after that.
    assert answer == ["open", "write", "fsync", "replace", "open", "fsync"]
    # The memory is there before the key: a key without a memory is known to have lost it.
    assert first == ["open", "write", "fsync", "link", "unlink", "open", "fsync"] * 2


def test_killed_before_any_change_it_has_one_history(tmp_path: Path, log: PaperLog) -> None:
    fork = PaperLog(word="other", fork_at=1)
    first, answer = changes_of_one_answer(tmp_path, log)
    for step in range(1, len(first) + 2 * len(answer) + 1):
        witness = RunningWitness(tmp_path / f"step{step}", log.signer.vkey, program=(DYING, str(step)))
        heard: list[Told] = []
        try:
            witness.start()
            heard.append(witness.ask(log.question(0, 3)))
            heard.append(witness.ask(log.question(3, 8)))
        except (AssertionError, OSError, http.client.HTTPException):
            assert witness.process is not None
            assert witness.process.wait(20) == -signal.SIGKILL, witness.told()
        assert len(heard) < 2, f"It was not killed at step {step}."
        witness.program = ("-m", "showdown_witness")
        witness.start()
        try:
            size = kept(witness).get(log.origin, (0, ""))[0]
            # What was answered is known; what is known and was not answered was signed for nobody.
            assert size in {0, 3, 8}
            assert size >= 3 * len(heard)
            for told in heard:
                assert told.status == 200
                open_note(log.note(3) + told.body, [witness.vkey])
            if size:
                assert witness.ask(fork.question(size, size)).status == 409
                assert witness.ask(fork.question(size, 9)).status == 422
            assert witness.ask(log.question(size, 9)).status == 200
            assert kept(witness) == {log.origin: (9, log.checkpoint(9).root.hex())}
            assert not list(witness.state.glob(".*.new"))
        finally:
            witness.clean()


def test_of_many_at_once_one_history_is_countersigned(witness: RunningWitness, log: PaperLog) -> None:
    """Thirty-two ask at once, from honest sizes and from forks; every signature given lies on one line."""
    forks = [PaperLog(word=f"other{number}", fork_at=2) for number in range(4)]
    assert witness.ask(log.question(0, 2)).status == 200
    bodies = [(one, size) for one in (log, *forks) for size in (3, 4, 5, 6, 7, 8)]
    given: list[tuple[PaperLog, int]] = []
    together = threading.Barrier(len(bodies))

    def ask(one: PaperLog, size: int) -> None:
        together.wait()
        told = witness.ask(one.question(2, size))
        if told.status == 200:
            given.append((one, size))
        else:
            assert told.status == 409, told

    threads = [threading.Thread(target=ask, args=each) for each in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # All came from size 2, so exactly one was first.
    ((one, size),) = given
    assert kept(witness)[log.origin] == (size, one.checkpoint(size).root.hex())


def test_a_ladder_climbed_by_many_at_once_never_goes_down(witness: RunningWitness, log: PaperLog) -> None:
    sizes: list[int] = []
    changing = threading.Lock()

    def climb() -> None:
        at = 0
        while at < 60:
            told = witness.ask(log.question(at, at + 1))
            if told.status == 200:
                with changing:
                    sizes.append(at + 1)
                at += 1
            else:
                assert (told.status, told.content_type) == (409, "text/x.tlog.size")
                assert int(told.body) >= at
                at = int(told.body)

    threads = [threading.Thread(target=climb) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(sizes)) == list(range(1, 61))
    assert kept(witness)[log.origin][0] == 60


def test_two_never_share_a_memory(witness: RunningWitness, log: PaperLog) -> None:
    done = run("serve", "--state", str(witness.state), "--log", log.signer.vkey, "--listen", "127.0.0.1:0")
    assert done.returncode == 2
    assert "Another witness works with" in done.stderr
    assert run("key", "--state", str(witness.state)).returncode == 2


def test_a_key_without_its_memory_never_signs_again(witness: RunningWitness, log: PaperLog) -> None:
    witness.ask(log.question(0, 5))
    witness.end()
    (witness.state / "cosigned.json").unlink()
    done = run("serve", "--state", str(witness.state), "--log", log.signer.vkey, "--listen", "127.0.0.1:0")
    assert done.returncode == 2
    assert "this key must never sign again" in done.stderr
    assert not (witness.state / "cosigned.json").exists()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _memory: b"",
    "cut": lambda memory: memory[:-20],
    "garbage": lambda _memory: bytes(range(256)),
    "a list": lambda _memory: b"[]",
    "a number": lambda _memory: b"7",
    "another format": lambda memory: memory.replace(b"state/1", b"state/2"),
    "another size": lambda memory: memory.replace(b'"size": 5', b'"size": 4'),
    "a size of text": lambda memory: memory.replace(b'"size": 5', b'"size": "5"'),
    "true": lambda memory: memory.replace(b'"size": 5', b'"size": true'),
    "no root": lambda memory: re.sub(rb'"root": "\w+"', b'"root": ""', memory),
    "a field more": lambda memory: memory.replace(b'"size": 5', b'"size": 5, "more": 1'),
    "twice": lambda memory: json.dumps(
        {**json.loads(memory), "logs": json.loads(memory)["logs"] * 2}, ensure_ascii=False
    ).encode(),
}


def test_a_damaged_memory_is_never_guessed_at(witness: RunningWitness, log: PaperLog) -> None:
    witness.ask(log.question(0, 5))
    witness.end()
    path = witness.state / "cosigned.json"
    whole = path.read_bytes()
    for name, damage in DAMAGE.items():
        assert damage(whole) != whole, name
        path.write_bytes(damage(whole))
        done = run("show", "--state", str(witness.state))
        assert done.returncode == 2, name
        assert "Bring the file back" in done.stderr, (name, done.stderr)
        assert "Traceback" not in done.stderr
    path.write_bytes(whole)
    shown = run("show", "--state", str(witness.state))
    assert shown.returncode == 0
    open_note(shown.stdout.encode(), [witness.vkey, log.signer.vkey])


def test_on_a_full_disk_nothing_is_countersigned(tmp_path: Path, log: PaperLog) -> None:
    full = tmp_path / "full.py"
    full.write_text(
        "import errno, os, sys\n"
        "from showdown_witness.cli import main\n"
        "write = os.write\n"
        "def fails(handle, content):\n"
        "    if os.path.exists(sys.argv[0] + '.full') and handle > 2:\n"
        "        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "    return write(handle, content)\n"
        "os.write = fails\n"
        "sys.exit(main())\n"
    )
    witness = RunningWitness(tmp_path / "witness", log.signer.vkey, program=(str(full),))
    try:
        witness.start()
        assert witness.ask(log.question(0, 3)).status == 200
        mark = Path(f"{full}.full")
        mark.touch()
        told = witness.ask(log.question(3, 5))
        assert told.status == 500
        assert "EM DASH" not in told.body.decode()
        assert "No space left on device" in witness.told()
        assert kept(witness)[log.origin][0] == 3
        mark.unlink()
        assert witness.ask(log.question(3, 5)).status == 200
    finally:
        witness.clean()


def test_the_key_is_made_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    state = tmp_path / "new" / "witness"
    first = run("key", "--state", str(state), "--name", NAME)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith(f"{NAME}+")
    assert (state / "key").stat().st_mode & 0o777 == 0o600
    assert (state / "cosigned.json").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in first.stdout + first.stderr
    assert run("key", "--state", str(state)).stdout == first.stdout
    other = run("key", "--state", str(state), "--name", "oak.example/w")
    assert other.returncode == 2
    assert "another witness needs a folder of its own" in other.stderr
    (state / "key").chmod(0o640)
    told = run("key", "--state", str(state))
    assert told.returncode == 2
    assert f"chmod 600 {state / 'key'}" in told.stderr


@pytest.mark.parametrize("content", ["", "PRIVATE+KEY+elm.example/w1+00000000+AAAA", "elm.example/w1+0a1b2c3d+BAID"])
def test_a_damaged_key_is_told_without_quoting_it(tmp_path: Path, content: str) -> None:
    state = tmp_path / "witness"
    assert run("key", "--state", str(state), "--name", NAME).returncode == 0
    (state / "key").write_text(content)
    done = run("key", "--state", str(state))
    assert done.returncode == 2
    assert "holds no key of a witness" in done.stderr
    assert "AAAA" not in done.stderr


@pytest.mark.parametrize("name", ["", "two words", "a+b", "ctrl\x01"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    done = run("key", "--state", str(tmp_path / "witness"), "--name", name)
    assert done.returncode == 2
    assert "name" in done.stderr
    assert "Traceback" not in done.stderr
