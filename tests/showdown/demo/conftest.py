"""One small network, invented once and loaded once for all tests of this folder that only look at it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import DjangoDbBlocker

from showdown.demo.loading.progress import Progress
from showdown.demo.loading.whole import PHASES, load_network
from showdown.demo.network import SEED, Network, Scale, make_network
from tests.showdown.demo.databases import a_clone, as_application_of, as_owner_of

SMALL = Scale.of(contributors=90, votes=3_000)
EVENING = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def full_network() -> Network:
    """The network that ``make demo`` shows, as it is at one moment."""
    return make_network(seed=SEED, scale=Scale(), now=EVENING)


@pytest.fixture(scope="session")
def loaded_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[str, str]]:
    """The name of a database with a small network in it, and what the load told meanwhile."""
    told = io.StringIO()
    with django_db_blocker.unblock(), a_clone("small_demo") as name:
        with as_owner_of(name):
            loaded = load_network(seed=SEED, scale=SMALL, progress=Progress(told, PHASES))
        told.write(str(loaded))
        yield name, told.getvalue()


@pytest.fixture
def small_demo(loaded_database: tuple[str, str], django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The small network, seen by the application; returns what the load told."""
    name, told = loaded_database
    with django_db_blocker.unblock(), as_application_of(name):
        yield told
