"""The pages of those concerned: statements of reasons, appeals, and the public figures."""

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.moderation.models import Action, Case
from apps.moderation.services import decide_appeal, take_case
from apps.prompts.models import Prompt
from tests.moderation.desk import (
    CLEAN,
    REASON,
    appealed,
    excluded,
    finding_about,
    prompt_of,
    rejected,
    swept,
)
from tests.moderation.visits import at_most, text_of, visit

pytestmark = pytest.mark.django_db


# --- What the person concerned reads ---


def test_ada_reads_her_statement_and_how_to_appeal(prompt: Prompt, ada: User, grace: User) -> None:
    decision = rejected(grace, prompt)
    page = visit(ada).get(f"/moderation/decisions/for-prompt/{prompt.pk}/", follow=True)
    told = text_of(page)
    assert page.redirect_chain == [(f"/moderation/decisions/{decision.pk}/", 302)]
    assert "Your prompt was not approved" in told
    assert REASON in told
    assert "A prompt names no private person" in told
    assert "A person decided. A program had pointed them to it." in told
    assert "You can appeal once, until" in told
    assert grace.display_name not in told
    assert grace.pseudonym not in told


def test_what_the_rule_did_says_that_no_person_did_it(ada: User, at: datetime) -> None:
    prompt = prompt_of(ada, CLEAN, now=at)
    assert visit(ada).get(f"/moderation/decisions/for-prompt/{prompt.pk}/").status_code == 404
    swept()
    page = visit(ada).get(f"/moderation/decisions/for-prompt/{prompt.pk}/", follow=True)
    assert "The rule decided by itself, without a person." in text_of(page)
    assert "You can appeal" not in text_of(page)


@pytest.mark.committed
def test_a_statement_is_the_concerned_persons_own(
    prompt: Prompt, ada: User, grace: User, alan: User, mallory: User, barbara: User
) -> None:
    decision = rejected(grace, prompt)
    for person in (mallory, barbara):
        for path in (
            f"decisions/{decision.pk}",
            f"decisions/for-prompt/{prompt.pk}",
            f"decisions/{decision.pk}/appeal",
        ):
            assert visit(person).get(f"/moderation/{path}/").status_code == 403
    assert visit(alan).get(f"/moderation/decisions/{decision.pk}/").status_code == 200
    assert visit(ada).get("/moderation/decisions/987654/").status_code == 403
    assert Client().get(f"/moderation/decisions/{decision.pk}/").status_code == 302


def test_a_statement_is_cheap(prompt: Prompt, ada: User, grace: User, alan: User) -> None:
    decision = rejected(grace, prompt)
    appeal = appealed(ada, decision, now=timezone.now())
    case = take_case(actor=alan.as_actor(), case_id=appeal.case.pk, now=timezone.now())
    decide_appeal(
        actor=alan.as_actor(), case=case, action=Action.UPHOLD, reason="It reads like a number.", now=timezone.now()
    )
    ada_visits = visit(ada)
    ada_visits.get(f"/moderation/decisions/{decision.pk}/")
    with at_most(11):
        page = ada_visits.get(f"/moderation/decisions/{decision.pk}/")
    assert "It reads like a number." in text_of(page)
    assert "the decision stands" in text_of(page)


def test_ada_appeals_by_the_form(prompt: Prompt, ada: User, grace: User) -> None:
    decision = rejected(grace, prompt, now=timezone.now())
    ada_visits = visit(ada)
    assert "What was overlooked" in text_of(ada_visits.get(f"/moderation/decisions/{decision.pk}/appeal/"))
    page = ada_visits.post(
        f"/moderation/decisions/{decision.pk}/appeal/", {"text": "The number is a textbook's."}, follow=True
    )
    assert "Your appeal is with somebody who did not make the decision" in text_of(page)
    assert "The number is a textbook" in text_of(page)
    twice = ada_visits.post(f"/moderation/decisions/{decision.pk}/appeal/", {"text": "Again."}, follow=True)
    assert "You have already appealed this decision" in text_of(twice)
    assert Case.objects.filter(kind="appeal").count() == 1


@pytest.mark.parametrize(("text", "complaint"), [("", "Write what you think"), ("x" * 5000, "5,000 characters")])
def test_an_appeal_that_cannot_be_read_stays_in_the_form(
    prompt: Prompt, ada: User, grace: User, text: str, complaint: str
) -> None:
    decision = rejected(grace, prompt, now=timezone.now())
    page = visit(ada).post(f"/moderation/decisions/{decision.pk}/appeal/", {"text": text})
    assert page.status_code == 422
    assert complaint in text_of(page)
    assert text in page.content.decode()


@pytest.mark.committed
def test_the_wrong_people_do_not_appeal(prompt: Prompt, ada: User, grace: User, alan: User, mallory: User) -> None:
    decision = rejected(grace, prompt, now=timezone.now())
    for person in (mallory, alan):
        answer = visit(person).post(f"/moderation/decisions/{decision.pk}/appeal/", {"text": "It is fine."})
        assert answer.status_code == 403
    assert "cannot be appealed" in text_of(visit(alan).get(f"/moderation/decisions/{decision.pk}/appeal/"))


# --- The public figures ---


def test_the_figures_are_public_and_name_nobody(
    prompt: Prompt, ada: User, mallory: User, grace: User, alan: User, at: datetime
) -> None:
    decision = rejected(grace, prompt, now=at)
    appeal = appealed(ada, decision, now=at)
    case = take_case(actor=alan.as_actor(), case_id=appeal.case.pk, now=at)
    decide_appeal(actor=alan.as_actor(), case=case, action=Action.OVERTURN, reason="A textbook's number.", now=at)
    excluded(grace, finding_about(mallory), now=at)
    page = Client().get("/moderation/statistics/")
    told = text_of(page)
    assert page.status_code == 200
    assert "The one appeal that was heard was right" in told
    assert "P2 · No personal data" in told
    assert "1 overturned, 0 upheld, 0 open" in told
    for person in (ada, mallory, grace, alan):
        assert person.pseudonym not in told
    for days in ("30", "365", "nonsense", "-1", "99999999999"):
        assert Client().get(f"/moderation/statistics/?days={days}").status_code == 200


def test_an_empty_platform_has_figures_too(db: None) -> None:
    told = text_of(Client().get("/moderation/statistics/"))
    assert "No appeal has been heard in this time" in told
    with at_most(9):
        Client().get("/moderation/statistics/")
