"""The desk's pages: what a moderator finds there, and what a wrong press leads to."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.moderation.models import AppealState, Case, CaseState, Decision, Draft
from apps.moderation.services import release_case, take_case
from apps.prompts.models import Prompt, PromptState
from tests.moderation.desk import (
    CLEAN,
    FLAGGED,
    REASON,
    also_contributes,
    appealed,
    case_about,
    case_of,
    finding_about,
    prompt_of,
    rejected,
    swept,
)
from tests.moderation.visits import at_most, text_of, visit
from tests.trails import refusals

pytestmark = pytest.mark.django_db


# --- The queue ---


def test_grace_sees_what_waits_and_takes_the_next(prompt: Prompt, grace: User) -> None:
    case = case_of(prompt)
    grace_visits = visit(grace)
    page = grace_visits.get("/moderation/")
    assert f"/moderation/cases/{case.pk}/" in page.content.decode()
    assert "1 case waits, and it is in time" in text_of(page)
    assert "Personal data may stand in it" in text_of(page)
    taken = grace_visits.post("/moderation/next/")
    assert taken.url == f"/moderation/cases/{case.pk}/"  # type: ignore[attr-defined]
    case.refresh_from_db()
    assert case.lease_holder == grace


def test_the_next_case_is_found_before_the_sweep_comes_by(prompt: Prompt, grace: User) -> None:
    assert not Case.objects.exists()
    assert visit(grace).post("/moderation/next/").status_code == 302
    assert Case.objects.get().lease_holder == grace


def test_an_empty_queue_says_so(grace: User) -> None:
    page = visit(grace).post("/moderation/next/", follow=True)
    assert "Nothing waits for you" in text_of(page)
    assert "No case waits" in text_of(page)


def test_late_cases_are_counted_and_can_be_filtered(ada: User, grace: User, at: datetime) -> None:
    late = case_of(prompt_of(ada, now=at - timedelta(days=3)))
    swept()
    prompt_of(ada, CLEAN, now=at)
    swept()
    page = visit(grace).get("/moderation/?late=yes")
    assert "1 case is past its time" in text_of(page)
    numbers = re.findall(r"/moderation/cases/(\d+)/", page.content.decode())
    assert {int(number) for number in numbers} == {late.pk}
    other = visit(grace).get("/moderation/?kind=appeal&language=xx&late=nonsense")
    assert "No case fits" in text_of(other)


def test_a_long_queue_costs_no_more_than_a_short_one(ada: User, grace: User, at: datetime) -> None:
    for number in range(6):
        prompt_of(ada, f"{FLAGGED} It is garden {number}.", now=at)
    swept()
    grace_visits = visit(grace)
    grace_visits.get("/moderation/")
    with at_most(3):
        grace_visits.get("/moderation/")


def test_an_appeal_is_listed_for_those_who_may_hear_it(prompt: Prompt, ada: User, grace: User, alan: User) -> None:
    case = appealed(ada, rejected(grace, prompt), now=timezone.now()).case
    listed = [
        f"/moderation/cases/{case.pk}/" in visit(who).get("/moderation/").content.decode() for who in (grace, alan)
    ]
    assert listed == [False, True]


@pytest.mark.parametrize("path", ["/moderation/", "/moderation/cases/1/"])
def test_the_desk_is_for_moderators(path: str, ada: User, barbara: User) -> None:
    assert visit(ada).get(path).status_code == 403
    assert visit(barbara).get(path).status_code == 403
    assert Client().get(path).status_code == 302


# --- The console ---


def test_the_console_shows_subject_evidence_and_decision(prompt: Prompt, grace: User) -> None:
    case = case_of(prompt)
    page = visit(grace).get(f"/moderation/cases/{case.pk}/")
    told = text_of(page)
    assert "why the garden is closed on Mondays" in told
    assert "an identity number" in told
    assert "Take this case" in told
    assert "Decide, and the next case" not in told
    # Looking takes nothing.
    case.refresh_from_db()
    assert case.lease_holder is None
    take_case(actor=grace.as_actor(), case_id=case.pk, now=timezone.now())
    assert "Decide, and the next case" in text_of(visit(grace).get(f"/moderation/cases/{case.pk}/"))


def test_a_console_of_each_kind_is_cheap(prompt: Prompt, ada: User, mallory: User, grace: User, alan: User) -> None:
    appeal = appealed(ada, rejected(grace, prompt), now=timezone.now())
    about_votes = case_about(finding_about(mallory))
    alan_visits = visit(alan)
    for case_id in (appeal.case.pk, about_votes.pk):
        alan_visits.get(f"/moderation/cases/{case_id}/")
        # Nine of them are the gate: which words the case shows, and writing the look down before they are read.
        with at_most(22):
            assert alan_visits.get(f"/moderation/cases/{case_id}/").status_code == 200


def test_submit_and_next_is_cheap(ada: User, grace: User, at: datetime) -> None:
    for number in range(3):
        prompt_of(ada, f"{FLAGGED} It is garden {number}.", now=at)
    swept()
    grace_visits = visit(grace)
    case_id = grace_visits.post("/moderation/next/").url.split("/")[-2]  # type: ignore[attr-defined]
    told = {"action": "reject", "clause": "P2", "reason": REASON, "go": "next"}
    with at_most(15):
        answer = grace_visits.post(f"/moderation/cases/{case_id}/decide/", told)
    assert re.fullmatch(r"/moderation/cases/\d+/", answer.url)  # type: ignore[attr-defined]


def test_grace_rejects_and_goes_on_to_the_next(ada: User, grace: User, at: datetime) -> None:
    first, second = (prompt_of(ada, f"{FLAGGED} It is garden {number}.", now=at) for number in range(2))
    swept()
    grace_visits = visit(grace)
    grace_visits.post("/moderation/next/")
    case = Case.objects.get(lease_holder=grace)
    told = {"action": "reject", "clause": "P2", "reason": REASON, "go": "next"}
    answer = grace_visits.post(f"/moderation/cases/{case.pk}/decide/", told)
    following = Case.objects.open().get(lease_holder=grace)
    assert answer.url == f"/moderation/cases/{following.pk}/"  # type: ignore[attr-defined]
    assert {case.prompt, following.prompt} == {first, second}
    last = grace_visits.post(f"/moderation/cases/{following.pk}/decide/", told, follow=True)
    # Nothing is left but what the rule approved: here nothing.
    assert "Nothing more waits for you" in text_of(last)


def test_pressed_twice_it_lands_on_the_decision(prompt: Prompt, grace: User) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now())
    told = {"action": "reject", "clause": "P2", "reason": REASON, "go": "stay"}
    grace_visits = visit(grace)
    answers = [grace_visits.post(f"/moderation/cases/{case.pk}/decide/", told) for _ in range(2)]
    decision = Decision.objects.get()
    assert [answer.url for answer in answers] == [f"/moderation/decisions/{decision.pk}/"] * 2  # type: ignore[attr-defined]
    assert grace_visits.get(f"/moderation/cases/{case.pk}/").url == f"/moderation/decisions/{decision.pk}/"  # type: ignore[attr-defined]


@pytest.mark.committed
def test_decided_by_somebody_else_meanwhile_it_says_so(prompt: Prompt, grace: User, alan: User) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now())
    told = {"action": "reject", "clause": "P2", "reason": REASON, "go": "next"}
    visit(grace).post(f"/moderation/cases/{case.pk}/decide/", told)
    page = visit(alan).post(f"/moderation/cases/{case.pk}/decide/", told | {"action": "approve"}, follow=True)
    assert "Somebody has already decided on this case" in text_of(page)
    assert page.redirect_chain == [(f"/moderation/decisions/{Decision.objects.get().pk}/", 302)]
    assert refusals() == ["already-decided"]


@pytest.mark.committed
def test_when_the_lease_has_ended_the_words_stay(prompt: Prompt, grace: User, alan: User) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now() - timedelta(minutes=20))
    told = {"action": "reject", "clause": "P2", "reason": REASON, "go": "next"}
    page = visit(grace).post(f"/moderation/cases/{case.pk}/decide/", told)
    assert page.status_code == 422
    assert "Take it again and send once more" in text_of(page)
    assert REASON in text_of(page)
    assert 'value="P2" selected' in page.content.decode()
    take_case(actor=alan.as_actor(), case_id=case.pk, now=timezone.now())
    again = visit(grace).post(f"/moderation/cases/{case.pk}/decide/", told)
    assert "Another moderator has this case now" in text_of(again)
    assert refusals() == ["lease-ended", "case-taken"]
    release_case(actor=alan.as_actor(), case_id=case.pk, now=timezone.now())
    # Taking it again, in whatever browser, brings the words back.
    visit(grace).post(f"/moderation/cases/{case.pk}/take/")
    assert REASON in text_of(visit(grace).get(f"/moderation/cases/{case.pk}/"))


def test_taking_and_extending_keep_what_stands_in_the_form(prompt: Prompt, grace: User) -> None:
    case = case_of(prompt)
    grace_visits = visit(grace)
    half = {"action": "reject", "clause": "P2", "reason": "Half a rea"}
    grace_visits.post(f"/moderation/cases/{case.pk}/take/", half)
    assert "Half a rea" in text_of(grace_visits.get(f"/moderation/cases/{case.pk}/"))
    grace_visits.post(f"/moderation/cases/{case.pk}/release/", half | {"reason": "Half a reason"})
    case.refresh_from_db()
    assert case.lease_holder is None
    assert Draft.objects.get().reason == "Half a reason"


def test_autosave_answers_with_the_clock(prompt: Prompt, grace: User) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now())
    answer = visit(grace).post(f"/moderation/cases/{case.pk}/draft/", {"action": "reject", "reason": "Half"})
    assert "draft kept" in text_of(answer)
    assert "left" in text_of(answer)
    assert "<html" not in answer.content.decode()


@pytest.mark.committed
@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"action": "reject", "clause": "P2", "reason": ""}, "Write the reason that the person concerned will read"),
        ({"action": "reject", "clause": "", "reason": "Because."}, "Choose the clause"),
        ({"action": "reject", "clause": "P77", "reason": "Because."}, "Choose the clause"),
        ({"action": "reject", "clause": "P2", "reason": "y" * 1_000_000}, "1,000,000 characters"),
        ({"action": "", "clause": "P2", "reason": "Because."}, "This field is required"),
        ({"action": "burn", "clause": "P2", "reason": "Because."}, "not one of the available choices"),
        ({"action": "overturn", "clause": "P2", "reason": "Because."}, "An appeal is upheld or overturned"),
        ({}, "This field is required"),
    ],
    ids=["no-reason", "no-clause", "odd-clause", "a-megabyte", "no-action", "odd-action", "wrong-kind", "nothing"],
)
def test_what_is_missing_is_said_and_nothing_is_lost(
    prompt: Prompt, grace: User, told: dict[str, str], complaint: str
) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now())
    page = visit(grace).post(f"/moderation/cases/{case.pk}/decide/", told)
    assert page.status_code == 422
    assert complaint in text_of(page)
    assert told.get("reason", "") in page.content.decode()
    prompt.refresh_from_db()
    assert prompt.state == PromptState.AWAITING_REVIEW


def test_the_preview_is_the_statement_that_will_be_sent(prompt: Prompt, grace: User) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now())
    told = {"action": "reject", "clause": "P2", "reason": REASON}
    page = visit(grace).post(f"/moderation/cases/{case.pk}/preview/", told)
    assert page.status_code == 200
    assert "What the person will read" in text_of(page)
    assert "Your prompt was not approved" in text_of(page)
    assert "names no private person" in text_of(page)
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    empty = visit(grace).post(f"/moderation/cases/{case.pk}/preview/", told | {"reason": ""})
    assert "Write the reason" in text_of(empty)
    assert refusals() == []


def test_markup_in_a_prompt_or_a_reason_is_text(ada: User, grace: User, at: datetime) -> None:
    evil = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    prompt = prompt_of(ada, f"My tax number is 111.444.777-35. {evil} What now?", now=at)
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=timezone.now())
    grace_visits = visit(grace)
    assert evil not in grace_visits.get(f"/moderation/cases/{case.pk}/").content.decode()
    told = {"action": "reject", "clause": "P2", "reason": f"{evil} is no question.", "go": "stay"}
    page = grace_visits.post(f"/moderation/cases/{case.pk}/decide/", told, follow=True)
    assert evil not in page.content.decode()
    assert "&lt;script&gt;" in page.content.decode()


@pytest.mark.committed
def test_a_case_about_oneself_is_not_shown(grace: User, at: datetime) -> None:
    also_contributes(grace)
    case = case_of(prompt_of(grace, now=at))
    grace_visits = visit(grace)
    told = {"action": "approve", "clause": "", "reason": "", "go": "next"}
    assert grace_visits.get(f"/moderation/cases/{case.pk}/").status_code == 403
    assert grace_visits.post(f"/moderation/cases/{case.pk}/decide/", told).status_code == 403
    assert grace_visits.post(f"/moderation/cases/{case.pk}/preview/", told).status_code == 403
    assert refusals() == ["about-yourself"] * 3
    assert f"/moderation/cases/{case.pk}/" not in grace_visits.get("/moderation/").content.decode()


def test_a_case_that_is_not_there_is_a_clear_no(grace: User) -> None:
    for path in ("take", "release", "draft", "decide", "preview"):
        told = {"action": "approve", "reason": "x"}
        assert visit(grace).post(f"/moderation/cases/987654/{path}/", told).status_code == 403


def test_a_finding_is_decided_on_its_counts(mallory: User, grace: User) -> None:
    case = take_case(actor=grace.as_actor(), case_id=case_about(finding_about(mallory)).pk, now=timezone.now())
    page = visit(grace).get(f"/moderation/cases/{case.pk}/")
    assert "29.4" in text_of(page)
    assert mallory.email not in page.content.decode()
    told = {"action": "exclude_votes", "clause": "I1", "reason": "No more often than a coin.", "go": "stay"}
    answer = visit(grace).post(f"/moderation/cases/{case.pk}/decide/", told, follow=True)
    assert "Your votes are left out of the boards" in text_of(answer)


def test_alan_hears_the_appeal(prompt: Prompt, ada: User, grace: User, alan: User) -> None:
    appeal = appealed(ada, rejected(grace, prompt), now=timezone.now())
    alan_visits = visit(alan)
    assert alan_visits.post("/moderation/next/").url == f"/moderation/cases/{appeal.case.pk}/"  # type: ignore[attr-defined]
    page = text_of(alan_visits.get(f"/moderation/cases/{appeal.case.pk}/"))
    assert "every textbook uses" in page
    assert REASON in page
    told = {"action": "overturn", "reason": "It is the number of the textbooks.", "go": "stay"}
    preview = alan_visits.post(f"/moderation/cases/{appeal.case.pk}/preview/", told)
    assert "your prompt is approved" in text_of(preview)
    answer = alan_visits.post(f"/moderation/cases/{appeal.case.pk}/decide/", told, follow=True)
    assert "Your appeal was heard: your prompt is approved" in text_of(answer)
    appeal.refresh_from_db()
    assert appeal.state == AppealState.OVERTURNED
