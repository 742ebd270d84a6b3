"""Where the servers of a test run are, decided before Django reads its settings; they start when first needed.

Loaded with ``-p tests.services``. The controller chooses a folder and passes it on to the workers of pytest-xdist;
whoever first needs a database starts the keeper (``showdown/supervisor/keeper.py``), which outlives that worker and
ends with the controller, also when the controller is killed.
"""

import fcntl
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import psycopg
import pytest
from psycopg import sql

from showdown import roles
from showdown.supervisor import keeper, schema

_SMALL: Final = ("--contributors", "120", "--votes", "3000")
_FOLDER: Final = "SHOWDOWN_TEST_RUN"
_held: list[IO[str]] = []


def worker_name() -> str:
    """Return this process's name within the run."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def is_controller() -> bool:
    """Say whether this process decides and ends the run; without workers it is the only one."""
    return "PYTEST_XDIST_WORKER" not in os.environ


def run_folder() -> keeper.RunFolder:
    """Return this run's folder."""
    return keeper.RunFolder(Path(os.environ[_FOLDER]))


def database_name(suffix: str = "") -> str:
    """Return the name of this worker's database, or of another one that starts with it."""
    token = _token() if keeper.given_server() else ""
    return "_".join(part for part in ("showdown", token, worker_name(), suffix) if part)


def template_name() -> str:
    """Return the name of the migrated database that others are cloned from."""
    return f"{keeper.TEMPLATE}_{_token()}" if keeper.given_server() else keeper.TEMPLATE


def _token() -> str:
    # Runs share a given server, so that their databases need names of their own.
    return run_folder().folder.name.removeprefix("run-").lower()


def admin_address(database: str = "postgres") -> str:
    """Return the URL under which the tests make and drop databases."""
    if (given := keeper.given_server()) is not None:
        return keeper.given_admin_address(given, database)
    return run_folder().postgres().superuser_address(database)


def database_variables(database: str) -> dict[str, str]:
    """Return the environment variables that lead each role to a database of this run."""
    if (given := keeper.given_server()) is not None:
        return keeper.given_addresses(given, database)
    return keeper.addresses(run_folder().postgres(), database)


def redis_address() -> str:
    """Return the URL of this worker's own database on the run's Redis."""
    number = int(re.sub(r"\D", "", worker_name()) or 0) + 1
    return f"{run_folder().redis_address}?db={number % 64}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Point Django's settings to this worker's servers before pytest-django loads them."""
    if is_controller():
        run = keeper.RunFolder.new()
        lock = run.owner_lock.open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        _held.append(lock)
        os.environ[_FOLDER] = str(run.folder)
        os.environ["SHOWDOWN_TEST_OWNER"] = str(os.getpid())
        os.environ.setdefault("SHOWDOWN_DEMO_PASSWORD", secrets.token_hex(8))
        if run.is_in_memory and not os.statvfs(keeper.MEMORY).f_flag & os.ST_NOEXEC:
            # Keys, editions and the log's files are written with fsync, which waits for nothing where there is no disk.
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(keeper.MEMORY))
    var = run_folder().folder / f"var-{worker_name()}"
    var.mkdir(exist_ok=True)
    os.environ |= database_variables(database_name())
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "showdown.settings",
        "REDIS_URL": redis_address(),
        "SHOWDOWN_TESTING": "1",
        "SHOWDOWN_SECRET_KEY": "only the tests are signed with this",
        "SHOWDOWN_VAR": str(var),
    }
    os.environ.pop("SHOWDOWN_DEMO", None)
    # A run starts hundreds of Pythons: each would compile the whole program again where none may keep what it compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    return (yield)


def pytest_unconfigure() -> None:
    """End the run's servers and remove its folder."""
    if not is_controller() or _FOLDER not in os.environ:
        return
    run = run_folder()
    with suppress(OSError, ValueError):
        os.kill(int(run.keeper_pid.read_text()), signal.SIGTERM)
        until = time.monotonic() + 10
        while run.folder.exists() and time.monotonic() < until:
            time.sleep(0.02)
    run.remove()
    for lock in _held:
        lock.close()
    _held.clear()


def ensure_services() -> None:
    """Start the run's servers unless somebody did; raises with the reason when they cannot be had."""
    run = run_folder()
    if run.ready.exists():
        return
    with _alone(run, "starting"):
        if run.ready.exists():
            return
        if not run.failed.exists():
            program = [sys.executable, "-m", "showdown.supervisor", "keep-test-services", str(run.folder)]
            program += ["--owner", os.environ["SHOWDOWN_TEST_OWNER"], "--template", template_name()]
            with (run.folder / "keeper.log").open("w") as log:
                subprocess.run(program, cwd=schema.REPOSITORY, check=False, stdout=log, stderr=log)
        if run.failed.exists():
            pytest.fail(f"The test services cannot start.\n{run.failed.read_text()}", pytrace=False)
        if not run.ready.exists():
            pytest.fail(f"The keeper died.\n{(run.folder / 'keeper.log').read_text()}", pytrace=False)


def demo_password() -> str:
    """Return the password of the demo network's people."""
    return os.environ["SHOWDOWN_DEMO_PASSWORD"]


def ensure_demo_network() -> str:
    """Load a small demo network once in a run; return the name of the database to clone it from."""
    ensure_services()
    run = run_folder()
    name = f"{template_name()}_demo"
    loaded = run.folder / "demo-network-is-loaded"
    with _alone(run, "demo-network"):
        if loaded.exists():
            return name
        with psycopg.connect(admin_address(), autocommit=True) as server:
            # A load that was broken off left half of it.
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            for statement in roles.database_statements(name, template=template_name()):
                server.execute(statement)
        done = subprocess.run(
            schema.manage("load_demo", *_SMALL),
            cwd=schema.REPOSITORY,
            env=schema.without_addresses() | {"DATABASE_OWNER_URL": database_variables(name)["DATABASE_OWNER_URL"]},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(f"The demo network cannot be loaded.\n{done.stdout}{done.stderr}", pytrace=False)
        loaded.touch()
    return name


@contextmanager
def _alone(run: keeper.RunFolder, what: str) -> Iterator[None]:
    with (run.folder / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
