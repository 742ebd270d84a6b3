"""A database as a backup brings it back: dumped and restored with PostgreSQL's own programs."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from showdown.supervisor.postgres import wheel_folder
from tests import services
from tests.database import clone, connected_to, drop


def dump(folder: Path) -> Path:
    """Dump the test's database into a file of the folder."""
    file = folder / "dump"
    _run("pg_dump", "--format=custom", "--file", str(file), services.admin_address(_name()))
    return file


@contextmanager
def restored(file: Path) -> Iterator[str]:
    """Lead every alias to a new database restored from a dump, whose name this is."""
    older = f"{_name()}_older"
    clone(older, template="template0")
    try:
        _run("pg_restore", "--dbname", services.admin_address(older), str(file))
        with connected_to(older):
            yield older
    finally:
        drop(older)


def _name() -> str:
    return str(connections.settings["default"]["NAME"])


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(wheel_folder() / "bin" / program), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
