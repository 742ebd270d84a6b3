"""Installations and embedded servers for the tests of the wiring."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from showdown.supervisor import keeper, processes
from showdown.supervisor.postgres import EmbeddedPostgres, reachable_binaries
from showdown.supervisor.service_account import account_for_postgres
from tests import services
from tests.showdown.installation import Installation


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path that PostgreSQL's account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=services.run_folder().folder))
    folder.chmod(0o711)
    yield folder
    processes.end(processes.left_behind(folder), patience=2)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def installation(short_folder: Path) -> Iterator[Installation]:
    """An installation that was never started."""
    made = Installation(short_folder)
    yield made
    made.clean()


@pytest.fixture
def empty_postgres(short_folder: Path) -> Iterator[EmbeddedPostgres]:
    """An embedded server without a data folder."""
    account = account_for_postgres(lambda _line: None)
    server = EmbeddedPostgres(
        data=short_folder / "postgres",
        sockets=short_folder / "s",
        log=short_folder / "postgres.log",
        superuser_password="the superuser's",
        binaries=reachable_binaries(account, keeper.test_root(), lambda _line: None),
        account=account,
        mark=str(short_folder),
    )
    yield server
    server.kill()
