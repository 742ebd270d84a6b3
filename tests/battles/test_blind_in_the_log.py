"""While a battle waits for its vote, nothing that an auditor can read tells who answers; afterwards all of it checks.

Barbara audits, and Ada could be Barbara's other name: whoever reads the log may also vote.
"""

import base64
import hashlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.models import Entry
from apps.battles.domain.draw import pair_probabilities
from apps.battles.models import Battle, Choice, Endpoint, Side, SkipReason, VoidReason
from apps.battles.queries import candidates, endpoint_lines
from apps.battles.services import (
    cast_vote,
    claim_answers,
    confirm_answers,
    expire_battle,
    skip_battle,
    void_battle,
)
from apps.prompts.services import withdraw_prompt
from tests.battles.arena import PLATFORM, Arena, both
from tests.conftest import NOON

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "log.md"
SWEEPER = Actor.system("battles.expire_due")


def entries_about(battle: Battle) -> list[dict[str, Any]]:
    """Return what the log says about a battle, as an auditor's page shows it, oldest first."""
    bodies = Entry.objects.filter(subject=battle.ref).order_by("pk").values_list("body", flat=True)
    return [json.loads(bytes(body)) for body in bodies]


def without_chance(value: Any) -> Any:
    """Leave out what is random by design: hashes and nonces, which are the same length whatever they stand for."""
    if isinstance(value, dict):
        return {key: without_chance(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_chance(item) for item in value]
    return len(value) if isinstance(value, str) and len(value) in {32, 64} else value


def test_entries_are_the_same_whoever_answers(ada: User, arena: Arena) -> None:
    # Weights that differ give every pair a chance of its own, which would be its name.
    for number, endpoint in enumerate(Endpoint.objects.order_by("pk")):
        Endpoint.objects.filter(pk=endpoint.pk).update(weight=number + 1)
    told: list[list[dict[str, Any]]] = []
    draws: set[tuple[int, int]] = set()
    while len(draws) < 6:
        arena.rng = random.Random(len(told))
        battle = arena.ready(ada)
        draws.add((battle.left_model_id, battle.right_model_id))
        told.append([entry | {"subject": "it"} for entry in entries_about(battle)])
    assert [entry["event"] for entry in told[0]] == ["battles.opened", "battles.asked", "battles.answered"]
    assert all(without_chance(entries) == without_chance(told[0]) for entries in told)


def by_vote(battle: Battle, ada: User) -> None:
    cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.LEFT, now=NOON)


def by_skip(battle: Battle, ada: User) -> None:
    skip_battle(actor=ada.as_actor(), battle=battle, reason=SkipReason.OTHER, now=NOON)


def by_time(battle: Battle, ada: User) -> None:
    expire_battle(actor=SWEEPER, battle_id=battle.pk, now=NOON + timedelta(hours=24))


def by_failure(battle: Battle, ada: User) -> None:
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.STALLED, side=Side.LEFT, now=NOON)


@pytest.mark.parametrize("end", [by_vote, by_skip, by_time, by_failure])
def test_the_entry_that_ends_a_battle_opens_its_draw(
    ada: User, arena: Arena, end: Callable[[Battle, User], None]
) -> None:
    battle = arena.ready(ada)
    end(battle, ada)
    check_opened(battle)


def test_a_prompt_that_was_taken_back_and_an_answer_that_tells_its_name_open_it_too(
    ada: User, mallory: User, arena: Arena
) -> None:
    telling = arena.asked(ada)
    name = telling.left_model.name
    confirm_answers(actor=PLATFORM, battle_id=telling.pk, answers=both(left=f"I am {name}."), now=NOON)
    check_opened(telling)
    orphan = arena.opened(ada)
    withdraw_prompt(actor=mallory.as_actor(), prompt=arena.prompt, clause=None, now=NOON)
    claim_answers(actor=ada.as_actor(), battle_id=orphan.pk, now=NOON)
    check_opened(orphan)


