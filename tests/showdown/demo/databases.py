"""Databases in which a demo network is loaded: clones of a test's own, with the owner's connection for the load."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from django.db import connections

from tests import services
from tests.database import clone, connected_to, drop


@contextmanager
def a_clone(suffix: str) -> Iterator[str]:
    """Make a migrated database and drop it afterwards."""
    name = services.database_name(suffix)
    clone(name, template=services.template_name())
    try:
        yield name
    finally:
        drop(name)


@contextmanager
def as_owner_of(name: str) -> Iterator[None]:
    """Let the default connection be the owner's, as it is for ``manage.py load_demo``."""
    settings = connections.settings["default"]
    before = settings["USER"], settings["PASSWORD"]
    owner = urlsplit(services.database_variables(name)["DATABASE_OWNER_URL"])
    with connected_to(name):
        settings["USER"], settings["PASSWORD"] = unquote(owner.username or ""), unquote(owner.password or "")
        try:
            yield
        finally:
            connections["default"].close()
            settings["USER"], settings["PASSWORD"] = before


@contextmanager
def as_application_of(name: str) -> Iterator[None]:
    """Let every alias be its own role on a database."""
    with connected_to(name):
        yield
