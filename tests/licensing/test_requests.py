"""What licensees ask for: by those who speak for them, for agreed purposes, once; drafted or refused by officers."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.licensing.events import LicenseeEvent, LicensingEvent
from apps.licensing.flows.drafting import draft_requested
from apps.licensing.models import AccessRequest, Act, Attempt, AttemptState, RequestState
from apps.licensing.services import (
    AlreadyAsked,
    LicenseeSuspended,
    MalformedFilters,
    NeededInThePast,
    NotYourRequest,
    PurposeNotAgreed,
    RecipientUndeclared,
    RequestIsDecided,
    TooManyRequests,
    UnfitWords,
    UnknownLicensee,
    UnknownRule,
    draft_from_request,
    refuse_request,
    request_access,
    suspend_licensee,
    withdraw_request,
)
from apps.licensing.services.drafting import NothingMatches
from tests.conftest import NOON
from tests.licensing.partners import LATER, Partner, partner
from tests.licensing.test_offer_pages import sign_in_just_now, text_of
from tests.licensing.world import World
from tests.organizations.test_register import registered
from tests.trails import facts_about, trail_of


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university with everything in order."""
    return partner(margaret)


def test_ingrid_asks_and_the_log_holds_no_words(university: Partner) -> None:
    asked = university.requested()
    assert asked.state == RequestState.ASKED
    assert asked.filters == {"languages": ["en"]}
    facts = facts_about(asked)
    assert (facts["purpose"], facts["via"]) == ("DUO:0000042", "web")
    assert "study" not in str(facts)


MALFORMED: list[tuple[dict[str, Any], type[Refused]]] = [
    ({"title": ""}, UnfitWords),
    ({"title": "x" * 121}, UnfitWords),
    ({"use": "\x00"}, UnfitWords),
    ({"wanted": "x" * 1001}, UnfitWords),
    ({"purpose": "showdown:training"}, PurposeNotAgreed),
    ({"purpose": "DUO:0000025"}, PurposeNotAgreed),
    ({"purpose": "x" * 9000}, PurposeNotAgreed),
    ({"filters": {"languages": "en"}}, MalformedFilters),
    ({"filters": {"everything": True}}, MalformedFilters),
    ({"recipients": []}, RecipientUndeclared),
    ({"recipients": [0]}, RecipientUndeclared),
    ({"needed_by": date(2026, 9, 13)}, NeededInThePast),
    ({"licensee_id": 0}, UnknownLicensee),
]


