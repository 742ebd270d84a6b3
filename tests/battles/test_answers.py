"""Answers: claimed once, kept whole with their measures, or the battle is void."""

from datetime import timedelta

import pytest

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.audit.queries import commitment_opens
from apps.battles.events import BattleEvent
from apps.battles.models import BattleState, EndpointFailure, LanguageModel, Side, VoidReason
from apps.battles.services import (
    AnswersAlreadyAsked,
    BattleIsOver,
    HalfABattle,
    NoSuchBattle,
    claim_answers,
    confirm_answers,
    void_battle,
)
from apps.organizations.models import Organization
from apps.prompts.models import Prompt, PromptState
from tests.battles.arena import LEFT_TEXT, PLATFORM, Arena, both
from tests.conftest import NOON
from tests.trails import facts_about, trail_of


def test_only_one_claims_the_answers(ada: User, arena: Arena) -> None:
    battle = arena.opened(ada)
    claimed = claim_answers(actor=ada.as_actor(), battle_id=battle.pk, now=NOON)
    assert (claimed.state, claimed.claimed_at) == (BattleState.ANSWERING, NOON)
    with pytest.raises(AnswersAlreadyAsked):
        claim_answers(actor=ada.as_actor(), battle_id=battle.pk, now=NOON)


def test_nobody_claims_somebody_elses_answers(ada: User, mallory: User, arena: Arena) -> None:
    battle = arena.opened(ada)
    with pytest.raises(NoSuchBattle):
        claim_answers(actor=mallory.as_actor(), battle_id=battle.pk, now=NOON)


def test_a_prompt_that_was_taken_back_is_sent_to_nobody(ada: User, arena: Arena) -> None:
    battle = arena.opened(ada)
    Prompt.objects.filter(pk=arena.prompt.pk).update(state=PromptState.WITHDRAWN)
    after = claim_answers(actor=ada.as_actor(), battle_id=battle.pk, now=NOON)
    assert (after.state, after.void_reason) == (BattleState.VOIDED, VoidReason.PROMPT_CLOSED)
    assert trail_of(battle) == [BattleEvent.OPENED, BattleEvent.VOIDED]


def test_both_answers_are_kept_with_their_measures_and_the_times_that_were_shown(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada, left="**Sixty** it is.", right="# Time\n\n- sixty\n- minutes")
    left, right = battle.responses.get(side=Side.LEFT), battle.responses.get(side=Side.RIGHT)
    assert (left.tokens, left.headers, left.lists, left.bold) == (3, 0, 0, 1)
    assert (right.tokens, right.headers, right.lists, right.bold) == (3, 1, 2, 0)
    assert (left.first_token_ms, left.last_token_ms) == (300, 1200)
    assert battle.state == BattleState.READY


def test_the_log_commits_to_both_answers_and_holds_neither(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    facts = facts_about(battle)
    assert commitment_opens(facts["left"], LEFT_TEXT)
    assert not commitment_opens(facts["right"], LEFT_TEXT)
    for entry in Entry.objects.all():
        assert b"sixty" not in bytes(entry.body)


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800"])
def test_half_a_battle_is_not_kept(ada: User, arena: Arena, text: str) -> None:
    battle = arena.asked(ada)
    with pytest.raises(HalfABattle):
        confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(left=text), now=NOON)
    one = {Side.RIGHT: both()[Side.RIGHT]}
    with pytest.raises(HalfABattle):
        confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=one, now=NOON)
    assert not battle.responses.exists()


def test_an_answer_that_names_its_model_or_maker_makes_the_battle_void(ada: User, arena: Arena) -> None:
    for model in LanguageModel.objects.all():
        model.organization = Organization.objects.get(name="Fjord AI")
        model.save(update_fields=["organization"])
    for side, leak in ((Side.LEFT, "I was made by FJORD-AI."), (Side.RIGHT, "Como modelo da Fjord AI, direi: 60.")):
        battle = arena.asked(ada)
        answers = both(**{side.value: leak})
        after = confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=answers, now=NOON)
        assert (after.state, after.void_reason) == (BattleState.VOIDED, VoidReason.NAMED_ITSELF)
        assert not after.responses.exists()
        assert EndpointFailure.objects.get(battle=battle).side == side
    assert trail_of(battle)[-1] == BattleEvent.VOIDED


def test_an_answer_may_name_the_other_model(ada: User, arena: Arena) -> None:
    battle = arena.asked(ada)
    left = f"{battle.right_model.name} is another model."
    LanguageModel.objects.filter(pk=battle.left_model_id).update(
        organization=Organization.objects.create(name="Third", slug="third")
    )
    after = confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(left=left), now=NOON)
    assert after.state == BattleState.READY


def test_only_the_platform_brings_answers_or_makes_a_battle_void(ada: User, grace: User, arena: Arena) -> None:
    battle = arena.asked(ada)
    for person in (ada, grace):
        with pytest.raises(NotPermitted):
            confirm_answers(actor=person.as_actor(), battle_id=battle.pk, answers=both(), now=NOON)
        with pytest.raises(NotPermitted):
            void_battle(actor=person.as_actor(), battle_id=battle.pk, reason=VoidReason.FAILED, now=NOON)


def test_a_failure_is_written_at_the_endpoint_that_failed(ada: User, arena: Arena) -> None:
    battle = arena.asked(ada)
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.STALLED, side=Side.RIGHT, now=NOON)
    failure = EndpointFailure.objects.get()
    assert (failure.endpoint, failure.reason) == (battle.right_endpoint, VoidReason.STALLED)
    facts = facts_about(battle)
    assert (facts["reason"], facts["endpoint"]) == ("stalled", battle.right_endpoint_id)
    assert Entry.objects.latest("pk").clause == "B4"


def test_answers_that_come_after_the_end_are_refused(ada: User, arena: Arena) -> None:
    battle = arena.asked(ada)
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.ABANDONED, now=NOON)
    late = NOON + timedelta(minutes=12)
    with pytest.raises(BattleIsOver):
        confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(), now=late)
    with pytest.raises(BattleIsOver):
        void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.FAILED, now=late)
