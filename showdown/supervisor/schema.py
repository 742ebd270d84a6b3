"""When a database must be migrated, and doing so in a process of its own with the owner's address alone."""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from showdown import roles

REPOSITORY = Path(__file__).resolve().parents[2]
VARIABLES = {
    "DATABASE_URL": roles.APP,
    "DATABASE_OWNER_URL": roles.OWNER,
    "DATABASE_SEQUENCER_URL": roles.SEQUENCER,
    "DATABASE_AUDITOR_URL": roles.AUDITOR,
}
# What a migration may read, and so what decides how a migrated database looks.
_SOURCES = (
    "apps/*/migrations/*",
    "apps/*/models*",
    "apps/*/models/*",
    "apps/*/apps.py",
    "apps/*/domain/*.py",
    "apps/**/*.sql",
    "showdown/*.py",
    "requirements/production.txt",
)


# What the rankings' compiled loops are made of.
LOOPS = ("apps/rankings/domain/*numba.py", "apps/rankings/domain/compiling.py", "requirements/production.txt")


def fingerprint() -> str:
    """Return a short hash over the name and content of every file that decides how a migrated database looks."""
    return fingerprint_of(_SOURCES)


def fingerprint_of(patterns: Iterable[str]) -> str:
    """Return a short hash over the name and content of the files of these patterns, and Python's version."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted({path for pattern in patterns for path in REPOSITORY.glob(pattern)}):
        if path.is_file():
            digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def manage(*arguments: str) -> list[str]:
    """Return the command line of a management command."""
    return [sys.executable, str(REPOSITORY / "manage.py"), *arguments]


def has_command(name: str) -> bool:
    """Say whether one of our apps has a management command."""
    places = (f"{place}/management/commands/{name}.py" for place in ("showdown", "apps/*"))
    return any(True for place in places for _found in REPOSITORY.glob(place))


# The checks are left to the processes that serve: a page that does not load yet is no reason not to migrate.
MIGRATE = manage("migrate", "--database", "owner", "--verbosity", "0", "--skip-checks", "--no-input")


def without_addresses() -> dict[str, str]:
    """Return this process's environment without the addresses of databases and Redis."""
    left_out = {*VARIABLES, "REDIS_URL", "DATABASE_ADMIN_URL", "TEST_DATABASE_ADMIN_URL"}
    return {name: value for name, value in os.environ.items() if name not in left_out}