@pytest.mark.parametrize(("told", "refusal"), MALFORMED)
def test_what_cannot_be_asked_is_refused_by_name(
    university: Partner, told: dict[str, Any], refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        university.requested(**told)
    assert not AccessRequest.objects.exists()


def test_an_undeclared_recipient_beside_a_declared_one_is_refused(university: Partner) -> None:
    friend = registered("A friend")
    with pytest.raises(RecipientUndeclared):
        university.requested(recipients=[university.organization.pk, friend.pk])


def test_the_same_waits_once_and_twenty_at_most(university: Partner) -> None:
    university.requested()
    with pytest.raises(AlreadyAsked):
        university.requested()
    for number in range(19):
        university.requested(title=f"Request {number}")
    with pytest.raises(TooManyRequests):
        university.requested(title="One more")


def test_nobody_asks_for_somebody_else_or_while_suspended(university: Partner, margaret: User, ada: User) -> None:
    other = partner(margaret, "Atoll Institute", "joan")
    for somebody in (other.contact, ada, margaret):
        with pytest.raises(NotPermitted):
            request_access(actor=somebody.as_actor(), **university.asked())
    suspend_licensee(
        actor=margaret.as_actor(), licensee_id=university.licensee.pk, clause_number="W2", reason="x", now=LATER
    )
    with pytest.raises(LicenseeSuspended):
        university.requested()
    other.requested()


def test_it_is_taken_back_by_its_own_side_once(university: Partner, margaret: User) -> None:
    asked = university.requested()
    other = partner(margaret, "Atoll Institute", "joan")
    with pytest.raises(NotYourRequest):
        withdraw_request(actor=other.contact.as_actor(), request_id=asked.pk, now=LATER)
    withdraw_request(actor=university.contact.as_actor(), request_id=asked.pk, now=LATER)
    with pytest.raises(RequestIsDecided):
        withdraw_request(actor=university.contact.as_actor(), request_id=asked.pk, now=LATER)
    with pytest.raises(RequestIsDecided):
        refuse_request(actor=margaret.as_actor(), request_id=asked.pk, clause_number="W2", reason="x", now=LATER)
    assert trail_of(asked) == [LicenseeEvent.REQUESTED, LicenseeEvent.REQUEST_WITHDRAWN]


def test_margaret_refuses_under_a_clause(university: Partner, margaret: User) -> None:
    asked = university.requested()
    told: dict[str, Any] = {"request_id": asked.pk, "now": LATER}
    with pytest.raises(NotYourRequest):
        refuse_request(actor=university.contact.as_actor(), clause_number="W1", reason="x", **told)
    with pytest.raises(UnknownRule):
        refuse_request(actor=margaret.as_actor(), clause_number="Z1", reason="x", **told)
    with pytest.raises(UnfitWords):
        refuse_request(actor=margaret.as_actor(), clause_number="W1", reason=" ", **told)
    refuse_request(actor=margaret.as_actor(), clause_number="W1", reason="All of it is live.", **told)
    asked.refresh_from_db()
    assert (asked.state, asked.refused_clause) == (RequestState.REFUSED, "W1")
    assert trail_of(asked)[-1] == LicenseeEvent.REQUEST_REFUSED
    notice = university.contact.inbox.get()
    assert (notice.body, notice.address) == ("All of it is live.", f"/releases/mine/requests/{asked.pk}/")


def test_nothing_is_drafted_from_a_request_for_nothing(university: Partner, margaret: User) -> None:
    asked = university.requested()
    with pytest.raises(NotPermitted):
        draft_requested(actor=university.contact.as_actor(), request_id=asked.pk)
    with pytest.raises(NotYourRequest):
        draft_requested(actor=margaret.as_actor(), request_id=asked.pk + 1)
    assert not Attempt.objects.exists()
    with pytest.raises(NothingMatches):
        draft_requested(actor=margaret.as_actor(), request_id=asked.pk)
    asked.refresh_from_db()
    assert asked.state == RequestState.ASKED
    # It was put down before it was tried, and stands among the refusals.
    attempt = Attempt.objects.get()
    assert (attempt.act, attempt.state, attempt.code) == (Act.DRAFT, AttemptState.REFUSED, "nothing-matches")
    assert attempt.licensee == university.licensee
    assert trail_of(university.licensee)[-2:] == [LicensingEvent.DRAFT_ATTEMPTED, LicensingEvent.DRAFT_REFUSED]
    client = Client()
    sign_in_just_now(client, margaret)
    assert "no battle fits what was asked for" in text_of(client, "/releases/refusals/")


@pytest.mark.committed
def test_margaret_drafts_what_ingrid_asked_for(world: World, margaret: User, ingrid: User) -> None:
    world.sky(battles=2)
    asked = request_access(
        actor=ingrid.as_actor(),
        licensee_id=world.licensee.pk,
        title="The sky",
        purpose="DUO:0000042",
        use="A study.",
        wanted="Everything about the sky.",
        filters={"languages": ["en"]},
        recipients=[world.licensee.organization_id],
        now=NOON + timedelta(hours=1),
    )
    release = draft_requested(actor=margaret.as_actor(), request_id=asked.pk)
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.release) == (AttemptState.DONE, release)
    assert facts_about(world.licensee)["request"] == asked.ref
    assert (release.request, release.asked, release.title) == (asked, 2, "The sky")
    asked.refresh_from_db()
    assert asked.state == RequestState.DRAFTED
    with pytest.raises(RequestIsDecided):
        draft_from_request(actor=margaret.as_actor(), request_id=asked.pk, now=LATER)
