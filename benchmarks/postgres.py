"""A PostgreSQL for one measurement, which writes to the disk as a real one does."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from showdown.supervisor import keeper
from showdown.supervisor.postgres import SUPERUSER, EmbeddedPostgres, reachable_binaries
from showdown.supervisor.service_account import account_for_postgres


def measured_inside(module: str, *arguments: str) -> Any:
    """Run a module of ``benchmarks.inside`` on a PostgreSQL of its own, and return the JSON that it prints."""
    with own_postgres() as variables:
        done = subprocess.run(  # noqa: S603 - It is this repository's own program.
            [sys.executable, "-m", f"benchmarks.inside.{module}", *arguments],
            env=os.environ | variables,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return json.loads(done.stdout)


@contextmanager
def own_postgres() -> Iterator[dict[str, str]]:
    """Run a migrated PostgreSQL for this measurement alone, and name the variables that lead to it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=keeper.test_root()))
    folder.chmod(0o711)
    (folder / "s").mkdir(mode=0o700)
    account = account_for_postgres(lambda _line: None)
    server = EmbeddedPostgres(
        data=folder / "pg",
        sockets=folder / "s",
        log=folder / "postgres.log",
        superuser_password=keeper.passwords()[SUPERUSER],
        binaries=reachable_binaries(account, keeper.test_root(), lambda _line: None),
        account=account,
        durable=False,
    )
    try:
        keeper.copy_of_pristine(server)
        server.durable = True
        server.start()
        yield keeper.addresses(server, keeper.TEMPLATE) | {
            "DJANGO_SETTINGS_MODULE": "showdown.settings",
            "SHOWDOWN_TESTING": "1",
            "SHOWDOWN_SECRET_KEY": "only a benchmark is signed with this",
            # For loading a past that nobody could wait for; it leads to this throwaway server alone.
            "BENCHMARK_ADMIN_URL": server.superuser_address(keeper.TEMPLATE),
        }
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
