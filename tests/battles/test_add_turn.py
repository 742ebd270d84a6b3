"""Further turns: Ada writes more, the battle lives on, and its words have their cluster."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleCluster, Choice, SkipReason, Turn
from apps.battles.services import BattleIsOver, NoSuchBattle, add_turn, cast_vote, skip_battle
from apps.prompts.models import Cluster, TurnFounder, TurnFounderBand
from apps.prompts.services import NothingWritten, TooLong
from tests.battles.arena import Arena
from tests.conftest import NOON
from tests.prompts.writing import screened
from tests.trails import facts_about, trail_of

RAIN = "And how many drops of rain fall on a garden of ten square metres in a minute of heavy rain?"


def clusters_of(battle: Battle) -> set[int]:
    return set(BattleCluster.objects.filter(battle=battle).values_list("cluster_id", flat=True))


def test_a_turn_has_a_cluster_of_its_own_and_the_battle_lives_in_both(arena: Arena, ada: User) -> None:
    battle = arena.ready(ada)
    before = clusters_of(battle)
    turn = add_turn(actor=ada.as_actor(), battle=battle, text=f"  {RAIN}\r\n", now=NOON)
    assert (turn.number, turn.text, turn.language, turn.screened_at) == (2, RAIN, battle.language, NOON)
    assert clusters_of(battle) == before | {turn.cluster_id}
    assert len(clusters_of(battle)) == 2
    # The time is the database's, whatever the application's clock says.
    assert timezone.now() - turn.created_at < timedelta(minutes=5)
    assert trail_of(battle)[-1] == BattleEvent.TURN_ADDED
    facts = facts_about(battle)
    assert (facts["number"], facts["cluster"], facts["screened"]) == (2, turn.cluster_id, True)
    assert RAIN not in str(facts)


def test_turns_are_numbered_and_a_vote_follows_them(arena: Arena, ada: User) -> None:
    battle = arena.ready(ada)
    turns = [add_turn(actor=ada.as_actor(), battle=battle, text=text, now=NOON) for text in (RAIN, "And snow?")]
    assert [turn.number for turn in turns] == [2, 3]
    cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.LEFT, now=NOON)
    with pytest.raises(BattleIsOver):
        add_turn(actor=ada.as_actor(), battle=battle, text=RAIN, now=NOON)


def test_a_turn_like_an_earlier_prompt_lives_in_its_cluster(arena: Arena, ada: User) -> None:
    prompt = screened(ada, RAIN, language="en")
    battle = arena.ready(ada)
    same = add_turn(actor=ada.as_actor(), battle=battle, text=RAIN.upper(), now=NOON)
    near = add_turn(actor=ada.as_actor(), battle=battle, text=RAIN.replace("heavy ", ""), now=NOON)
    assert same.cluster_id == near.cluster_id == prompt.cluster_id
    assert not TurnFounder.objects.exists()


def test_a_prompt_like_an_earlier_turn_lives_in_its_cluster(arena: Arena, ada: User) -> None:
    battle = arena.ready(ada)
    turn = add_turn(actor=ada.as_actor(), battle=battle, text=RAIN, now=NOON)
    assert turn.cluster is not None
    assert TurnFounderBand.objects.filter(founder=turn.cluster_id).count() == 32
    for text in (RAIN, RAIN.replace("heavy ", "")):
        assert screened(ada, text, language="en").cluster_id == turn.cluster_id


def test_very_short_words_have_no_cluster_and_are_an_event_all_the_same(arena: Arena, ada: User) -> None:
    battle = arena.ready(ada)
    before = clusters_of(battle)
    founded = Cluster.objects.count()
    turn = add_turn(actor=ada.as_actor(), battle=battle, text="go on", now=NOON)
    assert turn.cluster_id is None
    assert clusters_of(battle) == before
    assert Cluster.objects.count() == founded


def test_words_that_a_person_would_have_to_read_stay_unscreened(arena: Arena, ada: User) -> None:
    battle = arena.ready(ada)
    turn = add_turn(
        actor=ada.as_actor(), battle=battle, text="Write to maria.souza@prefeitura.gov.br about the rain.", now=NOON
    )
    assert turn.screened_at is None
    assert facts_about(battle)["screened"] is False


def test_nobody_writes_on_anothers_battle_or_on_one_that_is_over(arena: Arena, ada: User, mallory: User) -> None:
    battle = arena.ready(ada)
    founded = Cluster.objects.count()
    with pytest.raises(NoSuchBattle):
        add_turn(actor=mallory.as_actor(), battle=battle, text=RAIN, now=NOON)
    with pytest.raises(BattleIsOver):
        add_turn(actor=ada.as_actor(), battle=arena.opened(ada), text=RAIN, now=NOON)
    with pytest.raises(BattleIsOver):
        add_turn(actor=ada.as_actor(), battle=battle, text=RAIN, now=NOON + timedelta(hours=25))
    skip_battle(actor=ada.as_actor(), battle=battle, reason=SkipReason.OTHER, now=NOON)
    with pytest.raises(BattleIsOver):
        add_turn(actor=ada.as_actor(), battle=battle, text=RAIN, now=NOON)
    assert not Turn.objects.exists()
    # A refused turn leaves no cluster behind.
    assert Cluster.objects.count() == founded


@pytest.mark.parametrize(("text", "refusal"), [(" \n ", NothingWritten), ("rain " * 2_000, TooLong)])
def test_nothing_and_too_much_are_refused(arena: Arena, ada: User, text: str, refusal: type[Exception]) -> None:
    battle = arena.ready(ada)
    with pytest.raises(refusal):
        add_turn(actor=ada.as_actor(), battle=battle, text=text, now=NOON)
