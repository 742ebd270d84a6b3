"""Opening a battle: for whom, on what, between whom, how often."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, Endpoint, LanguageModel, ModelState
from apps.battles.services import (
    ConsentMissing,
    DailyNumberReached,
    NothingToCompare,
    OpeningKeyTaken,
    PromptNotOpen,
    open_battle,
)
from apps.contributors.models import Affiliation, ConsentKind, Contributor
from apps.contributors.queries import NotAContributor
from apps.organizations.models import Organization, TieKind
from apps.organizations.services import declare_tie
from apps.prompts.models import Cluster
from tests.battles.arena import SYSTEM, Arena, add_prompt, amend
from tests.conftest import NOON
from tests.prompts.writing import screened
from tests.trails import facts_about, trail_of


def employ(user: User, organization: Organization) -> None:
    contributor = Contributor.objects.get(account=user)
    Affiliation.objects.create(contributor=contributor, organization=organization, declared_at=NOON)


def names_in(battle: Battle) -> set[str]:
    return {battle.left_model.name, battle.right_model.name}


def test_a_battle_has_two_models_and_stands_in_the_log(ada: User, arena: Arena) -> None:
    battle = arena.opened(ada)
    assert battle.state == BattleState.OPENED
    assert len(names_in(battle)) == 2
    assert battle.pair_probability == pytest.approx(1 / 3)
    assert list(battle.clusters.all()) == [arena.prompt.cluster]
    assert trail_of(battle) == [BattleEvent.OPENED]
    facts = facts_about(battle)
    assert len(facts.pop("draw_commitment")) == 64
    assert facts == {"prompt": arena.prompt.ref, "cluster": arena.prompt.cluster_id}


def test_a_battle_on_a_very_short_prompt_is_in_no_cluster(ada: User, arena: Arena) -> None:
    arena.prompt = screened(ada, "continue", language="en")
    battle = arena.opened(ada)
    assert not battle.clusters.exists()
    assert facts_about(battle)["cluster"] is None


def test_a_second_click_finds_the_first_battle(ada: User, arena: Arena) -> None:
    key = uuid.uuid4()
    first, second = (
        open_battle(actor=ada.as_actor(), prompt=arena.prompt, opening_key=key, now=NOON, rng=arena.rng)
        for _click in range(2)
    )
    assert first == second
    assert Battle.objects.count() == 1


def test_nobody_gets_at_a_battle_by_its_opening_key(ada: User, mallory: User, arena: Arena) -> None:
    battle = arena.opened(ada)
    with pytest.raises(OpeningKeyTaken):
        open_battle(
            actor=mallory.as_actor(),
            prompt=arena.prompt,
            opening_key=battle.opening_key,
            now=NOON,
            rng=arena.rng,
        )


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "awaiting_review"])
def test_battles_are_fought_on_approved_prompts_only(ada: User, arena: Arena, state: str) -> None:
    arena.prompt = add_prompt(ada, state=state)
    with pytest.raises(PromptNotOpen):
        arena.opened(ada)
    assert not Battle.objects.exists()


def test_a_battle_joins_the_cluster_into_which_its_prompts_was_merged(ada: User, arena: Arena) -> None:
    middle, last = (Cluster.objects.create(founded_at=NOON) for _position in range(2))
    with connection.cursor() as cursor:
        cursor.execute("SELECT merge_clusters(%s, %s)", [arena.prompt.cluster_id, middle.pk])
        cursor.execute("SELECT merge_clusters(%s, %s)", [middle.pk, last.pk])
    assert list(arena.opened(ada).clusters.all()) == [last]


def test_visitors_staff_and_people_without_consent_open_none(ada: User, grace: User, arena: Arena) -> None:
    with pytest.raises(NotAContributor):
        arena.opened(grace)
    ada.contributor.consents.filter(kind=ConsentKind.PARTICIPATION).update(withdrawn_at=NOON)
    with pytest.raises(ConsentMissing):
        arena.opened(ada)


def test_a_day_has_its_number_and_the_next_day_another(ada: User, arena: Arena) -> None:
    amend("B5", per_day=3)
    for minute in range(3):
        arena.opened(ada, now=NOON + timedelta(minutes=minute))
    with pytest.raises(DailyNumberReached) as refused:
        arena.opened(ada, now=NOON + timedelta(hours=23, minutes=59))
    assert refused.value.clause == "B5"
    assert arena.opened(ada, now=NOON + timedelta(hours=24, seconds=1)).state == BattleState.OPENED


def test_nobody_meets_their_employer_or_whoever_owns_it_or_is_owned(ada: User, arena: Arena) -> None:
    fjord = Organization.objects.get(name="Fjord AI")
    holding = Organization.objects.create(name="Holding", slug="holding")
    daughter = Organization.objects.create(name="Daughter", slug="daughter")
    for held in (fjord, daughter):
        declare_tie(
            actor=SYSTEM,
            holder=holding,
            held=held,
            kind=TieKind.OWNERSHIP,
            since=NOON.date(),
            source="Register of companies",
            now=NOON,
        )
    employ(ada, daughter)
    # Only Banyan's one model is left, and a battle needs two.
    with pytest.raises(NothingToCompare) as refused:
        arena.opened(ada)
    assert refused.value.clause == "B3"


def test_an_employee_of_one_lab_is_shown_the_others(ada: User, arena: Arena) -> None:
    employ(ada, Organization.objects.get(name="Banyan Labs"))
    for _time in range(12):
        battle = arena.opened(ada)
        assert names_in(battle) == {"Cobalt 2", "Cobalt 3"}
        assert battle.pair_probability == 1.0


@pytest.mark.parametrize("state", [ModelState.PRIVATE, ModelState.DEPRECATED, ModelState.RETIRED])
def test_only_public_models_with_an_active_endpoint_are_drawn(ada: User, arena: Arena, state: ModelState) -> None:
    LanguageModel.objects.filter(name="Cobalt 2").update(state=state)
    for _time in range(8):
        assert "Cobalt 2" not in names_in(arena.opened(ada))
    Endpoint.objects.filter(model__name="Cobalt 3").update(is_active=False)
    with pytest.raises(NothingToCompare) as refused:
        arena.opened(ada)
    assert refused.value.clause is None


def test_seeds_decide_the_draw_and_nothing_else_does(ada: User, arena: Arena) -> None:
    def drawn(seed: int) -> list[tuple[int, int]]:
        arena.rng = random.Random(seed)
        return [(b.left_model_id, b.right_model_id) for b in (arena.opened(ada) for _time in range(6))]

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


@pytest.mark.committed
def test_two_clicks_at_the_same_moment_open_one_battle(ada: User, arena: Arena) -> None:
    key, actor = uuid.uuid4(), ada.as_actor()

    def click(seed: int) -> int:
        try:
            return open_battle(actor=actor, prompt=arena.prompt, opening_key=key, now=NOON, rng=random.Random(seed)).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(click, range(8)))
    assert len(found) == 1
    assert Battle.objects.count() == 1


@pytest.mark.committed
def test_the_days_number_holds_against_clicks_at_the_same_moment(ada: User, arena: Arena) -> None:
    amend("B5", per_day=3)
    actor = ada.as_actor()

    def click(seed: int) -> bool:
        try:
            open_battle(actor=actor, prompt=arena.prompt, opening_key=uuid.uuid4(), now=NOON, rng=random.Random(seed))
        except DailyNumberReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(click, range(8)))
    assert sum(opened) == Battle.objects.count() == 3


def test_a_refusal_names_no_other_persons_battle(mallory: User, ada: User, arena: Arena) -> None:
    battle = arena.opened(ada)
    with pytest.raises(NotPermitted) as refused:
        open_battle(
            actor=mallory.as_actor(),
            prompt=arena.prompt,
            opening_key=battle.opening_key,
            now=NOON,
            rng=arena.rng,
        )
    assert str(battle.pk) not in refused.value.message
