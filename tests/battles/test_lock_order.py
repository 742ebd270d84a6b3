"""Live events hold their clusters before anything else, so that they never meet retirement or sealing halfway."""

import re
import threading
import time
import uuid
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.battles.models import Battle, BattleState, Choice
from apps.battles.services import cast_vote, confirm_answers, open_battle
from tests.battles.arena import PLATFORM, Arena, both
from tests.conftest import NOON

Act = Callable[[], object]
CHANGING = re.compile(r'FOR (NO KEY )?UPDATE|^UPDATE|^INSERT INTO "?battles_(battle|response|vote)"?')


def opening(ada: User, arena: Arena) -> tuple[Battle | None, Act]:
    actor = ada.as_actor()
    return None, lambda: open_battle(
        actor=actor, prompt=arena.prompt, opening_key=uuid.uuid4(), now=NOON, rng=arena.rng
    )


def answering(ada: User, arena: Arena) -> tuple[Battle | None, Act]:
    battle = arena.asked(ada)
    return battle, lambda: confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(), now=NOON)


def voting(ada: User, arena: Arena) -> tuple[Battle | None, Act]:
    battle, actor = arena.ready(ada), ada.as_actor()
    return battle, lambda: cast_vote(actor=actor, battle=battle, choice=Choice.LEFT, now=NOON)


@pytest.mark.parametrize("event", [opening, answering, voting])
def test_the_first_lock_is_the_clusters_and_none_keeps_foreign_keys_out(
    ada: User, arena: Arena, event: Callable[[User, Arena], tuple[Battle | None, Act]]
) -> None:
    _battle, act = event(ada, arena)
    with CaptureQueriesContext(connection) as sent:
        act()
    statements = [query["sql"] for query in sent.captured_queries]
    first_hold = next(place for place, sql in enumerate(statements) if "FOR KEY SHARE" in sql)
    first_change = next(place for place, sql in enumerate(statements) if CHANGING.search(sql))
    assert first_hold <= first_change
    assert "prompts_cluster" in statements[first_hold]
    assert not any(re.search(r"FOR UPDATE", sql) for sql in statements)


@pytest.mark.committed
@pytest.mark.parametrize("event", [answering, voting])
def test_whoever_waits_for_a_cluster_does_not_hold_the_battle(
    ada: User,
    arena: Arena,
    event: Callable[[User, Arena], tuple[Battle | None, Act]],
    database_urls: dict[str, str],
) -> None:
    battle, act = event(ada, arena)
    assert battle is not None

    def live_event() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with psycopg.connect(database_urls["app"]) as retirement, psycopg.connect(database_urls["app"]) as other:
        # What retirement, sealing and merging do first.
        retirement.execute("SELECT FROM prompts_cluster FOR UPDATE")
        waiting = threading.Thread(target=live_event)
        waiting.start()
        _until_somebody_waits_for(retirement.info.backend_pid, database_urls["app"])
        # What retirement's foreign key does next; with the battle held, the two would wait for each other for ever.
        other.execute("SELECT FROM battles_battle WHERE id = %s FOR UPDATE NOWAIT", [battle.pk])
        other.rollback()
        retirement.rollback()
        waiting.join(20)
    battle.refresh_from_db()
    assert battle.state in {BattleState.READY, BattleState.VOTED}


def _until_somebody_waits_for(process: int, address: str) -> None:
    # A connection of its own, since a transaction sees the others as they were when it first looked.
    with psycopg.connect(address, autocommit=True) as observer:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = observer.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", [process]
            ).fetchone()
            if found and found[0]:
                return
            time.sleep(0.05)
    pytest.fail("nobody waits for the clusters")
