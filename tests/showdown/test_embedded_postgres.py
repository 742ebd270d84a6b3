"""The embedded PostgreSQL: its data folder is made whole or not at all, and a password opens it, nothing else."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from showdown.supervisor import obstacle
from showdown.supervisor.folders import Var
from showdown.supervisor.obstacle import Obstacle, require_space
from showdown.supervisor.postgres import COMPLETE, EmbeddedPostgres
from showdown.supervisor.service_account import ServiceAccount


def test_only_the_password_opens_it(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.make(pytest.fail)
    empty_postgres.start()
    with psycopg.connect(empty_postgres.superuser_address()) as connection:
        rules = connection.execute("SELECT type, auth_method FROM pg_hba_file_rules").fetchall()
        listening = connection.execute("SHOW listen_addresses").fetchone()
    assert rules == [("local", "scram-sha-256")]
    assert listening == ("",)
    without = f"postgresql://postgres@/postgres?host={empty_postgres.sockets}"
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(without)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(without, password="guessed")


def test_an_interrupted_making_is_made_again(empty_postgres: EmbeddedPostgres) -> None:
    making = empty_postgres.data.with_name("postgres.making")
    making.mkdir()
    (making / "PG_VERSION").write_text("18\n")
    told: list[str] = []
    empty_postgres.make(told.append)
    empty_postgres.start()
    assert "interrupted" in told[0]
    assert not making.exists()


def test_a_half_made_folder_is_set_aside(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.data.mkdir()
    (empty_postgres.data / "base").mkdir()
    told: list[str] = []
    empty_postgres.make(told.append)
    empty_postgres.start()
    assert "half-made" in told[0]
    (aside,) = empty_postgres.data.parent.glob("postgres.half-made-*")
    assert (aside / "base").exists()


def test_an_interrupted_initdb_leaves_nothing_that_looks_whole(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.binaries = Path("/nowhere")
    with pytest.raises(Obstacle, match="could not make its data folder"):
        empty_postgres.make(pytest.fail)
    assert not empty_postgres.is_made
    assert not empty_postgres.data.exists()


def test_the_data_of_another_postgresql_is_refused_and_kept(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.data.mkdir()
    (empty_postgres.data / COMPLETE).touch()
    (empty_postgres.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(Obstacle, match="made by PostgreSQL 16") as refusal:
        empty_postgres.make(pytest.fail)
    assert "make demo-reset" in str(refusal.value)
    assert (empty_postgres.data / "PG_VERSION").exists()


def test_a_killed_server_keeps_what_it_acknowledged(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.make(pytest.fail)
    empty_postgres.start()
    with psycopg.connect(empty_postgres.superuser_address(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS row")
    empty_postgres.kill()
    assert (empty_postgres.data / "postmaster.pid").exists()
    empty_postgres.start()
    with psycopg.connect(empty_postgres.superuser_address()) as connection:
        assert connection.execute("SELECT row FROM kept").fetchone() == (1,)


def test_a_stale_note_with_the_number_of_another_process_does_not_stop_it(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.make(pytest.fail)
    stranger = subprocess.Popen(["sleep", "60"], user=empty_postgres.account.uid if empty_postgres.account else None)
    try:
        note = f"{stranger.pid}\n{empty_postgres.data}\n1\n5432\n{empty_postgres.sockets}\n\n1 1\nready\n"
        (empty_postgres.data / "postmaster.pid").write_text(note)
        empty_postgres.start()
        assert empty_postgres.is_running
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_left_by_a_killed_run_is_ended(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.make(pytest.fail)
    empty_postgres.start()
    left = empty_postgres.server
    assert left is not None
    empty_postgres.server = None
    empty_postgres.start()
    assert not left.is_running
    assert empty_postgres.is_running


def test_it_ends_with_the_process_that_started_it(short_folder: Path, empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.make(pytest.fail)
    starter = os.fork()
    if starter == 0:
        empty_postgres.start()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(starter, 0)
    log = short_folder / "postgres.log"
    until = [None] * 200
    for _ in until:
        if "database system is shut down" in log.read_text():
            break
        signal.sigtimedwait([], 0.05)
    assert "received fast shutdown request" in log.read_text()
    assert not (empty_postgres.data / "postmaster.pid").exists()


def test_too_little_space_is_told_before_anything_is_written(
    empty_postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obstacle, "megabytes_free", lambda _folder: 12)
    with pytest.raises(Obstacle, match="12 MB are free, a new database needs 300 MB"):
        empty_postgres.make(pytest.fail)
    assert not empty_postgres.data.exists()
    with pytest.raises(Obstacle, match="full"):
        require_space(empty_postgres.data, 13, purpose="this")


@pytest.fixture
def tiny_disk(short_folder: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = short_folder / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0711", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("This system lets nobody mount a small file system.")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_while_making_is_told_and_leaves_nothing(
    empty_postgres: EmbeddedPostgres, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_postgres.data = tiny_disk / "postgres"
    monkeypatch.setattr("showdown.supervisor.postgres.require_space", lambda *_told, **_more: None)
    with pytest.raises(Obstacle, match=r"The disk that holds .* is full"):
        empty_postgres.make(pytest.fail)
    assert list(tiny_disk.iterdir()) == []


def test_a_long_path_does_not_lengthen_the_sockets(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = short_folder / ("d" * 100) / ("e" * 100)
    (deep / "tmp").mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep / "tmp"))
    var = Var(deep / "var")
    var.make()
    sockets = var.new_socket_folder()
    try:
        assert len(f"{sockets}/p/.s.PGSQL.5432.lock") < 100
    finally:
        var.remove_socket_folder()
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root starts PostgreSQL under another account.")
def test_root_runs_it_under_an_account_without_privileges(empty_postgres: EmbeddedPostgres) -> None:
    empty_postgres.make(pytest.fail)
    empty_postgres.start()
    assert empty_postgres.server is not None
    assert empty_postgres.server.pid is not None
    status = Path(f"/proc/{empty_postgres.server.pid}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:"))
    assert "\t0" not in uids
    assert "CapEff:\t0000000000000000" in status


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root has folders that PostgreSQL's account cannot enter.")
def test_a_clone_that_only_root_can_enter_keeps_its_database_elsewhere(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = short_folder / "closed"
    closed.mkdir(mode=0o700)
    shelter = short_folder / "shelter"
    monkeypatch.setattr("showdown.supervisor.folders.SHELTER", shelter)
    account = ServiceAccount("nobody", 65534, 65534)
    var = Var(closed / "var")
    var.make()
    told: list[str] = []
    home = var.postgres_home(account, told.append)
    assert home.parent == shelter
    assert "cannot enter" in told[0]
    assert var.postgres_home(account, pytest.fail) == home
    (home / "postgres").mkdir()
    assert home in var.clear()
    assert not home.exists()


def test_passwords_are_quoted_in_addresses(empty_postgres: EmbeddedPostgres) -> None:
    address = urlsplit(empty_postgres.address("showdown_app", "a/b@c", "showdown"))
    assert address.password == "a%2Fb%40c"
    assert address.hostname is None


def test_secrets_are_made_once_and_for_this_user_alone(short_folder: Path) -> None:
    var = Var(short_folder / "var")
    var.make()
    made = var.secret("secret-key")
    assert var.secret("secret-key") == made
    assert len(made) >= 48
    assert (var.root / "secrets" / "secret-key").stat().st_mode & 0o777 == 0o600
    assert (var.root / "secrets").stat().st_mode & 0o777 == 0o700
    shutil.rmtree(var.root)
