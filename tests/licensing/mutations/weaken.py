"""A plugin for the tests that must fail: one rule after the other is taken away, and the tests that it names are run.

``python -m pytest -p tests.licensing.mutations.weaken TESTS…`` with a file in SHOWDOWN_MUTATIONS that holds the names
of the mutations as a JSON list. What came of them is written to the file in SHOWDOWN_MUTATIONS_SAID: a JSON list of
``[mutation, test, phase, outcome, last words]``. All of them share one start of the program and one server; each test
gets a database of its own, from which the rule is taken as soon as it is cloned.
"""

import importlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests.licensing.mutations.registry import Mutation, all_mutations

NAMES: Final = "SHOWDOWN_MUTATIONS"
SAID: Final = "SHOWDOWN_MUTATIONS_SAID"
_at_work: list[Mutation] = []
_said: list[tuple[str, str, str, str, str]] = []


def pytest_collection_finish() -> None:
    """From now on, take the rule at work out of every database that is cloned."""
    # This module is loaded before Django knows its settings, which these need.
    from tests import database, services

    whole = database.clone

    def clone(name: str, *, template: str) -> None:
        whole(name, template=template)
        if name == services.database_name():
            # The one that outlives the tests, and so the rule that is at work now.
            return
        with psycopg.connect(services.database_variables(name)["DATABASE_OWNER_URL"], autocommit=True) as owner:
            for mutation in _at_work:
                weaken(owner, mutation)

    database.clone = clone


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run each mutation's tests without its rule, instead of every test once."""
    names = set(json.loads(Path(os.environ[NAMES]).read_text()))
    plan = [
        (mutation, item)
        for mutation in all_mutations()
        for item in session.items
        if mutation.name in names and any(is_named(item.nodeid, test) for test in mutation.caught_by)
    ]
    following = [*(item for _mutation, item in plan[1:]), None]
    for (mutation, item), after in zip(plan, following, strict=True):
        with without(mutation):
            # A test that is run again at once is put away as if another one were to follow.
            other = next((each for each in session.items if each is not item), None) if after is item else after
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=other)
    Path(os.environ[SAID]).write_text(json.dumps(_said))
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what came of each phase."""
    crash = getattr(report.longrepr, "reprcrash", None)
    words = crash.message if crash is not None else str(report.longrepr or "")
    _said.append((_at_work[-1].name, report.nodeid, report.when, report.outcome, words))


@contextmanager
def without(mutation: Mutation) -> Iterator[None]:
    """Take a rule away for a while where the program keeps it."""
    kept: list[tuple[object, str, object]] = []
    for dotted, replacement in mutation.patches:
        place, _dot, name = dotted.rpartition(".")
        owner = thing(place)
        if not hasattr(owner, name):
            raise pytest.UsageError(f"There is no {dotted} to replace.")
        kept.append((owner, name, getattr(owner, name)))
        setattr(owner, name, replacement)
    _at_work.append(mutation)
    try:
        yield
    finally:
        _at_work.pop()
        for owner, name, whole in reversed(kept):
            setattr(owner, name, whole)


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


def is_named(node: str, test: str) -> bool:
    """Whether a test of pytest's is the one that a mutation names, with whatever parameters."""
    return node == test or node.startswith(f"{test}[")


def thing(dotted: str) -> object:
    """Return a module, or a class in one."""
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError:
        place, _dot, name = dotted.rpartition(".")
        return getattr(importlib.import_module(place), name)
