"""The process that fetched a battle's answers died: the page says until when it waits, and who looks then is free."""

import asyncio
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.battles.events import BattleEvent
from apps.battles.flows import AnswerEventKind, stream_battle
from apps.battles.models import Battle, BattleState, VoidReason
from apps.battles.queries import overdue_battles
from tests.battles.arena import Arena
from tests.trails import trail_of

pytestmark = pytest.mark.committed
ALMOST, OVER = timedelta(minutes=9, seconds=50), timedelta(minutes=10, seconds=1)


def left_behind(user: User, arena: Arena, *, ago: timedelta) -> Battle:
    """Claim a battle's answers some time ago, and never bring them: the claim is all that a killed process leaves."""
    return arena.asked(user, now=timezone.now() - ago)


def kinds_seen(battle: Battle, user: User, *, seconds: float) -> list[AnswerEventKind]:
    """Watch a battle for a while, as its page does, and return what happened."""
    seen: list[AnswerEventKind] = []
    actor = user.as_actor()

    async def watch() -> None:
        nonlocal seen
        async for event in stream_battle(battle_id=battle.pk, actor=actor):
            # One by one: what was seen before the time is over must be kept.
            seen += [event.kind]

    async def for_a_while() -> None:
        try:
            await asyncio.wait_for(watch(), seconds)
        except TimeoutError:
            return

    try:
        asyncio.run(for_a_while())
    finally:
        connections.close_all()
    return seen


def shown(client: Client, battle: Battle) -> str:
    return client.get(f"/battles/{battle.pk}/").content.decode()


def test_whoever_watches_is_free_when_the_time_is_over(ada: User, arena: Arena) -> None:
    battle = left_behind(ada, arena, ago=OVER)
    seen = kinds_seen(battle, ada, seconds=20)
    assert seen[-1] == AnswerEventKind.VOID
    battle.refresh_from_db()
    assert (battle.state, battle.void_reason) == (BattleState.VOIDED, VoidReason.ABANDONED)
    assert trail_of(battle)[-1] == BattleEvent.VOIDED
    assert Entry.objects.latest("pk").actor_pseudonym == "system:battles.answers"


def test_nobody_who_watches_ends_it_earlier(ada: User, arena: Arena) -> None:
    battle = left_behind(ada, arena, ago=timedelta(minutes=9))
    seen = kinds_seen(battle, ada, seconds=2)
    assert set(seen) == {AnswerEventKind.WAITING}
    battle.refresh_from_db()
    assert battle.state == BattleState.ANSWERING


def test_the_page_says_until_when_it_waits(ada: User, arena: Arena, client: Client) -> None:
    battle = left_behind(ada, arena, ago=timedelta(minutes=2))
    client.force_login(ada)
    assert battle.claimed_at is not None
    until = (battle.claimed_at + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    page = shown(client, battle)
    assert f'datetime="{until}"' in page
    assert "counts for nobody" in page
    # What somebody can do meanwhile stands there too.
    assert f'action="/battles/{battle.pk}/skip/"' in page
    assert "End this battle" not in page


def test_without_script_a_button_ends_what_is_overdue(ada: User, arena: Arena, client: Client) -> None:
    battle = left_behind(ada, arena, ago=OVER)
    client.force_login(ada)
    page = shown(client, battle)
    assert "End this battle" in page
    assert "counts for nobody" not in page
    assert client.post(f"/battles/{battle.pk}/answers/").status_code == 302
    assert "This battle did not work out" in shown(client, battle)


def test_the_sweeper_finds_the_same_battles(ada: User, arena: Arena) -> None:
    overdue, waiting = left_behind(ada, arena, ago=OVER), left_behind(ada, arena, ago=ALMOST)
    now: datetime = timezone.now()
    assert overdue_battles(now=now) == [overdue.pk]
    assert waiting.state == BattleState.ANSWERING