def check_opened(battle: Battle) -> None:
    """Check the draw as docs/log.md tells an auditor to, from the two entries alone."""
    opened, *_meanwhile, ended = entries_about(battle)
    draw = ended["facts"]["draw"]
    text = json.dumps(draw, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(bytes.fromhex(ended["facts"]["draw_salt"]) + text.encode()).hexdigest()
    assert digest == opened["facts"]["draw_commitment"]
    assert (draw["left"], draw["right"]) == (battle.left_model_id, battle.right_model_id)
    assert (draw["left_endpoint"], draw["right_endpoint"]) == (battle.left_endpoint_id, battle.right_endpoint_id)
    # The draw can be checked against the weights that stand in the log.
    pair = frozenset((draw["left"], draw["right"]))
    assert float(draw["probability"]) == pytest.approx(pair_probabilities(candidates())[pair], abs=1e-12)


def test_a_draw_that_was_exchanged_does_not_open(ada: User, arena: Arena) -> None:
    """The commitment binds: other sides, another model or another salt give another digest."""
    battle = arena.ready(ada)
    by_vote(battle, ada)
    opened, *_meanwhile, ended = entries_about(battle)
    draw = ended["facts"]["draw"]
    swapped = draw | {"left": draw["right"], "right": draw["left"]}
    text = json.dumps(swapped, sort_keys=True, separators=(",", ":"))
    salt = bytes.fromhex(ended["facts"]["draw_salt"])
    assert hashlib.sha256(salt + text.encode()).hexdigest() != opened["facts"]["draw_commitment"]


def test_the_documented_program_checks_a_draw(ada: User, arena: Arena, tmp_path: Path) -> None:
    first, second = arena.ready(ada), arena.ready(ada)
    by_vote(first, ada)
    by_vote(second, ada)
    program = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)[1]

    def check(opened_of: Battle, ended_of: Battle) -> subprocess.CompletedProcess[str]:
        names = []
        for event, battle in (("battles.opened", opened_of), ("battles.vote_cast", ended_of)):
            entry = Entry.objects.get(event=event, subject=battle.ref)
            names.append(str(tmp_path / f"{event}-{battle.pk}.json"))
            Path(names[-1]).write_text(json.dumps({"entry": base64.b64encode(bytes(entry.body)).decode()}))
        return subprocess.run([sys.executable, "-c", program, *names], capture_output=True, text=True, check=False)

    answer = check(first, first)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("drawn before the answers:")
    assert check(first, second).returncode != 0


@pytest.mark.committed
def test_the_auditors_role_sees_a_draw_when_its_battle_has_ended(
    ada: User, arena: Arena, database_urls: dict[str, str]
) -> None:
    blind, over = arena.ready(ada), arena.ready(ada)
    by_vote(over, ada)
    with psycopg.connect(database_urls["auditor"], autocommit=True) as barbara:
        for column in ("left_model_id", "right_model_id", "left_endpoint_id", "right_endpoint_id", "pair_probability"):
            for question in (f"SELECT {column} FROM battles_battle", f"SELECT FROM battles_battle WHERE {column} = 1"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    barbara.execute(question.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            barbara.execute("SELECT salt FROM audit_salt")
        found = barbara.execute("SELECT battle_id, left_model_id, right_model_id FROM battle_draw").fetchall()
        assert found == [(over.pk, over.left_model_id, over.right_model_id)]
        # A condition that fails on a row would tell of it; it is never tried on the blind one.
        clever = "SELECT battle_id FROM battle_draw WHERE 1 / (battle_id - %s) > -2"
        assert barbara.execute(clever, [blind.pk]).fetchall() == [(over.pk,)]


def test_a_battle_that_waits_for_its_vote_moves_no_number_of_those_who_run_the_models(ada: User, arena: Arena) -> None:
    def asked() -> list[int]:
        return [line.asked for line in endpoint_lines(now=NOON)]

    battle = arena.ready(ada)
    assert asked() == [0, 0, 0]
    by_vote(battle, ada)
    assert sorted(asked()) == [0, 1, 1]
