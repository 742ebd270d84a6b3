"""Votes cast per second through the service, beside the bare statements that it sends, on one database."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.tables import Section, Table
from showdown.supervisor import keeper
from showdown.supervisor.postgres import SUPERUSER, EmbeddedPostgres, reachable_binaries
from showdown.supervisor.service_account import account_for_postgres

ROUNDS: Final = 7
VOTES: Final = 600


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own, which writes to the disk as a real one does."""
    votes, rounds = (60, 1) if quick else (VOTES, ROUNDS)
    with _own_postgres() as variables:
        measured = subprocess.run(  # noqa: S603 - It is this repository's own program.
            [sys.executable, "-m", "benchmarks.inside.casting", str(votes), str(rounds)],
            env=os.environ | variables,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found: list[dict[str, float]] = json.loads(measured.stdout)
    return Table(
        heads=("connections", "bare statements", "through the service", "of the bare speed"),
        rows=tuple(
            (
                f"{row['connections']:.0f}",
                f"{row['bare']:,.0f} votes/s",
                f"{row['service']:,.0f} votes/s",
                f"{row['service'] / row['bare']:.0%}",
            )
            for row in found
        ),
        notes=(
            "Each vote is a transaction of its own, with the wall's triggers and a commit to the disk. The bare side "
            "sends the battle's UPDATE and the INSERTs of salt, vote and log entry, exactly as the service sends them, "
            f"and nothing else: no lock, no rule. The service adds {found[0]['statements'] - found[0]['writes']:.0f} "
            "reads. It is Python, in threads of one process; the platform runs several processes. Medians of "
            f"{rounds} runs of {votes} votes, both sides in turn.",
        ),
    )


@contextmanager
def _own_postgres() -> Iterator[dict[str, str]]:
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
        }
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


SECTION: Final = Section(name="ballots", title="Casting votes", run=run)
