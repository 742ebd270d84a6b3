"""Every rule is taken away, in databases of its own, and the test that it names must fail."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests.licensing.mutations.registry import RULES, SUBJECTS, Mutation, all_mutations
from tests.licensing.mutations.weaken import VARIABLE, thing, weaken

ROOT: Final = Path(__file__).parents[3]
# What a run within a run must not inherit: it has a server of its own.
_OURS: Final = re.compile(r"PYTEST_.*|DATABASE_.*|REDIS_URL|SHOWDOWN_TEST_.*|SHOWDOWN_VAR|DJANGO_SETTINGS_MODULE")


def run(mutation: Mutation, tests: tuple[str, ...]) -> tuple[int, str]:
    """Run tests without the rule; return pytest's code and what it said."""
    environment = {name: value for name, value in os.environ.items() if not _OURS.fullmatch(name)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:randomly", "-p", "no:xdist",
         "-p", "tests.licensing.mutations.weaken", *tests],
        cwd=ROOT,
        env=environment | {VARIABLE: mutation.name},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutation", all_mutations(), ids=lambda mutation: f"rule {mutation.rule}: {mutation.name}")
def test_without_the_rule_its_test_fails(mutation: Mutation) -> None:
    code, said = run(mutation, mutation.caught_by)
    sys.stdout.write(
        f"rule {mutation.rule} ({RULES[mutation.rule]}) → {mutation.name} → {', '.join(mutation.caught_by)}\n"
    )
    # 1 is "tests failed"; a wrong name, a broken fixture or an error of usage has another code, or says so.
    assert code == 1, said
    failed = set(re.findall(r"^FAILED (\S+)", said, flags=re.MULTILINE)) or set()
    missing = [test for test in mutation.caught_by if not any(name.startswith(test) for name in failed)]
    assert not missing, f"{missing} did not notice.\n{said}"
    assert "error" not in said.splitlines()[-1], said


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
