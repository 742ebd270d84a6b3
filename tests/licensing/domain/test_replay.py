"""Judging a record again: what each rule says, and what nobody can know any more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.licensing.domain.replay import (
    Recorded,
    RecordedOffer,
    Rules,
    holds,
    judge,
    measure,
)
from apps.licensing.domain.replay_after import RecordedAfter, RecordedNotice
from apps.licensing.domain.verdicts import Outcome, Verdict
from apps.policy.domain.rulebook import FIRST_EDITION, ClauseText

DAY = timedelta(days=1)
FIRST = Rules.of(1, FIRST_EDITION)
SEALED = Recorded(
    release_id=12,
    state="sealed",
    asked=5,
    items=4,
    taken_out={"W1": 1, "W2": 0, "W3": 0},
    is_sealed=True,
    ages=(61 * DAY, 70 * DAY, 74 * DAY, 200 * DAY),
    offers=(RecordedOffer(number=1, approvals=2, lock=timedelta(hours=72), k=10),),
    after=RecordedAfter(
        editions=1,
        shared_keys=0,
        was_in_force=True,
        deliveries=2,
        unsigned=0,
        notices=(RecordedNotice(allowed=30 * DAY), RecordedNotice(allowed=5 * DAY, is_urgent=True)),
    ),
)


def rules(**numbers: int | None) -> Rules:
    told = {
        "min_age_days": FIRST.min_age_days, "approvals": FIRST.approvals, "hold_back_days": FIRST.hold_back_days,
        "lock_hours": FIRST.lock_hours, "k": FIRST.k, "notice_days": FIRST.notice_days,
        "urgent_days": FIRST.urgent_days,
    } | numbers  # fmt: skip
    return Rules(version=4, clauses=FIRST.clauses, **told)


def verdict(record: Recorded, under: Rules, clause: str) -> Verdict:
    return next(each for each in judge(measure(record, under), under) if each.clause == clause)


def test_a_sealed_release_holds_under_the_version_it_was_sealed_under() -> None:
    verdicts = judge(measure(SEALED, FIRST), FIRST)
    assert [each.clause for each in verdicts] == [f"W{number}" for number in range(1, 13)]
    assert {each.outcome for each in verdicts} == {Outcome.HOLDS}
    assert holds(verdicts)


def test_under_a_longer_age_it_would_have_been_refused() -> None:
    found = verdict(SEALED, rules(min_age_days=75), "W1")
    assert found == Verdict(clause="W1", outcome=Outcome.REFUSES, counted=3, of=4, limit=75, found=61, is_sealed=True)
    # The day itself is old enough.
    assert verdict(SEALED, rules(min_age_days=61), "W1").outcome is Outcome.HOLDS
    assert verdict(SEALED, rules(min_age_days=62), "W1").counted == 1


@pytest.mark.parametrize(
    ("clause", "numbers", "counted", "found"),
    [
        ("W4", {"approvals": 3}, 1, 2),
        ("W6", {"lock_hours": 73}, 1, 72),
        ("W7", {"k": 11}, 1, 10),
    ],
)
def test_each_rule_refuses_by_its_own_number(clause: str, numbers: dict[str, int], counted: int, found: int) -> None:
    refused = verdict(SEALED, rules(**numbers), clause)
    assert (refused.outcome, refused.counted, refused.found) == (Outcome.REFUSES, counted, found)
    others = [each for each in judge(measure(SEALED, rules(**numbers)), rules(**numbers)) if each.clause != clause]
    assert holds(others)


def test_the_hold_back_is_for_those_on_the_board() -> None:
    assert verdict(SEALED, FIRST, "W5").outcome is Outcome.HOLDS
    offer = RecordedOffer(number=1, approvals=2, lock=timedelta(hours=72), is_on_the_board=True, k=10)
    record = Recorded(
        release_id=1, state="sealed", asked=1, items=2, is_sealed=True, ages=(179 * DAY, 180 * DAY), offers=(offer,)
    )
    found = verdict(record, FIRST, "W5")
    assert (found.outcome, found.counted, found.of) == (Outcome.REFUSES, 1, 2)
    assert verdict(record, rules(hold_back_days=179), "W5").outcome is Outcome.HOLDS
    # By an offer that was refused or cancelled nothing left, so nobody had to wait.
    others = replace(record, offers=(replace(offer, was_open=False),))
    assert verdict(others, FIRST, "W5").outcome is Outcome.NOT_YET
    both = replace(record, offers=(replace(offer, was_open=False), replace(offer, is_on_the_board=False)))
    assert verdict(both, FIRST, "W5").outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("clause", "wrong", "counted"),
    [
        ("W8", {"shared_keys": 1}, 1),
        ("W9", {"was_in_force": False}, 1),
        ("W10", {"unsigned": 2}, 2),
        ("W12", {"gaps": 1, "incidents": 1}, 2),
    ],
)
def test_what_left_and_what_followed_is_judged(clause: str, wrong: dict[str, Any], counted: int) -> None:
    assert SEALED.after is not None
    found = verdict(replace(SEALED, after=replace(SEALED.after, **wrong)), FIRST, clause)
    assert (found.outcome, found.counted) == (Outcome.REFUSES, counted)
    # What was not kept is not decided, and what has not happened is not judged.
    assert verdict(replace(SEALED, after=None), FIRST, clause).outcome is Outcome.UNKNOWN
    nothing = RecordedAfter(editions=0, shared_keys=0, was_in_force=None, deliveries=0, unsigned=None)
    expected = Outcome.UNKNOWN if clause == "W9" else Outcome.NOT_YET
    assert verdict(replace(SEALED, after=nothing), FIRST, clause).outcome is expected
    lost = replace(SEALED.after, shared_keys=None, was_in_force=None, unsigned=None)
    if clause != "W12":
        assert verdict(replace(SEALED, after=lost), FIRST, clause).outcome is Outcome.UNKNOWN


def test_notices_are_judged_by_the_days_of_the_version() -> None:
    assert verdict(SEALED, FIRST, "W11").outcome is Outcome.HOLDS
    for numbers in ({"notice_days": 29}, {"urgent_days": 4}):
        found = verdict(SEALED, rules(**numbers), "W11")
        assert (found.outcome, found.counted, found.of) == (Outcome.REFUSES, 1, 2)


def test_of_what_was_refused_only_counts_are_known() -> None:
    record = Recorded(
        release_id=3, state="refused", asked=9, items=0, taken_out={"W1": 4, "W2": 0, "W3": 0}, judged_days=75
    )
    assert verdict(record, rules(min_age_days=75), "W1").outcome is Outcome.REFUSES
    assert verdict(record, rules(min_age_days=90), "W1").outcome is Outcome.REFUSES
    # Some of the four may have been 60 days old, and nobody counted.
    assert verdict(record, rules(min_age_days=60), "W1").outcome is Outcome.UNKNOWN
    consent = Recorded(release_id=3, state="refused", asked=9, items=0, taken_out={"W2": 2}, judged_days=60)
    assert verdict(consent, FIRST, "W2") == Verdict(clause="W2", outcome=Outcome.REFUSES, counted=2, of=9)
    assert verdict(consent, FIRST, "W1").outcome is Outcome.HOLDS
    assert verdict(consent, rules(min_age_days=61), "W1").outcome is Outcome.UNKNOWN
    assert verdict(consent, FIRST, "W4").outcome is Outcome.NOT_YET


def test_a_version_without_a_clause_says_nothing_under_it() -> None:
    old = Rules.of(0, [ClauseText(number="W1", title="", text="", parameters={"min_age_days": 1})])
    assert old.min_age_days == 60
    outcomes = {each.clause: each.outcome for each in judge(measure(SEALED, old), old)}
    assert outcomes.pop("W1") is Outcome.HOLDS
    assert set(outcomes.values()) == {Outcome.ABSENT}


def test_a_verdict_survives_being_stored() -> None:
    for each in judge(measure(SEALED, FIRST), FIRST):
        assert Verdict.from_json(each.to_json()) == each
