"""Reads the same votes in several ways and prints the seconds as JSON."""

import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import django
import psycopg

django.setup()

from apps.organizations.models import Organization  # noqa: E402 - Models need Django to be set up.
from apps.rankings.gateways import MonthFiles  # noqa: E402
from apps.rankings.queries import platform_columns  # noqa: E402
from apps.rankings.queries.columns import BARE_COPY  # noqa: E402
from benchmarks.inside.arena import Arena  # noqa: E402
from benchmarks.inside.nights import a_prompt, bare_copy  # noqa: E402

_SELECT: Final = BARE_COPY.removeprefix("COPY (").removesuffix(") TO STDOUT (FORMAT binary)")


def timed(action: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the median seconds by the clock and of this process's processor, after one round that warms up."""
    walls, ours = [], []
    for _round in range(rounds + 1):
        began, used = time.perf_counter(), time.process_time()
        action()
        walls.append(time.perf_counter() - began)
        ours.append(time.process_time() - used)
    return statistics.median(walls[1:]), statistics.median(ours[1:])


def by_cursor() -> None:
    """Fetch rows as tuples, as the ranking did first."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor("votes") as cursor:
        cursor.execute(_SELECT.encode())
        while cursor.fetchmany(20_000):
            pass


def by_adbc() -> None:
    """Let the Arrow project's driver read, where somebody installed it."""
    with (
        importlib.import_module("adbc_driver_postgresql.dbapi").connect(os.environ["DATABASE_URL"]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_SELECT)
        cursor.fetch_arrow_table()


def measure(votes: int, rounds: int) -> dict[str, Any]:
    """Fill a database and read it in every way."""
    prompt = a_prompt()
    organization = Organization.objects.create(name="Lab", slug="lab", is_lab=True)
    Arena(votes=votes, people=20_000).load(
        network=prompt.author.network_id, organization=organization.pk, prompt=prompt.pk
    )
    until = datetime.now(UTC)
    columns = platform_columns(since=None, before=None, until=until)
    files, month = MonthFiles(Path(mkdtemp(prefix="bench-months-"))), until.date().replace(day=1)
    content = columns.sha256()
    kept = files.write(month, columns, content)
    ways = {
        "server's cursor, rows as tuples": timed(by_cursor, rounds),
        "binary COPY into columns (ours)": timed(
            lambda: platform_columns(since=None, before=None, until=until), rounds
        ),
    }
    note = ""
    try:
        ways["ADBC into Arrow"] = timed(by_adbc, rounds)
    except ImportError:
        note = "ADBC is not installed here and was not measured."
    ways["a closed month's file, its hash checked"] = timed(
        lambda: files.read(month, content_sha256=content, file_sha256=kept.file_sha256, rows=len(columns)), rounds
    )
    return {"bare": timed(bare_copy, rounds), "ways": ways, "note": note}


def main() -> None:
    """Measure so many votes, so many times, and print the numbers as JSON."""
    votes, rounds = map(int, sys.argv[1:])
    json.dump(measure(votes, rounds), sys.stdout)


if __name__ == "__main__":
    main()
