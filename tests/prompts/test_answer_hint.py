"""Answering what screening noticed."""

import pytest

from apps.accounts.models import User
from apps.policy.queries import clause
from apps.prompts.events import PromptEvent
from apps.prompts.queries import NoSuchPrompt, prompts_of
from apps.prompts.services import NotOpenForAnswers, answer_hint, approve_prompt
from tests.conftest import NOON
from tests.prompts.writing import WITH_ADDRESS, screened
from tests.trails import facts_about, trail_of


def test_ada_answers_and_the_answer_is_kept_but_not_in_the_log(ada: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    hint = prompt.hints.get()
    assert prompts_of(prompt.author).lines[0].unanswered == 1
    answered = answer_hint(actor=ada.as_actor(), hint_id=hint.pk, answer=" É um endereço público. ", now=NOON)
    assert answered.answer == "É um endereço público."
    assert prompts_of(prompt.author).lines[0].unanswered == 0
    assert trail_of(prompt)[-1] == PromptEvent.HINT_ANSWERED
    assert "público" not in str(facts_about(prompt))


def test_the_same_answer_twice_is_one_entry(ada: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    for _click in range(2):
        answer_hint(actor=ada.as_actor(), hint_id=prompt.hints.get().pk, answer="É público.", now=NOON)
    assert trail_of(prompt).count(PromptEvent.HINT_ANSWERED) == 1


def test_an_answer_of_a_million_characters_is_cut_and_nul_does_no_harm(ada: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    hint = answer_hint(actor=ada.as_actor(), hint_id=prompt.hints.get().pk, answer="\x00" + "x" * 1_000_000, now=NOON)
    assert len(hint.answer) == 500


def test_mallory_answers_nobody_else_s_hints(ada: User, mallory: User) -> None:
    hint = screened(ada, WITH_ADDRESS).hints.get()
    for hint_id in (hint.pk, 2**40):
        with pytest.raises(NoSuchPrompt):
            answer_hint(actor=mallory.as_actor(), hint_id=hint_id, answer="Let me in", now=NOON)


def test_after_the_decision_nobody_reads_an_answer(ada: User, grace: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    approve_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P1"), now=NOON)
    with pytest.raises(NotOpenForAnswers):
        answer_hint(actor=ada.as_actor(), hint_id=prompt.hints.get().pk, answer="Too late", now=NOON)
