"""Live events hold their clusters before anything else, so that they never meet retirement or sealing halfway."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.battles.models import Choice
from apps.battles.services import cast_vote, confirm_answers, open_battle
from tests.battles.arena import PLATFORM, Arena, both
from tests.conftest import NOON

LOCKING = re.compile(r'FROM "?(\w+)"?.* (FOR KEY SHARE|FOR NO KEY UPDATE|FOR UPDATE)|^(?:UPDATE|INSERT INTO) "?(\w+)"?')


def opening(ada: User, arena: Arena) -> Callable[[], object]:
    return lambda: open_battle(
        actor=ada.as_actor(), prompt=arena.prompt, opening_key=uuid.uuid4(), now=NOON, rng=arena.rng
    )


def answering(ada: User, arena: Arena) -> Callable[[], object]:
    battle = arena.asked(ada)
    return lambda: confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(), now=NOON)


def voting(ada: User, arena: Arena) -> Callable[[], object]:
    battle, actor = arena.ready(ada), ada.as_actor()
    return lambda: cast_vote(actor=actor, battle=battle, choice=Choice.LEFT, now=NOON)


@pytest.mark.parametrize("event", [opening, answering, voting])
def test_clusters_are_held_first_and_battles_let_foreign_keys_through(
    ada: User, arena: Arena, event: Callable[[User, Arena], Callable[[], object]]
) -> None:
    act = event(ada, arena)
    with CaptureQueriesContext(
        connection,
    ) as sent:
        act()
    locks = [match for query in sent.captured_queries if (match := LOCKING.search(query["sql"]))]
    assert (locks[0][1], locks[0][2]) == ("prompts_cluster", "FOR KEY SHARE")
    assert "FOR UPDATE" not in {lock[2] for lock in locks}
