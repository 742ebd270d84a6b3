"""Decisions on prompts: who makes them, on what, and how they can be undone."""

import pytest

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.accounts.services import grant_role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.policy.queries import clause
from apps.prompts.events import PromptEvent
from apps.prompts.models import PromptState
from apps.prompts.services import (
    AlreadyApproved,
    AlreadyRejected,
    AlreadyWithdrawn,
    NotScreened,
    approve_prompt,
    reject_prompt,
    withdraw_prompt,
)
from tests.conftest import NOON
from tests.prompts.writing import WITH_ADDRESS, screened, written
from tests.trails import facts_about, trail_of


def test_grace_approves_a_flagged_prompt(ada: User, grace: User) -> None:
    prompt = approve_prompt(actor=grace.as_actor(), prompt=screened(ada, WITH_ADDRESS), clause=clause("P1"), now=NOON)
    assert (prompt.state, prompt.decided_clause, prompt.decided_at) == (PromptState.APPROVED, "P1", NOON)
    assert trail_of(prompt)[-1] == PromptEvent.APPROVED
    assert facts_about(prompt) == {"by": "person", "was": "awaiting_review"}


def test_grace_rejects_it_under_a_clause(ada: User, grace: User) -> None:
    prompt = reject_prompt(actor=grace.as_actor(), prompt=screened(ada, WITH_ADDRESS), clause=clause("P2"), now=NOON)
    assert (prompt.state, prompt.decided_clause) == (PromptState.REJECTED, "P2")
    assert trail_of(prompt)[-1] == PromptEvent.REJECTED


def test_a_rejection_can_be_overturned_and_an_approval_too(ada: User, grace: User, alan: User) -> None:
    prompt = screened(ada)
    prompt = reject_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P5"), now=NOON)
    prompt = approve_prompt(actor=alan.as_actor(), prompt=prompt, clause=clause("M1"), now=NOON)
    assert prompt.state == PromptState.APPROVED


def test_nothing_is_decided_twice(ada: User, grace: User) -> None:
    prompt = screened(ada)
    with pytest.raises(AlreadyApproved):
        approve_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P1"), now=NOON)
    reject_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P5"), now=NOON)
    with pytest.raises(AlreadyRejected):
        reject_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P5"), now=NOON)


def test_nothing_is_decided_before_screening(ada: User, grace: User) -> None:
    prompt = written(ada)
    for decide in (approve_prompt, reject_prompt):
        with pytest.raises(NotScreened):
            decide(actor=grace.as_actor(), prompt=prompt, clause=clause("P1"), now=NOON)


def test_only_those_who_decide_decide(ada: User, mallory: User, radia: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    for person in (ada, mallory, radia):
        for decide in (approve_prompt, reject_prompt):
            with pytest.raises(NotPermitted):
                decide(actor=person.as_actor(), prompt=prompt, clause=clause("P1"), now=NOON)


def test_a_moderator_does_not_decide_on_their_own_prompt(ada: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    grant_role(actor=Actor.system("tests"), user=ada, role=Role.MODERATOR, now=NOON)
    with pytest.raises(NotPermitted):
        approve_prompt(actor=ada.as_actor(), prompt=prompt, clause=clause("P1"), now=NOON)


@pytest.mark.parametrize("text", [WITH_ADDRESS, "Explique a maré a quem nunca viu o mar, por favor."])
def test_ada_withdraws_her_own_prompt(ada: User, text: str) -> None:
    prompt = withdraw_prompt(actor=ada.as_actor(), prompt=screened(ada, text), clause=None, now=NOON)
    assert prompt.state == PromptState.WITHDRAWN
    assert prompt.cluster is not None
    assert facts_about(prompt)["by_author"] is True


def test_ada_withdraws_before_anybody_has_read_it(ada: User) -> None:
    prompt = withdraw_prompt(actor=ada.as_actor(), prompt=written(ada), clause=None, now=NOON)
    assert (prompt.state, prompt.screened_at) == (PromptState.WITHDRAWN, None)


def test_withdrawn_is_for_good(ada: User, grace: User) -> None:
    prompt = withdraw_prompt(actor=ada.as_actor(), prompt=screened(ada), clause=None, now=NOON)
    with pytest.raises(AlreadyWithdrawn):
        withdraw_prompt(actor=ada.as_actor(), prompt=prompt, clause=None, now=NOON)
    for decide in (approve_prompt, reject_prompt):
        with pytest.raises(AlreadyWithdrawn):
            decide(actor=grace.as_actor(), prompt=prompt, clause=clause("P1"), now=NOON)


def test_a_moderator_withdraws_under_a_clause_only(ada: User, grace: User) -> None:
    prompt = screened(ada)
    with pytest.raises(NotPermitted):
        withdraw_prompt(actor=grace.as_actor(), prompt=prompt, clause=None, now=NOON)
    assert withdraw_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P2"), now=NOON).decided_clause == "P2"


def test_mallory_withdraws_nobody_else_s(ada: User, mallory: User) -> None:
    with pytest.raises(NotPermitted):
        withdraw_prompt(actor=mallory.as_actor(), prompt=screened(ada), clause=clause("P2"), now=NOON)
