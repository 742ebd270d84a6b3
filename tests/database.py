"""The databases of tests: one clone for each worker, rolled back after every test; a fresh one for committed tests.

- An ordinary test that asks for ``db`` works as ``showdown_app`` inside a transaction that is rolled back. What it
  writes is visible to nobody else, so the alias ``auditor`` is the same connection there, and ``sequencer`` and
  ``owner`` refuse to connect.
- A test marked ``committed`` gets a clone of its own, in which every alias is its own role and commits are real.

The clones are copied file by file and lie in memory where there is room (``keeper.RunFolder``): on a disk, making one
took longer than most of the tests for which it was made.
"""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import psycopg
import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from pytest_django import DjangoDbBlocker

from showdown import roles
from showdown.supervisor import keeper, processes, schema
from showdown.supervisor.postgres import SUPERUSER, EmbeddedPostgres, reachable_binaries
from showdown.supervisor.redis_server import EmbeddedRedis
from showdown.supervisor.service_account import account_for_postgres
from tests import services

ALIASES: Final = ("default", "auditor", "sequencer", "owner")
_ONLY_COMMITTED: Final = ("sequencer", "owner")
_numbers = itertools.count(1)


def clone(name: str, *, template: str) -> None:
    """Make a database as a template is."""
    # On the embedded server nothing waits for the disk, so that a checkpoint is cheap; a given server may be durable.
    strategy: Literal["WAL_LOG", "FILE_COPY"] = "WAL_LOG" if keeper.given_server() else "FILE_COPY"
    with psycopg.connect(services.admin_address(), autocommit=True) as server:
        for statement in roles.database_statements(name, template=template, strategy=strategy):
            server.execute(statement)


def drop(name: str) -> None:
    """Drop a database and whoever is connected to it."""
    with psycopg.connect(services.admin_address(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(name=sql.Identifier(name)))


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Lead every alias to another database for a while."""
    before = connections.settings["default"]["NAME"]
    _lead_to(name)
    try:
        yield
    finally:
        _lead_to(before)


def _lead_to(name: str) -> None:
    # Django keeps one set of connections for where no event loop runs and another for where one does. A browser test
    # begins in the first and, once Playwright's loop is marked as running, goes on in the second.
    running = asyncio._get_running_loop()
    for loop in (running, None):
        asyncio._set_running_loop(loop)
        connections.close_all()
    asyncio._set_running_loop(running)
    for alias in ALIASES:
        connections.settings[alias]["NAME"] = name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give committed tests their database although they name no fixture."""
    for item in items:
        if item.get_closest_marker("committed") and not item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this worker its clone; pytest-django would migrate a database of its own as a superuser."""
    services.ensure_services()
    clone(services.database_name(), template=services.template_name())
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    drop(services.database_name())


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest,
    _a_loop_of_its_own: None,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    # Django keeps other connections while an event loop runs, so it is settled first whether one does: the test must
    # find the connections that were prepared for it, or it would commit to everybody's database.
    marker = request.node.get_closest_marker("django_db")
    commits = (
        request.node.get_closest_marker("committed") is not None
        or (marker is not None and marker.kwargs.get("transaction", False))
        or "transactional_db" in request.fixturenames
    )
    template = services.template_name()
    if "demo_network" in request.fixturenames:
        commits, template = True, services.ensure_demo_network()
    with django_db_blocker.unblock(), _fresh_clone(template) if commits else _rolled_back():
        yield


@pytest.fixture
def demo_network(_django_db_helper: None) -> None:
    """Begin with a small demo network in the test's own clone: its people sign in with ``services.demo_password()``."""


@contextmanager
def _fresh_clone(template: str) -> Iterator[None]:
    name = services.database_name(f"committed_{next(_numbers)}")
    clone(name, template=template)
    try:
        with connected_to(name):
            yield
    finally:
        drop(name)


@contextmanager
def _rolled_back() -> Iterator[None]:
    default, auditor = connections["default"], connections["auditor"]
    closed = [connections[alias] for alias in _ONLY_COMMITTED]
    for connection in closed:
        connection.connect = _refuse(connection)  # type: ignore[method-assign]
    connections["auditor"] = default
    around = transaction.atomic(using="default")
    # Django's own tests say so too: `durable=True` is allowed inside this one.
    around._from_testcase = True  # type: ignore[attr-defined]
    around.__enter__()
    try:
        yield
        if not default.needs_rollback and default.is_usable():
            default.check_constraints()
    finally:
        transaction.set_rollback(True, using="default")
        around.__exit__(None, None, None)
        connections["auditor"] = auditor
        for connection in closed:
            connection.close()
            del connection.connect


def _refuse(connection: BaseDatabaseWrapper) -> Callable[[], NoReturn]:
    def connect() -> NoReturn:
        raise AssertionError(
            f"The connection {connection.alias!r} sees nothing of a test that is rolled back: "
            "mark the test with @pytest.mark.committed."
        )

    return connect


@pytest.fixture
def database_urls(django_db_setup: None) -> dict[str, str]:
    """The URL of each role (``app``, ``owner``, ``sequencer``, ``auditor``) and ``admin`` for the current database."""
    name = connections.settings["default"]["NAME"]
    found = services.database_variables(name)
    urls = {role.removeprefix("showdown_"): found[variable] for variable, role in schema.VARIABLES.items()}
    return urls | {"admin": services.admin_address(name)}


@pytest.fixture
def owner_connection(_django_db_helper: None, database_urls: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """A psycopg connection as ``showdown_owner`` that commits each statement; for committed tests."""
    with psycopg.connect(database_urls["owner"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The URL of this worker's database on the run's Redis, which is running."""
    services.ensure_services()
    return services.redis_address()


@dataclass(frozen=True, slots=True)
class OwnPostgres:
    """A PostgreSQL that one test may stop, kill and start again, with a migrated database in it."""

    server: EmbeddedPostgres
    database: str = keeper.TEMPLATE

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that lead each role to it."""
        return keeper.addresses(self.server, self.database)

    @property
    def admin_url(self) -> str:
        """The superuser's URL."""
        return self.server.superuser_address(self.database)

    def restart(self) -> None:
        """Stop and start."""
        self.server.stop()
        self.server.start()


@pytest.fixture
def embedded_postgres_factory() -> Iterator[Callable[[], OwnPostgres]]:
    """Makes servers that belong to the test: migrated, running, removed after it."""
    made: list[tuple[EmbeddedPostgres, Path]] = []

    def make() -> OwnPostgres:
        folder = Path(tempfile.mkdtemp(prefix="own-", dir=services.run_folder().folder))
        folder.chmod(0o711)
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
        keeper.copy_of_pristine(server)
        # A test about a killed server wants to see what was acknowledged.
        server.durable = True
        server.start()
        made.append((server, folder))
        return OwnPostgres(server)

    yield make
    for server, folder in made:
        server.kill()
        processes.end(processes.left_behind(folder), patience=2)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_server_factory() -> Iterator[Callable[[], EmbeddedRedis]]:
    """Makes Redis servers that belong to the test: running, removed after it."""
    made: list[tuple[EmbeddedRedis, Path]] = []

    def make() -> EmbeddedRedis:
        folder = Path(tempfile.mkdtemp(prefix="own-", dir=services.run_folder().folder))
        redis = EmbeddedRedis(sockets=folder, log=folder / "redis.log")
        redis.start()
        made.append((redis, folder))
        return redis

    yield make
    for redis, folder in made:
        redis.kill()
        shutil.rmtree(folder, ignore_errors=True)
