"""``make demo``: up with one command, down with Ctrl-C, and nothing left of it but the data."""

import json
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from showdown.supervisor import demo, processes
from showdown.supervisor.obstacle import Obstacle
from tests.showdown.installation import Installation


def socket_folder(installation: Installation) -> Path:
    return Path((installation.var / "state" / "sockets").read_text().strip())


def addresses(installation: Installation) -> dict[str, str]:
    found: dict[str, str] = json.loads((installation.var / "secrets" / "addresses").read_text())
    return found


def test_a_whole_life(installation: Installation) -> None:
    told = installation.start()
    sockets = socket_folder(installation)
    assert told.count("http://localhost:") >= 1
    assert "127.0.0.1" not in told
    assert all(f"{name}@demo.example" in told for name in demo.PEOPLE)
    assert len(demo.PEOPLE) == 9
    assert installation.answers()
    password = installation.password()
    with psycopg.connect(addresses(installation)["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("INSERT INTO django_session VALUES ('kept', 'data', now())")

    again = installation.command("demo")
    assert again.returncode == 1
    assert "running already at http://localhost:" in again.stderr
    assert "Traceback" not in again.stderr
    refused = installation.command("reset")
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr

    assert installation.end(signal.SIGINT) == 0
    assert "Stopped after" in installation.told()
    assert installation.processes() == []
    assert not sockets.exists()
    assert not (installation.var / "secrets" / "addresses").exists()

    told = installation.start("services")
    assert "migrating" not in told
    with psycopg.connect(addresses(installation)["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT session_key FROM django_session").fetchone() == ("kept",)
    assert (installation.var / "secrets" / "demo-password").read_text().strip() == password
    assert installation.end(signal.SIGTERM) == 0
    assert installation.processes() == []


@pytest.mark.slow
def test_each_process_holds_only_the_addresses_it_needs(installation: Installation) -> None:
    installation.start()
    known: dict[str, set[str]] = {}
    key_holders: set[str] = set()
    for process in processes.left_behind(installation.var):
        line = " ".join(process.cmdline())
        name = next((n for n in ("granian", "run_sequencer", "worker", "beat") if n in line), None)
        if name is not None:
            known.setdefault(name, set()).update(key for key in process.environ() if key.endswith("_URL"))
            key_holders |= {name for value in process.environ().values() if "log-keys" in value}
    assert known == {
        "granian": {"DATABASE_URL", "DATABASE_AUDITOR_URL", "REDIS_URL"},
        "run_sequencer": {"DATABASE_SEQUENCER_URL"},
        "worker": {"DATABASE_URL", "REDIS_URL"},
        "beat": {"DATABASE_URL", "REDIS_URL"},
    }
    assert key_holders == {"run_sequencer"}


@pytest.mark.slow
def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_goes_on(installation: Installation) -> None:
    installation.start()
    with psycopg.connect(addresses(installation)["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("INSERT INTO django_session VALUES ('acknowledged', 'data', now())")
    installation.end(signal.SIGKILL)
    assert processes.wait_until(lambda: installation.processes() == [], seconds=30, step=0.1)

    installation.start()
    assert installation.answers()
    with psycopg.connect(addresses(installation)["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT session_key FROM django_session").fetchone() == ("acknowledged",)
    assert installation.end(signal.SIGINT) == 0


@pytest.mark.slow
def test_a_killed_process_is_started_again(installation: Installation) -> None:
    installation.start()
    (sequencer,) = (p for p in installation.processes() if "run_sequencer" in " ".join(p.cmdline()))
    sequencer.kill()
    postgres = next(p for p in installation.processes() if p.name() == "postgres" and "-D" in p.cmdline())
    postgres.kill()

    def is_back() -> bool:
        with_names = []
        for process in installation.processes():
            # One that has just died may still be listed.
            with suppress(psutil.Error):
                with_names.append((" ".join(process.cmdline()), process.pid))
        return any("run_sequencer" in line and pid != sequencer.pid for line, pid in with_names) and any(
            " -D " in line and pid != postgres.pid for line, pid in with_names
        )

    assert processes.wait_until(is_back, seconds=30, step=0.2), installation.told()
    assert processes.wait_until(installation.answers, seconds=30, step=0.2)
    assert "sequencer ended by itself (status -9" in installation.told()
    assert "PostgreSQL ended by itself" in installation.told()
    assert installation.end(signal.SIGINT) == 0
    assert installation.processes() == []


@pytest.mark.slow
def test_what_a_killed_run_left_is_ended_by_the_next(installation: Installation) -> None:
    installation.start("services")
    postgres = next(p for p in installation.processes() if p.name() == "postgres" and "-D" in p.cmdline())
    # Stopped servers cannot follow the death signal, as on systems that have none.
    postgres.suspend()
    installation.end(signal.SIGKILL)
    assert psutil.pid_exists(postgres.pid)
    told = installation.start("services")
    assert "an earlier run was killed and left" in told
    assert not psutil.pid_exists(postgres.pid)
    assert installation.end(signal.SIGINT) == 0


@pytest.mark.slow
def test_reset_starts_over(installation: Installation) -> None:
    installation.start("services")
    password = (installation.var / "secrets" / "demo-password").read_text()
    assert installation.command("stop").returncode == 0
    assert installation.running is not None
    assert installation.running.wait(10) == 0
    done = installation.command("reset")
    assert done.returncode == 0
    assert not (installation.var / "postgres").exists()
    assert "migrating" in installation.start("services")
    assert (installation.var / "secrets" / "demo-password").read_text() != password
    assert installation.end(signal.SIGINT) == 0


@pytest.mark.slow
def test_a_demo_network_that_was_half_loaded_is_loaded_from_the_start(installation: Installation) -> None:
    installation.start("services")
    with psycopg.connect(addresses(installation)["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("INSERT INTO django_session VALUES ('half', 'loaded', now())")
    assert installation.end(signal.SIGINT) == 0
    (installation.var / "state" / "demo").write_text("loading\n")

    installation.start("services")
    with psycopg.connect(addresses(installation)["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
    assert installation.end(signal.SIGINT) == 0


def test_a_taken_port_is_told_with_its_holder(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()
        done = installation.command("demo")
    assert done.returncode == 1
    assert f"Port {installation.port} is taken by" in done.stderr
    assert str(os.getpid()) in done.stderr
    assert f"PORT={installation.port + 1} make demo" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (installation.var / "postgres").exists()


@pytest.mark.parametrize("port", ["eight", "0", "-1", "70000"])
def test_a_port_that_is_none_is_told(installation: Installation, port: str) -> None:
    done = installation.command("demo", PORT=port)
    assert done.returncode == 1
    assert "PORT=8001 make demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told(installation: Installation) -> None:
    installation.var.parent.joinpath("a-file").write_text("no folder")
    done = installation.command("demo", SHOWDOWN_VAR=str(installation.var.parent / "a-file" / "var"))
    assert done.returncode == 1
    assert "a-file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can become somebody who may not write.")
def test_a_folder_of_somebody_else_is_told(installation: Installation) -> None:
    installation.var.mkdir(mode=0o700)
    with pytest.raises(Obstacle, match="may not write"):
        demo_as_nobody(installation.var)


def demo_as_nobody(var: Path) -> None:
    from showdown.supervisor.folders import Var

    os.seteuid(65534)
    try:
        demo.Demo(Var(var), 8000).prepare()
    finally:
        os.seteuid(0)


def test_stop_says_when_nothing_runs(installation: Installation) -> None:
    done = installation.command("stop")
    assert done.returncode == 0
    assert "No demo is running" in done.stdout


def test_addresses_of_databases_are_all_given_or_none(installation: Installation) -> None:
    done = installation.command("demo", DATABASE_URL="postgresql://showdown_app:x@localhost/showdown")
    assert done.returncode == 1
    assert "DATABASE_OWNER_URL, DATABASE_SEQUENCER_URL, DATABASE_AUDITOR_URL is not" in done.stderr
    assert "provision_database --print" in done.stderr
