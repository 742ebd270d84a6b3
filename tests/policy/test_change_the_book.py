"""Radia proposes, Katherine decides, and the database says what loosens and when it holds."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import ReauthenticationNeeded
from apps.policy.domain.changes import ClauseChange, Kind
from apps.policy.domain.directions import DIRECTIONS
from apps.policy.domain.rulebook import FIRST_EDITION
from apps.policy.events import PolicyEvent
from apps.policy.models import PolicyVersion
from apps.policy.queries import book, clause, current_version, directions, outlook, parameter, stricter_parameter
from apps.policy.services import (
    BackTestMissing,
    NothingChanges,
    ProposalIsOver,
    ProposalIsStale,
    TwoPeopleNeeded,
    UnfitChange,
    UnfitReason,
    adopt_version,
    propose_version,
    reject_version,
    withdraw_proposal,
)
from tests.policy.changing import adopted_by, change, judged, other, proposed
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def test_what_is_safer_by_every_number_holds_at_once(radia: User, katherine: User) -> None:
    adopted = change(radia, katherine, other("W1", min_age_days=75), other("B5", per_day=100))
    assert adopted.kind == Kind.TIGHTENS
    assert (current_version(), parameter("W1", "min_age_days"), parameter("B5", "per_day")) == (2, 75, 100)
    assert trail_of(adopted) == [PolicyEvent.PROPOSED, PolicyEvent.BACK_TESTED, PolicyEvent.ADOPTED]
    version = PolicyVersion.objects.get(number=2)
    assert trail_of(version) == [PolicyEvent.VERSION_WRITTEN]
    assert facts_about(version)["kind"] == "tightens"
    # Everything else reads as before.
    assert clause("W2", version=2).text == clause("W2", version=1).text
    assert stricter_parameter("W1", "min_age_days", pinned=1) == 75


def new_clause() -> ClauseChange:
    return ClauseChange(number="P9", title="No riddles", text="A prompt is no riddle.")


def reworded(number: str) -> ClauseChange:
    was = clause(number)
    return ClauseChange(number=number, title=was.title, text=was.text + " More.", parameters=was.parameters)


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("looser", Kind.LOOSENS),
        ("mixed", Kind.MIXED),
        ("a tightening with other words", Kind.MIXED),
        ("a number without a safer side", Kind.CHANGES),
        ("another near-duplicate algorithm", Kind.CHANGES),
        ("words of the wall", Kind.CHANGES),
        ("words elsewhere", Kind.CHANGES),
        ("another order", Kind.CHANGES),
        ("a new clause", Kind.CHANGES),
        ("a clause less", Kind.CHANGES),
    ],
)
def test_anything_else_waits_in_public(radia: User, katherine: User, what: str, kind: Kind) -> None:
    changes = {
        "looser": [other("W7", k=8)],
        "mixed": [other("W1", min_age_days=90), other("W7", k=8)],
        "a tightening with other words": [
            ClauseChange(number="W1", title="Live data", text="Ninety days.", parameters={"min_age_days": 90})
        ],
        "a number without a safer side": [other("R1", anchor=1200)],
        "another near-duplicate algorithm": [other("P3", near_jaccard=0.6)],
        "words of the wall": [reworded("W3")],
        "words elsewhere": [reworded("P5")],
        "another order": [other("W7", order=["language", "country", "profession", "education", "age_band"])],
        "a new clause": [new_clause()],
        "a clause less": [ClauseChange(number="P4", is_removed=True)],
    }[what]
    adopted = change(radia, katherine, *changes)
    assert adopted.kind == kind
    assert adopted.decided_at is not None
    assert adopted.effective_at == adopted.decided_at + MONTH
    assert current_version() == 1
    assert clause("W1").parameters["min_age_days"] == 60
    line = book().lines[0]
    assert (line.version.number, line.state) == (2, "waiting")


def test_nobody_adopts_what_they_proposed(radia: User, margaret: User) -> None:
    proposal = judged(radia, other("W1", min_age_days=75))
    with pytest.raises(TwoPeopleNeeded) as refused:
        adopted_by(radia, proposal)
    assert refused.value.clause == "W9"
    with pytest.raises(TwoPeopleNeeded):
        reject_version(actor=radia.as_actor(), proposal=proposal, reason="No", now=timezone.now())
    # And if the service forgot to ask, the database would.
    with pytest.raises(IntegrityError, match="policy_two_people"), transaction.atomic():
        type(proposal).objects.filter(pk=proposal.pk).update(second=radia)
    assert adopted_by(margaret, proposal).state == "adopted"


def test_the_second_person_signed_in_lately(radia: User, katherine: User) -> None:
    proposal, now = judged(radia, other("W1", min_age_days=75)), timezone.now()
    for at in (None, now - timedelta(hours=5)):
        with pytest.raises(ReauthenticationNeeded):
            adopt_version(actor=katherine.as_actor(reauthenticated_at=at), proposal=proposal, now=now)
    assert current_version() == 1


def test_others_neither_propose_nor_decide(
    radia: User, ada: User, grace: User, barbara: User, katherine: User, ingrid: User
) -> None:
    for user in (ada, grace, barbara, katherine, ingrid):
        with pytest.raises(NotPermitted):
            proposed(user, other("W1", min_age_days=75))
    proposal = judged(radia, other("W1", min_age_days=75))
    for user in (ada, grace, barbara, ingrid):
        with pytest.raises(NotPermitted):
            adopted_by(user, proposal)


def test_what_was_proposed_upon_an_older_version_is_stale(radia: User, katherine: User) -> None:
    first, second = judged(radia, other("W1", min_age_days=75)), judged(radia, other("W7", k=12))
    adopted_by(katherine, first)
    with pytest.raises(ProposalIsStale, match="Version 2 was adopted since"):
        adopted_by(katherine, second)
    assert parameter("W7", "k") == 10
    # Proposed anew, it is compared with the version that is newest now, and numbers have no gap.
    change(radia, katherine, other("W7", k=12))
    assert (parameter("W1", "min_age_days"), parameter("W7", "k")) == (75, 12)
    assert [line.version.number for line in book().lines] == [3, 2, 1]


def test_a_proposal_is_decided_once(radia: User, katherine: User) -> None:
    proposal = judged(radia, other("W1", min_age_days=75))
    reject_version(actor=katherine.as_actor(), proposal=proposal, reason="Sixty are enough", now=timezone.now())
    assert trail_of(proposal)[-1] == PolicyEvent.REJECTED
    with pytest.raises(ProposalIsOver):
        adopted_by(katherine, proposal)
    with pytest.raises(ProposalIsOver):
        withdraw_proposal(actor=radia.as_actor(), proposal=proposal, now=timezone.now())
    another = proposed(radia, other("W1", min_age_days=75))
    with pytest.raises(NotPermitted):
        withdraw_proposal(actor=katherine.as_actor(), proposal=another, now=timezone.now())
    withdraw_proposal(actor=radia.as_actor(), proposal=another, now=timezone.now())
    assert trail_of(another) == [PolicyEvent.PROPOSED, PolicyEvent.WITHDRAWN]
    assert current_version() == 1


def test_nothing_is_adopted_before_it_was_judged(radia: User, katherine: User) -> None:
    with pytest.raises(BackTestMissing):
        adopted_by(katherine, proposed(radia, other("W1", min_age_days=75)))


@pytest.mark.parametrize(
    ("number", "parameters"),
    [
        ("W1", {"min_age_days": 59}),
        ("W9", {"loosening_days": 29}),
        ("W4", {"approvals": 1}),
        ("W1", {"min_age_days": 60.5}),
        ("W1", {"min_age_days": "75"}),
        ("W1", {"min_age_days": True}),
        ("W1", {"min_age_days": None}),
        ("W1", {"min_age_days": 75, "another": 1}),
        ("W7", {"order": "country"}),
        ("W7", {"k": -1}),
        ("W7", {"k": 2**31}),
        ("P1", {"sample_share": float("nan")}),
    ],
)
def test_what_the_program_could_not_read_is_not_proposed(
    radia: User, number: str, parameters: dict[str, object]
) -> None:
    with pytest.raises(UnfitChange) as refused:
        proposed(radia, other(number, **parameters))
    assert refused.value.clause == number


def test_clauses_that_the_program_stands_on_stay(radia: User) -> None:
    for change_ in (
        ClauseChange(number="W2", is_removed=True),
        ClauseChange(number="M1", is_removed=True),
        ClauseChange(number="Z1", title="A", text="B"),
        ClauseChange(number="P99999", title="A", text="B"),
        ClauseChange(number="P9", title="", text="B"),
        ClauseChange(number="P9", is_removed=True),
        ClauseChange(number="P9", title="A", text="B", parameters={"x": 1}),
    ):
        with pytest.raises(UnfitChange):
            proposed(radia, change_)
    with pytest.raises(NothingChanges):
        proposed(radia, other("W1"))
    with pytest.raises(UnfitReason):
        propose_version(actor=radia.as_actor(), changes=[other("W1", min_age_days=75)], reason=" ", now=timezone.now())


def test_a_tightening_while_a_loosening_waits(radia: User, katherine: User) -> None:
    """It holds at once, does not bring the loosening forward, and is still there on the loosening's day."""
    loosened = change(radia, katherine, other("W7", k=8))
    change(radia, katherine, other("W1", min_age_days=90))
    assert (parameter("W1", "min_age_days"), parameter("W7", "k")) == (90, 10)
    whole = book()
    assert [(line.version.number, line.state) for line in whole.lines] == [
        (4, "waiting"), (3, "in_force"), (2, "replaced"), (1, "past"),
    ]  # fmt: skip
    [waits] = whole.waiting
    assert waits.version.effective_at == loosened.effective_at
    assert waits.version.carries is not None
    assert waits.version.carries.number == 2
    assert clause("W7", version=4).parameters["k"] == 8
    assert clause("W1", version=4).parameters["min_age_days"] == 90
    assert [each.number for each in waits.comes] == ["W7"]


