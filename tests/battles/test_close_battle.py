"""Battles that end without a vote, and the sweeper that closes what nobody finishes."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, Choice, SkipReason, VoidReason
from apps.battles.queries import overdue_battles
from apps.battles.services import BattleIsOver, NoSuchBattle, cast_vote, expire_battle, skip_battle
from apps.battles.tasks import expire_due
from tests.battles.arena import Arena
from tests.conftest import NOON
from tests.trails import facts_about, trail_of

SWEEPER = Actor.system("battles.expire_due")


def closed(battle: Battle, *, now: datetime) -> Battle:
    return expire_battle(actor=SWEEPER, battle_id=battle.pk, now=now)


def test_a_skip_costs_nothing_and_says_why(ada: User, arena: Arena) -> None:
    for battle in (arena.opened(ada), arena.asked(ada), arena.ready(ada)):
        after = skip_battle(actor=ada.as_actor(), battle=battle, reason=SkipReason.CANNOT_JUDGE, now=NOON)
        assert after.state == BattleState.SKIPPED
        assert facts_about(battle)["reason"] == "cannot_judge"
        with pytest.raises(BattleIsOver):
            skip_battle(actor=ada.as_actor(), battle=battle, reason=SkipReason.OTHER, now=NOON)


def test_nobody_skips_somebody_elses_battle(ada: User, mallory: User, arena: Arena) -> None:
    with pytest.raises(NoSuchBattle):
        skip_battle(actor=mallory.as_actor(), battle=arena.ready(ada), reason=SkipReason.OTHER, now=NOON)


def test_a_battle_expires_after_24_hours_and_not_before(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    almost, day_later = NOON + timedelta(hours=23, minutes=59), NOON + timedelta(hours=24)
    assert overdue_battles(now=almost) == []
    assert closed(battle, now=almost).state == BattleState.READY
    assert overdue_battles(now=day_later) == [battle.pk]
    assert closed(battle, now=day_later).state == BattleState.EXPIRED
    assert Entry.objects.latest("pk").clause == "B2"
    assert overdue_battles(now=day_later) == []


def test_answers_that_never_came_make_the_battle_void(ada: User, arena: Arena) -> None:
    battle = arena.asked(ada)
    almost, later = NOON + timedelta(minutes=9), NOON + timedelta(minutes=10)
    assert closed(battle, now=almost).state == BattleState.ANSWERING
    assert overdue_battles(now=later) == [battle.pk]
    assert closed(battle, now=later).void_reason == VoidReason.ABANDONED


def test_a_vote_is_never_expired(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.LEFT, now=NOON)
    assert closed(battle, now=NOON + timedelta(days=9)).state == BattleState.VOTED
    assert trail_of(battle)[-1] == BattleEvent.VOTE_CAST


def test_people_do_not_expire_battles(ada: User, arena: Arena) -> None:
    with pytest.raises(NotPermitted):
        expire_battle(actor=ada.as_actor(), battle_id=arena.ready(ada).pk, now=NOON + timedelta(days=2))


def test_the_sweeper_closes_what_is_due_and_leaves_the_rest(ada: User, arena: Arena) -> None:
    now = timezone.now()
    old = arena.ready(ada, now=now - timedelta(hours=25))
    lost = arena.asked(ada, now=now - timedelta(minutes=11))
    young = arena.ready(ada, now=now - timedelta(hours=1))
    expire_due()
    states = dict(Battle.objects.values_list("pk", "state"))
    assert states == {old.pk: BattleState.EXPIRED, lost.pk: BattleState.VOIDED, young.pk: BattleState.READY}
    expire_due()
    assert trail_of(old).count(BattleEvent.EXPIRED) == 1
    assert Entry.objects.filter(event=BattleEvent.EXPIRED).latest("pk").actor_pseudonym == "system:battles.expire_due"
