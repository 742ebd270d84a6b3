"""Ada appeals; Alan, who did not decide, looks again; what was wrong is undone at once."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import InboxMessage, User
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.models import Entry
from apps.battles.models import Vote
from apps.contributors.models import Standing
from apps.integrity.models import Exclusion, FindingState
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Action, Appeal, AppealState, Case, CaseKind, Decision, DecisionSource
from apps.moderation.services import (
    AlreadyAppealed,
    AlreadyDecided,
    AppealSaysNothing,
    AppealTooLong,
    LeaseEnded,
    NoSuchDecision,
    NotAppealable,
    ReasonMissing,
    SameDecider,
    TooLateToAppeal,
    UnknownAction,
    appealable_until,
    decide_appeal,
    decide_prompt,
    make_appeal,
    take_case,
)
from apps.prompts.models import Prompt, PromptState
from apps.prompts.services import withdraw_prompt
from tests.conftest import NOON
from tests.integrity.electorate import as_contributor
from tests.moderation.desk import SOON, appealed, case_of, excluded, finding_about, prompt_of, rejected, swept
from tests.trails import facts_about, trail_of

LATER = NOON + timedelta(days=3)

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt(ada: User) -> Prompt:
    """Ada's prompt that screening handed to a person."""
    return prompt_of(ada)


@pytest.fixture
def rejection(prompt: Prompt, grace: User) -> Decision:
    """Grace's decision against it."""
    return rejected(grace, prompt)


def heard(moderator: User, appeal: Appeal, action: Action, *, reason: str = "The number is a textbook's.") -> Decision:
    case = take_case(actor=moderator.as_actor(), case_id=appeal.case.pk, now=LATER)
    return decide_appeal(actor=moderator.as_actor(), case=case, action=action, reason=reason, now=LATER)


def test_ada_appeals_and_a_case_is_open_at_once(rejection: Decision, ada: User) -> None:
    appeal = appealed(ada, rejection)
    case = appeal.case
    assert (appeal.state, appeal.appellant) == (AppealState.OPEN, ada)
    assert (case.kind, case.priority, case.language) == (CaseKind.APPEAL, 1, "en")
    assert case.due_at == appeal.made_at + timedelta(hours=120)
    assert trail_of(appeal) == [ModerationEvent.APPEALED]
    assert len(facts_about(appeal)["words"]) == 64
    assert not any(b"textbook" in bytes(entry.body) for entry in Entry.objects.all())


def test_alan_overturns_and_the_prompt_is_approved(rejection: Decision, prompt: Prompt, ada: User, alan: User) -> None:
    appeal = appealed(ada, rejection)
    decision = heard(alan, appeal, Action.OVERTURN)
    prompt.refresh_from_db()
    appeal.refresh_from_db()
    assert prompt.state == PromptState.APPROVED
    assert (appeal.state, appeal.closed_at) == (AppealState.OVERTURNED, LATER)
    assert (decision.supersedes, decision.prompt, decision.clause) == (rejection, prompt, "P2")
    assert list(Decision.objects.standing()) == [decision]
    assert InboxMessage.objects.filter(recipient=ada).latest("pk").subject == (
        "Your appeal was heard: the decision was overturned"
    )
    # The first decision stays as it was made; undoing is a new one.
    rejection.refresh_from_db()
    assert rejection.action == Action.REJECT


def test_alan_upholds_and_says_why(rejection: Decision, prompt: Prompt, ada: User, alan: User) -> None:
    appeal = appealed(ada, rejection)
    decision = heard(alan, appeal, Action.UPHOLD, reason="It reads as a real number to everybody else.")
    prompt.refresh_from_db()
    appeal.refresh_from_db()
    assert (prompt.state, appeal.state) == (PromptState.REJECTED, AppealState.UPHELD)
    assert decision.supersedes == rejection
    assert "reads as a real number" in InboxMessage.objects.filter(recipient=ada).latest("pk").body


def test_overturning_an_exclusion_gives_the_votes_back(mallory: User, grace: User, alan: User) -> None:
    finding = finding_about(mallory)
    appeal = appealed(mallory, excluded(grace, finding))
    assert Vote.objects.of(as_contributor(mallory)).counted().count() == 0
    decision = heard(alan, appeal, Action.OVERTURN, reason="These votes follow the questions of one domain.")
    finding.refresh_from_db()
    assert Vote.objects.excluded().count() == 0
    assert finding.state == FindingState.DISMISSED
    assert Exclusion.objects.get().restored_at == LATER
    assert (decision.finding, decision.clause) == (finding, "I1")