def test_a_waiting_loosening_is_taken_back_at_once(radia: User, katherine: User) -> None:
    change(radia, katherine, other("W7", k=5))
    foreseen = outlook([other("W7", k=10)])
    assert foreseen is not None
    assert foreseen.tightens
    assert not foreseen.holds_at_once
    adopted = change(radia, katherine, other("W7", k=10))
    # What holds was strict all the time; only what was to come is written anew.
    assert adopted.kind == Kind.TIGHTENS
    assert [(line.version.number, line.state) for line in book().lines] == [
        (3, "waiting"), (2, "replaced"), (1, "in_force"),
    ]  # fmt: skip
    assert clause("W7", version=3).parameters["k"] == 10


def test_less_of_a_loosening_is_not_brought_forward(radia: User, katherine: User) -> None:
    """Upon the waiting 5 a 7 tightens, and to what is in force it would be a loosening."""
    change(radia, katherine, other("W7", k=5))
    change(radia, katherine, other("W7", k=7))
    assert parameter("W7", "k") == 10
    assert clause("W7", version=3).parameters["k"] == 7


def test_the_longest_notice_counts(radia: User, katherine: User) -> None:
    change(radia, katherine, other("W9", loosening_days=60))
    shorter = change(radia, katherine, other("W9", loosening_days=30))
    assert shorter.effective_at is not None
    assert shorter.decided_at is not None
    assert shorter.effective_at == shorter.decided_at + timedelta(days=60)
    # The waiting version asks for fewer days, and the one in force still counts.
    looser = change(radia, katherine, other("W7", k=9))
    assert looser.effective_at is not None
    assert looser.decided_at is not None
    assert looser.effective_at == looser.decided_at + timedelta(days=60)
    assert looser.effective_at >= shorter.effective_at


def test_the_database_and_the_program_know_the_same_safer_sides() -> None:
    assert directions() == DIRECTIONS
    named = {(text.number, name) for text in FIRST_EDITION for name in text.parameters}
    assert set(DIRECTIONS) == named


def test_a_clock_of_the_application_that_runs_ahead_brings_nothing_forward(radia: User, katherine: User) -> None:
    change(radia, katherine, other("W7", k=8))
    assert current_version(at=timezone.now() + 4 * MONTH) == 1
    adopted = adopted_by(katherine, judged(radia, other("W7", k=7)), now=timezone.now() + 4 * MONTH)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert adopted.effective_at is not None
    assert adopted.effective_at >= now + MONTH - timedelta(minutes=1)
    assert adopted.effective_at < now + 2 * MONTH
