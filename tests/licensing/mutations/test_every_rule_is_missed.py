"""Every rule is taken away, in databases of its own, and the test that it names must fail."""

import fcntl
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, cast

import psycopg
import pytest

from tests import services
from tests.licensing.mutations.registry import RULES, SUBJECTS, Mutation, all_mutations
from tests.licensing.mutations.weaken import NAMES, SAID, is_named, thing, weaken

ROOT: Final = Path(__file__).parents[3]
# What a run within a run must not inherit: it has a server of its own.
_OURS: Final = re.compile(r"PYTEST_.*|DATABASE_.*|REDIS_URL|SHOWDOWN_TEST_.*|SHOWDOWN_VAR|DJANGO_SETTINGS_MODULE")
# A test that ends so has not noticed a rule's absence, but that it was written down wrongly.
_BROKEN: Final = ("NameError", "ImportError", "ModuleNotFoundError", "fixture ", "SyntaxError")

Outcome = tuple[str, str, str, str, str]


def run(mutations: list[Mutation], folder: Path) -> list[Outcome]:
    """Run the tests of all these mutations in one go; return what the plugin wrote down."""
    tests = sorted({test for mutation in mutations for test in mutation.caught_by})
    names, said = folder / "mutations.json", folder / "mutations-said.json"
    names.write_text(json.dumps([mutation.name for mutation in mutations]))
    environment = {name: value for name, value in os.environ.items() if not _OURS.fullmatch(name)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:randomly", "-p", "no:xdist",
         "-p", "tests.licensing.mutations.weaken", *tests],
        cwd=ROOT,
        env=environment | {NAMES: str(names), SAID: str(said)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    # 1 is "tests failed"; a wrong name or an error of usage has another code.
    assert done.returncode == 1, done.stdout + done.stderr
    return outcomes_in(said)


def outcomes_in(said: Path) -> list[Outcome]:
    """Return what the plugin wrote into a file."""
    told: list[list[str]] = json.loads(said.read_text())
    return [(mutation, test, phase, outcome, words) for mutation, test, phase, outcome, words in told]


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """What came of all the mutations that this run asks for; one of several workers sees to it."""
    asked = {
        cast("Mutation", item.callspec.params["mutation"]).name
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_without_the_rule_its_test_fails.__name__
    }
    chosen = [mutation for mutation in all_mutations() if mutation.name in asked]
    folder = services.run_folder().folder
    said = folder / "mutations-said.json"
    with (folder / "mutations.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if said.exists():
            return outcomes_in(said)
        return run(chosen, folder)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mutation", all_mutations(), ids=lambda mutation: f"rule {mutation.rule}: {mutation.name}")
def test_without_the_rule_its_test_fails(mutation: Mutation, outcomes: list[Outcome]) -> None:
    for test in mutation.caught_by:
        found = [each for each in outcomes if each[0] == mutation.name and is_named(each[1], test)]
        assert found, f"{test} was not run."
        # What fails before the test begins, or after it, says nothing about the rule.
        assert not [each for each in found if each[2] != "call" and each[3] == "failed"], found
        noticed = [words for *_told, phase, outcome, words in found if (phase, outcome) == ("call", "failed")]
        assert noticed, f"{test} did not notice."
        assert not [words for words in noticed if words.startswith(_BROKEN)], noticed
        sys.stdout.write(
            f"rule {mutation.rule} ({RULES[mutation.rule]}) → {mutation.name} → {test}: {noticed[0].splitlines()[0]}\n"
        )


@pytest.mark.committed
def test_every_mutation_finds_what_it_takes_away(owner_connection: psycopg.Connection[Any]) -> None:
    """The long proof takes minutes; that a rule has moved from under its mutation is told at once."""
    for mutation in all_mutations():
        with owner_connection.transaction(force_rollback=True):
            weaken(owner_connection, mutation)
        for dotted, _replacement in mutation.patches:
            place, _dot, name = dotted.rpartition(".")
            assert hasattr(thing(place), name), dotted


def test_every_rule_has_a_mutation() -> None:
    assert {mutation.rule for mutation in all_mutations()} == set(RULES)


def test_every_name_is_one_and_every_test_is_there() -> None:
    names = [mutation.name for mutation in all_mutations()]
    assert len(names) == len(set(names))
    for mutation in all_mutations():
        assert mutation.rule in RULES
        assert mutation.statements or mutation.functions or mutation.patches, mutation.name
        for test in mutation.caught_by:
            path, _colons, function = test.partition("::")
            assert re.search(rf"def {re.escape(function.partition('[')[0])}\(", (ROOT / path).read_text()), test
    modules = {path.stem for path in Path(__file__).parent.glob("*.py")}
    assert set(SUBJECTS) == modules - {"__init__", "registry", "weaken", Path(__file__).stem}