def test_the_one_who_decided_does_not_hear_the_appeal(rejection: Decision, ada: User, grace: User) -> None:
    appeal = appealed(ada, rejection)
    Case.objects.filter(pk=appeal.case.pk).update(lease_holder=grace, lease_until=LATER + timedelta(hours=1))
    with pytest.raises(SameDecider) as refused:
        decide_appeal(actor=grace.as_actor(), case=appeal.case, action=Action.UPHOLD, reason="It stands.", now=LATER)
    assert refused.value.clause == "M2"


def test_the_database_keeps_the_promise_of_another_person(
    rejection: Decision, prompt: Prompt, ada: User, grace: User, alan: User
) -> None:
    appeal = appealed(ada, rejection)
    told = {
        "case": appeal.case,
        "prompt": prompt,
        "action": Action.UPHOLD,
        "source": DecisionSource.PERSON,
        "policy_version": 1,
        "clause": "P2",
        "reason": "It stands.",
        "supersedes": rejection,
        "decided_at": LATER,
        "effective_at": LATER,
    }
    with pytest.raises(IntegrityError, match="somebody else"), transaction.atomic():
        Decision.objects.create(**told, decided_by=grace)
    with pytest.raises(IntegrityError, match="only an appeal"), transaction.atomic():
        Decision.objects.create(**(told | {"case": rejection.case}), decided_by=alan)
    with pytest.raises(IntegrityError, match="only an appeal"), transaction.atomic():
        Decision.objects.create(**(told | {"supersedes": None}), decided_by=alan)
    Decision.objects.create(**told, decided_by=alan)


def test_ada_is_no_moderator_of_her_own_appeal(rejection: Decision, ada: User, mallory: User) -> None:
    appeal = appealed(ada, rejection)
    for person in (ada, mallory):
        with pytest.raises(NotPermitted):
            decide_appeal(
                actor=person.as_actor(), case=appeal.case, action=Action.OVERTURN, reason="It is mine.", now=LATER
            )


def test_mallory_does_not_appeal_for_ada_and_learns_nothing(rejection: Decision, mallory: User, grace: User) -> None:
    told = []
    for person, decision_id in ((mallory, rejection.pk), (grace, rejection.pk), (mallory, 10**12)):
        with pytest.raises(NoSuchDecision) as refused:
            make_appeal(actor=person.as_actor(), decision_id=decision_id, text="It is fine.", now=LATER)
        told.append(str(refused.value))
    assert len(set(told)) == 1
    assert not Appeal.objects.exists()


def test_a_decision_is_appealed_once(rejection: Decision, ada: User) -> None:
    appealed(ada, rejection)
    with pytest.raises(AlreadyAppealed):
        appealed(ada, rejection)
    assert Case.objects.filter(kind=CaseKind.APPEAL).count() == 1


@pytest.mark.committed
def test_two_clicks_at_once_make_one_appeal(ada: User, grace: User) -> None:
    decision = rejected(grace, prompt_of(ada))
    outcomes: list[str] = []
    start, lock = threading.Barrier(2), threading.Lock()

    def click() -> None:
        start.wait()
        try:
            appealed(ada, decision)
            outcome = "made"
        except Refused as refused:
            outcome = refused.code
        with lock:
            outcomes.append(outcome)
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already-appealed", "made"]
    assert Case.objects.filter(kind=CaseKind.APPEAL).count() == 1


