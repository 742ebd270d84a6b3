"""The servers of test runs: each run has its own, and a killed run leaves nothing."""

import fcntl
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from showdown.supervisor import keeper, processes, schema
from showdown.supervisor.keeper import RunFolder
from showdown.supervisor.postgres import SUPERUSER


@pytest.fixture
def run() -> RunFolder:
    return RunFolder.new()


def test_the_servers_end_with_the_run_that_was_killed(run: RunFolder) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    try:
        program = [sys.executable, "-m", "showdown.supervisor", "keep-test-services", str(run.folder)]
        done = subprocess.run(
            [*program, "--owner", str(owner.pid)],
            cwd=schema.REPOSITORY,
            env=schema.without_addresses(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(run.postgres().superuser_address(keeper.TEMPLATE)) as connection:
            assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
    finally:
        owner.kill()
        owner.wait()
    assert processes.wait_until(lambda: not run.folder.exists(), seconds=20, step=0.05)
    assert processes.left_behind(run.folder) == []


def test_what_a_killed_keeper_left_is_swept_and_a_running_one_is_not(run: RunFolder) -> None:
    run.owner_lock.touch()
    held = RunFolder.new()
    with held.owner_lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keeper.sweep(besides=run.folder)
        assert held.folder.exists()
        assert run.folder.exists()
        keeper.sweep(besides=held.folder)
        assert not run.folder.exists()
    keeper.sweep(besides=run.folder)
    assert not held.folder.exists()


@pytest.mark.parametrize(("in_memory", "free"), [(True, 2_000), (False, 1_999)])
def test_databases_lie_in_memory_where_there_is_room_and_are_removed_with_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_memory: bool, free: int
) -> None:
    monkeypatch.delenv(keeper.ON_DISK, raising=False)
    monkeypatch.setattr(keeper, "MEMORY", tmp_path)
    monkeypatch.setattr(keeper, "_MEMORY_LEFT", 0)
    monkeypatch.setattr(keeper, "megabytes_free", lambda _folder: free)
    run = RunFolder.new()
    assert run.data.is_relative_to(tmp_path) is in_memory
    assert RunFolder(run.folder).data == run.data
    monkeypatch.setenv(keeper.ON_DISK, "1")
    assert not keeper.has_memory_to_spare()
    run.data.mkdir()
    run.remove()
    assert not run.folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_passwords_of_test_runs_are_for_this_user_alone() -> None:
    assert SUPERUSER in keeper.passwords()
    assert (keeper.test_root() / "all-passwords.json").stat().st_mode & 0o777 == 0o600
    assert keeper.test_root().stat().st_mode & 0o022 == 0
