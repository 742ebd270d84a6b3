"""Submitting a prompt: what is kept, what is refused with which words, and what a second click finds."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.contributors.models import ConsentKind
from apps.contributors.queries import NotAContributor, contributor_of
from apps.contributors.services import withdraw_consent
from apps.prompts.events import PromptEvent
from apps.prompts.models import Category, Prompt, PromptState
from apps.prompts.queries import due_prompt_ids
from apps.prompts.services import (
    NothingWritten,
    SubmissionKeyTaken,
    TooLong,
    TooShort,
    UnknownChoice,
    submit_prompt,
)
from tests.conftest import NOON
from tests.prompts.writing import PHOTOSYNTHESIS, written
from tests.trails import facts_about, trail_of


def test_ada_submits_a_prompt_and_it_waits_for_screening(ada: User) -> None:
    prompt = written(ada)
    assert prompt.author == contributor_of(ada.as_actor())
    assert prompt.state == PromptState.SUBMITTED
    assert due_prompt_ids() == [prompt.pk]
    assert trail_of(prompt) == [PromptEvent.SUBMITTED]


def test_the_log_commits_to_the_words_without_holding_them(ada: User) -> None:
    facts = facts_about(written(ada))
    assert facts["characters"] == len(PHOTOSYNTHESIS)
    assert len(facts["text"]) == 64
    assert "fotoss" not in str(facts)


def test_a_second_click_finds_the_first_prompt(ada: User) -> None:
    key = uuid4()
    first, second = (
        submit_prompt(
            actor=ada.as_actor(),
            text=text,
            language="pt",
            category=Category.WRITING,
            submission_key=key,
            now=NOON,
        )
        for text in ("Escreva um poema sobre o mar.", "Escreva um poema sobre a lua.")
    )
    assert first == second
    assert trail_of(first) == [PromptEvent.SUBMITTED]
    assert Prompt.objects.count() == 1


def test_mallory_cannot_use_ada_s_form(ada: User, mallory: User) -> None:
    prompt = written(ada)
    with pytest.raises(SubmissionKeyTaken) as refused:
        submit_prompt(
            actor=mallory.as_actor(),
            text="Was steht hier?",
            language="de",
            category=Category.OTHER,
            submission_key=prompt.submission_key,
            now=NOON,
        )
    assert PHOTOSYNTHESIS not in str(refused.value)


@pytest.mark.parametrize("nothing", ["", "   \n", "\u200b\u200b\u200b", "\ufeff", "\u202e\u00ad"])
def test_nothing_is_refused_kindly(ada: User, nothing: str) -> None:
    with pytest.raises(NothingWritten) as refused:
        written(ada, nothing)
    assert refused.value.clause == "P6"


def test_a_prompt_of_two_characters_is_too_short(ada: User) -> None:
    with pytest.raises(TooShort):
        written(ada, "oi")
    assert written(ada, "oi?").state == PromptState.SUBMITTED


def test_a_million_characters_are_refused_with_both_numbers(ada: User) -> None:
    with pytest.raises(TooLong) as refused:
        written(ada, "x" * 1_000_000)
    assert "1,000,000" in str(refused.value)
    assert "8,000" in str(refused.value)
    assert not Prompt.objects.exists()


def test_the_longest_prompt_fits_in_any_script(ada: User) -> None:
    assert len(written(ada, "漢" * 8000, language="ja").text) == 8000
    with pytest.raises(TooLong):
        written(ada, "漢" * 8001, language="ja")


@pytest.mark.parametrize(
    "text",
    [
        "ما هي عاصمة البرازيل، ولماذا نُقلت من ريو دي جانيرو؟",
        "<script>alert('x')</script> Por que isto não roda?",
        "'; DROP TABLE prompts_prompt; --",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f conta a história desta bandeira",
    ],
)
def test_words_in_every_script_are_kept_as_they_are(ada: User, text: str) -> None:
    prompt = written(ada, text)
    prompt.refresh_from_db()
    assert prompt.text == text


def test_what_a_database_cannot_hold_leaves_a_mark_and_is_not_lost(ada: User) -> None:
    prompt = written(ada, "antes\x00depois \ud800 fim\r\n\x07ainda")
    prompt.refresh_from_db()
    assert prompt.text == "antes\ufffddepois \ufffd fim\n\x07ainda"


@pytest.mark.parametrize(
    ("language", "category"), [("tlh", "coding"), ("", "coding"), ("pt", "hacking"), ("PT", "coding")]
)
def test_only_what_is_on_offer_can_be_chosen(ada: User, language: str, category: str) -> None:
    with pytest.raises(UnknownChoice):
        written(ada, language=language, category=category)


def test_who_has_not_applied_submits_nothing(grace: User) -> None:
    with pytest.raises(NotAContributor):
        written(grace)


def test_who_took_back_taking_part_submits_nothing(ada: User) -> None:
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.PARTICIPATION, now=NOON)
    with pytest.raises(NotAContributor):
        written(ada)


def test_the_database_refuses_an_approval_without_cluster_or_decision(ada: User) -> None:
    prompt = written(ada)
    for change in (
        {"state": PromptState.APPROVED, "screened_at": NOON, "decided_at": NOON, "decided_clause": "P1"},
        {"state": PromptState.REJECTED, "screened_at": NOON},
        {"state": PromptState.AWAITING_REVIEW},
        {"state": "half approved"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Prompt.objects.filter(pk=prompt.pk).update(**change)