def test_there_are_184_days_and_not_one_more(rejection: Decision, ada: User) -> None:
    until = appealable_until(rejection)
    assert until == rejection.decided_at + timedelta(days=184)
    with pytest.raises(TooLateToAppeal):
        appealed(ada, rejection, now=until + timedelta(seconds=1))
    assert appealed(ada, rejection, now=until).state == AppealState.OPEN


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", AppealSaysNothing),
        (" \n ", AppealSaysNothing),
        ("?!", AppealSaysNothing),
        ("\0", AppealSaysNothing),
        ("x" * 4001, AppealTooLong),
        ("x" * 1_000_000, AppealTooLong),
    ],
)
def test_an_appeal_of_nothing_or_of_a_novel_is_refused(
    rejection: Decision, ada: User, text: str, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        make_appeal(actor=ada.as_actor(), decision_id=rejection.pk, text=text, now=LATER)
    assert not Appeal.objects.exists()


def test_only_what_is_against_somebody_is_appealed(ada: User, grace: User, alan: User, rejection: Decision) -> None:
    appeal = appealed(ada, rejection)
    last_word = heard(alan, appeal, Action.UPHOLD)
    with pytest.raises(NotAppealable):
        make_appeal(actor=ada.as_actor(), decision_id=last_word.pk, text="And again.", now=LATER)
    other = prompt_of(ada, "My tax number is 111.444.777-35. What could I do about the frost in the orchard?")
    case = take_case(actor=grace.as_actor(), case_id=case_of(other).pk, now=SOON)
    approval = decide_prompt(actor=grace.as_actor(), case=case, action=Action.APPROVE, clause="P1", reason="", now=SOON)
    with pytest.raises(NotAppealable):
        make_appeal(actor=ada.as_actor(), decision_id=approval.pk, text="I would rather not.", now=LATER)


def test_somebody_who_left_can_still_appeal(rejection: Decision, ada: User) -> None:
    contributor = as_contributor(ada)
    contributor.standing = Standing.LEFT
    contributor.save(update_fields=["standing"])
    assert appealed(ada, rejection).state == AppealState.OPEN


def test_a_prompt_taken_back_meanwhile_stays_out_of_the_pool(
    rejection: Decision, prompt: Prompt, ada: User, alan: User
) -> None:
    appeal = appealed(ada, rejection)
    withdraw_prompt(actor=ada.as_actor(), prompt=prompt, clause=None, now=LATER)
    heard(alan, appeal, Action.OVERTURN)
    prompt.refresh_from_db()
    appeal.refresh_from_db()
    assert (prompt.state, appeal.state) == (PromptState.WITHDRAWN, AppealState.OVERTURNED)


def test_hearing_needs_the_case_a_reason_and_one_of_two_words(rejection: Decision, ada: User, alan: User) -> None:
    appeal = appealed(ada, rejection)
    with pytest.raises(LeaseEnded):
        decide_appeal(actor=alan.as_actor(), case=appeal.case, action=Action.UPHOLD, reason="It stands.", now=LATER)
    for action in (Action.UPHOLD, Action.OVERTURN):
        with pytest.raises(ReasonMissing):
            heard(alan, appeal, action, reason=" ")
    with pytest.raises(UnknownAction):
        heard(alan, appeal, Action.REJECT)
    with pytest.raises(UnknownAction):
        decide_appeal(actor=alan.as_actor(), case=rejection.case, action=Action.UPHOLD, reason="x", now=LATER)  # type: ignore[arg-type]


def test_heard_twice_by_the_same_person_is_one_decision(rejection: Decision, ada: User, alan: User) -> None:
    appeal = appealed(ada, rejection)
    decision = heard(alan, appeal, Action.UPHOLD)
    again = partial(
        decide_appeal, actor=alan.as_actor(), case=appeal.case, reason="The number is a textbook's.", now=LATER
    )
    assert again(action=Action.UPHOLD) == decision
    with pytest.raises(AlreadyDecided):
        again(action=Action.OVERTURN)


def test_what_alan_overturned_is_not_decided_by_the_rule_again(rejection: Decision, ada: User, alan: User) -> None:
    heard(alan, appealed(ada, rejection), Action.OVERTURN)
    assert swept(now=LATER).rule_decisions == 0
    assert not Case.objects.open().exists()


def test_an_undoing_that_fails_undoes_nothing(
    rejection: Decision, prompt: Prompt, ada: User, alan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    appeal = appealed(ada, rejection)

    def fails(**told: object) -> None:
        raise RuntimeError("the inbox is gone")

    monkeypatch.setattr("apps.moderation.services.decision_rows.notify", fails)
    with pytest.raises(RuntimeError):
        heard(alan, appeal, Action.OVERTURN)
    prompt.refresh_from_db()
    appeal.refresh_from_db()
    assert (prompt.state, appeal.state) == (PromptState.REJECTED, AppealState.OPEN)
    assert Decision.objects.count() == 1
