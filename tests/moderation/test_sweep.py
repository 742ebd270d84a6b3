"""The sweep: whatever waits for a person becomes a case, once, and what the rule decided is written down."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.integrity.services import dismiss_finding
from apps.moderation import flows, tasks
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Action, Case, CaseKind, CaseState, Decision, DecisionSource, PriorityReason
from apps.moderation.services import (
    NothingWaits,
    close_moot_case,
    open_finding_case,
    open_prompt_case,
    record_rule_decision,
)
from apps.prompts.services import withdraw_prompt
from tests.conftest import NOON
from tests.moderation.desk import CLEAN, FLAGGED, SWEEPER, case_of, finding_about, prompt_of, rejected, swept
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.django_db


def test_a_flagged_prompt_becomes_a_case_that_is_due_a_day_after_screening(ada: User) -> None:
    prompt = prompt_of(ada)
    swept(now=NOON + timedelta(hours=3))
    case = Case.objects.get()
    assert (case.kind, case.prompt, case.language) == (CaseKind.PROMPT, prompt, "en")
    assert (case.priority, case.priority_reason) == (1, PriorityReason.PERSONAL_DATA)
    # The author has waited since noon, whenever the sweep came by.
    assert case.due_at == NOON + timedelta(hours=24)
    assert trail_of(case) == [ModerationEvent.CASE_OPENED]
    assert facts_about(case)["on"] == prompt.ref


def test_a_finding_becomes_a_case(mallory: User) -> None:
    finding = finding_about(mallory)
    assert swept().findings == 1
    case = Case.objects.get()
    assert (case.kind, case.finding, case.priority) == (CaseKind.FINDING, finding, 1)
    assert case.due_at == NOON + timedelta(hours=72)


def test_nothing_is_opened_twice(ada: User, mallory: User) -> None:
    prompt_of(ada)
    prompt_of(ada, CLEAN)
    finding_about(mallory)
    first = swept()
    assert (first.prompts, first.findings, first.rule_decisions) == (1, 1, 1)
    before = Case.objects.count(), Decision.objects.count()
    second = swept()
    assert (second.prompts, second.findings, second.rule_decisions, second.moot) == (0, 0, 0, 0)
    assert (Case.objects.count(), Decision.objects.count()) == before


def test_what_the_rule_approved_is_a_decision_of_the_moment_of_approval(ada: User) -> None:
    prompt = prompt_of(ada, CLEAN)
    swept(now=NOON + timedelta(hours=1))
    decision = Decision.objects.get(prompt=prompt)
    assert (decision.source, decision.action, decision.clause) == (DecisionSource.RULE, Action.APPROVE, "P1")
    assert (decision.decided_at, decision.policy_version, decision.decided_by) == (NOON, 1, None)
    assert trail_of(decision) == [ModerationEvent.DECIDED]


def test_a_newcomers_first_five_are_read_afterwards_and_then_one_in_twenty(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def only_the_seventh(prompt_id: int, *, key: bytes, share: float) -> bool:
        assert (share, len(key) > 10) == (0.05, True)
        drawn.append(prompt_id)
        return prompt_id == prompts[6].pk

    monkeypatch.setattr("apps.moderation.services.opening.is_drawn", only_the_seventh)
    prompts = [prompt_of(ada, f"{CLEAN} Tell me about tree number {number}.") for number in range(8)]
    swept()
    read = {case.prompt_id: case for case in Case.objects.all()}
    assert set(read) == {prompt.pk for prompt in [*prompts[:5], prompts[6]]}
    assert drawn == [prompt.pk for prompt in prompts[5:]]
    assert {case.priority for case in read.values()} == {3}
    assert read[prompts[0].pk].priority_reason == PriorityReason.NEWCOMER
    assert read[prompts[6].pk].priority_reason == PriorityReason.SAMPLE
    assert read[prompts[0].pk].due_at == NOON + timedelta(hours=168)


def test_another_contributors_prompts_do_not_make_ada_an_old_hand(ada: User, mallory: User) -> None:
    for number in range(6):
        prompt_of(mallory, f"{CLEAN} And what of garden {number}?")
    prompt = prompt_of(ada, CLEAN.replace("mango", "lemon"))
    swept()
    assert Case.objects.get(prompt=prompt).priority_reason == PriorityReason.NEWCOMER


def test_a_case_whose_prompt_was_taken_back_is_closed_without_a_decision(ada: User) -> None:
    prompt = prompt_of(ada)
    case = case_of(prompt)
    withdraw_prompt(actor=ada.as_actor(), prompt=prompt, clause=None, now=NOON)
    assert swept(now=NOON + timedelta(minutes=1)).moot == 1
    case.refresh_from_db()
    assert (case.state, case.decided_at) == (CaseState.MOOT, NOON + timedelta(minutes=1))
    assert trail_of(case) == [ModerationEvent.CASE_OPENED, ModerationEvent.CASE_MOOT]
    assert not Decision.objects.exists()


def test_what_a_person_decided_is_no_rules_doing(ada: User, grace: User) -> None:
    rejected(grace, prompt_of(ada))
    assert swept().rule_decisions == 0
    assert Decision.objects.get().source == DecisionSource.PERSON


def test_services_of_the_sweep_find_what_waits_no_more(ada: User, mallory: User, grace: User) -> None:
    clean, flagged, finding = prompt_of(ada, CLEAN), prompt_of(ada), finding_about(mallory)
    case = case_of(flagged)
    dismiss_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=NOON)
    for act in (
        lambda: open_prompt_case(actor=SWEEPER, prompt_id=clean.pk, now=NOON),
        lambda: open_finding_case(actor=SWEEPER, finding_id=finding.pk, now=NOON),
        lambda: record_rule_decision(actor=SWEEPER, prompt_id=flagged.pk, now=NOON),
        lambda: close_moot_case(actor=SWEEPER, case_id=case.pk, now=NOON),
    ):
        with pytest.raises(NothingWaits):
            act()


def test_people_open_no_cases(ada: User, grace: User) -> None:
    prompt = prompt_of(ada)
    for person in (ada, grace):
        with pytest.raises(NotPermitted):
            open_prompt_case(actor=person.as_actor(), prompt_id=prompt.pk, now=NOON)
    assert not Case.objects.exists()


def test_one_that_fails_does_not_hold_up_the_others(
    ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = prompt_of(ada), prompt_of(ada, FLAGGED.replace("Mondays", "Fridays"))
    open_one = open_prompt_case

    def fails_on_the_first(**named: object) -> object:
        if named["prompt_id"] == broken.pk:
            raise RuntimeError("no luck")
        return open_one(**named)  # type: ignore[arg-type]

    monkeypatch.setattr(flows, "open_prompt_case", fails_on_the_first)
    assert swept().prompts == 1
    assert Case.objects.get().prompt == whole
    assert f"id {broken.pk}" in caplog.text
    assert "111.444" not in caplog.text
    monkeypatch.undo()
    assert swept().prompts == 1


def test_beat_wakes_it(ada: User) -> None:
    prompt_of(ada)
    tasks.sweep_waiting()
    tasks.sweep_waiting()
    assert Case.objects.count() == 1


@pytest.mark.committed
def test_two_sweeps_at_once_open_one_case(ada: User) -> None:
    prompts = [prompt_of(ada, f"{FLAGGED} Garden {number}.") for number in range(4)]
    clean = prompt_of(ada, CLEAN)
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def sweep_now() -> None:
        try:
            start.wait()
            swept()
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep_now) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Case.objects.filter(prompt__in=prompts).count() == 4
    assert Decision.objects.filter(prompt=clean).count() == 1
    assert Case.objects.filter(prompt=clean).count() == 1


def test_the_database_keeps_one_open_case_and_one_first_decision(ada: User) -> None:
    prompt = prompt_of(ada)
    case = case_of(prompt)
    case.pk = None
    with pytest.raises(IntegrityError, match="one_open_case_a_prompt"), transaction.atomic():
        case.save(force_insert=True)
    clean = prompt_of(ada, CLEAN)
    swept()
    decision = Decision.objects.get(prompt=clean)
    decision.pk = None
    with pytest.raises(IntegrityError, match="one_first_decision_a_prompt"), transaction.atomic():
        decision.save(force_insert=True)


def test_a_case_is_about_exactly_one_thing(ada: User, mallory: User) -> None:
    case = case_of(prompt_of(ada))
    finding = finding_about(mallory)
    with pytest.raises(IntegrityError, match="exactly_one_subject"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(finding=finding)
