"""A case is lent for a while: to one moderator at a time, and what they wrote outlives the loan."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.moderation.events import ModerationEvent
from apps.moderation.flows import take_next_or_sweep
from apps.moderation.models import Action, Case, CaseKind, Draft
from apps.moderation.services import (
    AboutYourself,
    AlreadyDecided,
    CaseTaken,
    LeaseEnded,
    NoSuchCase,
    SameDecider,
    decide_prompt,
    extend_lease,
    release_case,
    save_draft,
    take_case,
    take_next,
)
from tests.conftest import NOON
from tests.moderation.desk import (
    CLEAN,
    FLAGGED,
    REASON,
    also_contributes,
    appealed,
    case_of,
    finding_about,
    prompt_of,
    rejected,
    swept,
)
from tests.trails import trail_of

QUARTER = timedelta(minutes=15)
LATER = NOON + timedelta(minutes=16)

pytestmark = pytest.mark.django_db


def test_the_most_urgent_case_is_lent_first(ada: User, mallory: User, grace: User) -> None:
    afterwards, flagged, finding = prompt_of(ada, CLEAN), prompt_of(ada), finding_about(mallory)
    swept()
    order = []
    for _ in range(3):
        case = take_next(actor=grace.as_actor(), now=NOON)
        assert case is not None
        order.append(case.prompt or case.finding)
        Case.objects.filter(pk=case.pk).update(lease_holder=None, lease_until=None, priority=3, due_at=NOON + QUARTER)
    # Personal data is due before the finding; what is read afterwards comes last.
    assert order[:2] == [flagged, finding]
    assert afterwards not in order[:2]


def test_a_case_is_hers_for_a_quarter_of_an_hour_and_comes_back_to_her_meanwhile(ada: User, grace: User) -> None:
    case_of(prompt_of(ada))
    case = take_next(actor=grace.as_actor(), now=NOON)
    assert case is not None
    assert (case.lease_holder, case.lease_until) == (grace, NOON + QUARTER)
    assert take_next(actor=grace.as_actor(), now=NOON + timedelta(minutes=5)) == case
    assert trail_of(case) == [ModerationEvent.CASE_OPENED, ModerationEvent.TAKEN]


def test_what_one_has_the_other_does_not_get(ada: User, grace: User, alan: User) -> None:
    case = case_of(prompt_of(ada))
    assert take_next(actor=grace.as_actor(), now=NOON) == case
    assert take_next(actor=alan.as_actor(), now=NOON) is None
    with pytest.raises(CaseTaken):
        take_case(actor=alan.as_actor(), case_id=case.pk, now=NOON)
    assert take_next(actor=alan.as_actor(), now=LATER) == case


@pytest.mark.committed
def test_two_who_ask_at_once_get_two_cases(ada: User, grace: User, alan: User) -> None:
    for number in range(2):
        prompt_of(ada, f"{FLAGGED} It is garden {number}.")
    swept()
    got: dict[str, int | None] = {}
    with transaction.atomic():
        mine = take_next(actor=grace.as_actor(), now=NOON)

        def ask() -> None:
            # Grace's transaction is open and holds her row: it is passed over, not waited for.
            case = take_next(actor=alan.as_actor(), now=NOON)
            got["alan"] = case.pk if case else None
            connection.close()

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(timeout=20)
        assert not thread.is_alive(), "the second moderator waits for the first"
    assert mine is not None
    assert got["alan"] not in {None, mine.pk}


@pytest.mark.committed
def test_many_at_once_never_get_the_same(ada: User, person: object, grace: User, alan: User) -> None:
    for number in range(6):
        prompt_of(ada, f"{FLAGGED} It is garden {number}.")
    swept()
    start, got, lock = threading.Barrier(6), [], threading.Lock()
    actors = [grace.as_actor(), alan.as_actor()] * 3

    def ask(number: int) -> None:
        start.wait()
        case = take_next(actor=actors[number], now=NOON)
        with lock:
            got.append((actors[number].account_id, case.pk if case else None))
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    by_case: dict[int | None, set[int | None]] = {}
    for account, case_id in got:
        by_case.setdefault(case_id, set()).add(account)
    assert all(len(accounts) == 1 for case_id, accounts in by_case.items() if case_id is not None)


def test_an_empty_queue_sweeps_before_it_says_empty(ada: User, grace: User) -> None:
    prompt = prompt_of(ada)
    assert take_next(actor=grace.as_actor(), now=NOON) is None
    case = take_next_or_sweep(actor=grace.as_actor(), now=NOON)
    assert case is not None
    assert case.prompt == prompt
    assert trail_of(case)[-1] == ModerationEvent.TAKEN


def test_an_empty_queue_is_empty(grace: User) -> None:
    assert take_next_or_sweep(actor=grace.as_actor(), now=NOON) is None


def test_extending_gives_the_whole_time_again(ada: User, grace: User) -> None:
    case = case_of(prompt_of(ada))
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    later = NOON + timedelta(minutes=14)
    assert extend_lease(actor=grace.as_actor(), case_id=case.pk, now=later).lease_until == later + QUARTER
    # An extension is a heartbeat and leaves no entry.
    assert trail_of(case).count(ModerationEvent.TAKEN) == 1


def test_a_lease_that_ended_is_not_extended(ada: User, grace: User, alan: User) -> None:
    case = case_of(prompt_of(ada))
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    with pytest.raises(LeaseEnded):
        extend_lease(actor=grace.as_actor(), case_id=case.pk, now=LATER)
    take_case(actor=alan.as_actor(), case_id=case.pk, now=LATER)
    with pytest.raises(CaseTaken):
        extend_lease(actor=grace.as_actor(), case_id=case.pk, now=LATER)


def test_a_case_given_back_is_free_at_once(ada: User, grace: User, alan: User) -> None:
    case = case_of(prompt_of(ada))
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    release_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    assert take_next(actor=alan.as_actor(), now=NOON) == case
    assert trail_of(case)[-2:] == [ModerationEvent.RELEASED, ModerationEvent.TAKEN]
    with pytest.raises(CaseTaken):
        release_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)


def test_writing_keeps_the_case_and_the_words(ada: User, grace: User) -> None:
    case = case_of(prompt_of(ada))
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    later = NOON + timedelta(minutes=10)
    save_draft(actor=grace.as_actor(), case_id=case.pk, action="reject", clause="P2", reason="Half a", now=later)
    save_draft(actor=grace.as_actor(), case_id=case.pk, action="reject", clause="P2", reason="Half a reason", now=later)
    case.refresh_from_db()
    assert case.lease_until == later + QUARTER
    assert Draft.objects.get().reason == "Half a reason"


def test_a_lost_lease_loses_nothing(ada: User, grace: User, alan: User) -> None:
    case = case_of(prompt_of(ada))
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    take_case(actor=alan.as_actor(), case_id=case.pk, now=LATER)
    save_draft(actor=grace.as_actor(), case_id=case.pk, action="reject", clause="P2", reason=REASON, now=LATER)
    save_draft(actor=alan.as_actor(), case_id=case.pk, action="approve", clause="P1", reason="Fine.", now=LATER)
    assert {draft.moderator: draft.reason for draft in Draft.objects.all()} == {grace: REASON, alan: "Fine."}
    case.refresh_from_db()
    # Grace's typing does not take the case from Alan, nor give it to her.
    assert (case.lease_holder, case.lease_until) == (alan, LATER + QUARTER)


def test_a_draft_of_a_megabyte_is_cut_and_one_with_a_null_byte_is_stored(ada: User, grace: User) -> None:
    case = case_of(prompt_of(ada))
    draft = save_draft(
        actor=grace.as_actor(), case_id=case.pk, action="reject", clause="P2", reason="\0" + "x" * 1_000_000, now=NOON
    )
    assert len(draft.reason) == 20_000
    assert "\0" not in draft.reason


def test_drafts_go_when_the_case_is_decided(ada: User, grace: User, alan: User) -> None:
    prompt = prompt_of(ada)
    case = case_of(prompt)
    save_draft(actor=alan.as_actor(), case_id=case.pk, action="", clause="", reason="Perhaps", now=NOON)
    rejected(grace, prompt)
    swept()
    assert not Draft.objects.exists()


def test_nobody_is_lent_a_case_about_themselves(grace: User, alan: User) -> None:
    also_contributes(grace)
    case = case_of(prompt_of(grace))
    assert take_next(actor=grace.as_actor(), now=NOON) is None
    with pytest.raises(AboutYourself):
        take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    with pytest.raises(AboutYourself):
        save_draft(actor=grace.as_actor(), case_id=case.pk, action="approve", clause="P1", reason="", now=NOON)
    assert take_next(actor=alan.as_actor(), now=NOON) == case


def test_nobody_is_lent_an_appeal_against_their_own_decision(ada: User, grace: User, alan: User) -> None:
    appeal = appealed(ada, rejected(grace, prompt_of(ada)))
    later = NOON + timedelta(days=3)
    assert take_next(actor=grace.as_actor(), now=later) is None
    with pytest.raises(SameDecider):
        take_case(actor=grace.as_actor(), case_id=appeal.case.pk, now=later)
    case = take_next(actor=alan.as_actor(), now=later)
    assert case is not None
    assert case.kind == CaseKind.APPEAL


def test_only_moderators_work_on_cases(ada: User, mallory: User, barbara: User) -> None:
    case = case_of(prompt_of(ada))
    for person in (ada, mallory, barbara):
        with pytest.raises(NotPermitted):
            take_next(actor=person.as_actor(), now=NOON)
        with pytest.raises(NotPermitted):
            take_case(actor=person.as_actor(), case_id=case.pk, now=NOON)
        with pytest.raises(NotPermitted):
            save_draft(actor=person.as_actor(), case_id=case.pk, action="", clause="", reason="x", now=NOON)


def test_a_case_that_is_not_there_or_not_open_is_not_lent(ada: User, grace: User, alan: User) -> None:
    with pytest.raises(NoSuchCase):
        take_case(actor=grace.as_actor(), case_id=10**15, now=NOON)
    prompt = prompt_of(ada)
    case = take_case(actor=grace.as_actor(), case_id=case_of(prompt).pk, now=NOON)
    decision = decide_prompt(actor=grace.as_actor(), case=case, action=Action.APPROVE, clause="P1", reason="", now=NOON)
    with pytest.raises(AlreadyDecided) as told:
        take_case(actor=alan.as_actor(), case_id=case.pk, now=NOON)
    assert told.value.decision_id == decision.pk


def test_the_database_lends_no_case_that_is_decided(ada: User, grace: User) -> None:
    prompt = prompt_of(ada)
    case = case_of(prompt)
    rejected(grace, prompt)
    with pytest.raises(IntegrityError, match="only_open_cases_are_lent"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(lease_until=LATER)
