"""A plugin for the tests that must fail: every database that they get, and the program itself, lack one rule.

``python -m pytest -p tests.licensing.mutations.weaken`` with the rule's name in SHOWDOWN_MUTATION.
"""

import importlib
import os
from typing import Any, Final

import psycopg
import pytest

from tests.licensing.mutations.registry import Mutation, all_mutations

VARIABLE: Final = "SHOWDOWN_MUTATION"


def _chosen() -> Mutation:
    return next(mutation for mutation in all_mutations() if mutation.name == os.environ[VARIABLE])


def pytest_collection_finish() -> None:
    """Take the rule away where the program keeps it, once everything is imported; and from every later clone."""
    # This module is loaded before Django knows its settings, which these need.
    from tests import database, services

    mutation = _chosen()
    for dotted, replacement in mutation.patches:
        place, _dot, name = dotted.rpartition(".")
        owner = thing(place)
        if not hasattr(owner, name):
            raise pytest.UsageError(f"There is no {dotted} to replace.")
        setattr(owner, name, replacement)
    whole = database.clone

    def clone(name: str, *, template: str) -> None:
        whole(name, template=template)
        with psycopg.connect(services.database_variables(name)["DATABASE_OWNER_URL"], autocommit=True) as owner:
            weaken(owner, mutation)

    database.clone = clone


def weaken(owner: psycopg.Connection[Any], mutation: Mutation) -> None:
    """Take the rule away in one database."""
    for statement in mutation.statements:
        owner.execute(statement.encode())
    for function, old, new in mutation.functions:
        found = owner.execute("SELECT pg_get_functiondef(%s::regprocedure)", [function]).fetchone()
        text = str(found[0]) if isinstance(found, tuple) else ""
        if old not in text:
            raise pytest.UsageError(f"{function} does not say {old!r} any more.")
        owner.execute(text.replace(old, new).encode())


def thing(dotted: str) -> object:
    """Return a module, or a class in one."""
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError:
        place, _dot, name = dotted.rpartition(".")
        return getattr(importlib.import_module(place), name)
