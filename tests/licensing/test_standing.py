"""Who may receive: an agreement in force, no suspension, the owners of that day, and final recipients by name."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import ReauthenticationNeeded
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import Agreement, Licensee
from apps.licensing.services import (
    AgreementExpired,
    AlreadyARecipient,
    AlreadySuspended,
    ControlChanged,
    LicenseeSuspended,
    NoAgreement,
    NotARecipient,
    NothingToReview,
    NotSuspended,
    RecipientUndeclared,
    UnfitWords,
    UnknownRule,
    declare_recipient,
    end_agreement,
    end_recipient,
    end_suspension,
    may_receive,
    review_control,
    standing_of,
    suspend_licensee,
)
from apps.organizations.models import Organization, Tie, TieKind
from apps.organizations.services import declare_tie, end_tie
from tests.conftest import NOON, make_person
from tests.licensing.offered import proved
from tests.licensing.partners import LATER, Partner, partner
from tests.organizations.test_register import registered
from tests.trails import facts_about, trail_of

SPRING = date(2026, 4, 1)
CAST = Actor.system("tests.cast")
MUCH_LATER = NOON + timedelta(days=9)


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university with everything in order."""
    return partner(margaret)


def bought(holder: Organization, held: Organization, *, known: datetime = LATER) -> Tie:
    return declare_tie(
        actor=CAST, holder=holder, held=held, kind=TieKind.OWNERSHIP, since=SPRING, source="A file", now=known
    )


# What the database says of itself, by the refusal that the service raises for the same.
SAID: dict[str, str | None] = {
    "": None,
    "licensee-suspended": "suspended",
    "no-agreement": "no-agreement",
    "agreement-expired": "agreement-expired",
    "control-changed": "control-changed",
    "recipient-undeclared": "no-recipient",
}


def code(university: Partner, *, at: datetime = MUCH_LATER) -> str:
    """Return why it may receive nothing, in which the service and the database agree."""
    refused = standing_of(university.licensee, at=at)
    told = refused.code if refused is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recipient_standing(0, %s, greatest(%s, clock_timestamp()))", [university.licensee.pk, at]
        )
        assert cursor.fetchone() == (SAID[told],)
    return told


def test_with_everything_in_order_it_may(university: Partner) -> None:
    may_receive(university.licensee, at=LATER)


def test_without_an_agreement_it_may_not(university: Partner, margaret: User) -> None:
    end_agreement(actor=margaret.as_actor(), licensee_id=university.licensee.pk, reason="Over", now=LATER)
    with pytest.raises(NoAgreement) as refused:
        may_receive(university.licensee, at=MUCH_LATER)
    assert refused.value.clause == "W5"


def test_an_agreement_ends_with_its_last_day(university: Partner) -> None:
    expires = Agreement.objects.get().expires_at
    may_receive(university.licensee, at=expires - timedelta(seconds=1))
    with pytest.raises(AgreementExpired):
        may_receive(university.licensee, at=expires)


def test_a_clock_that_was_turned_back_revives_no_agreement(university: Partner) -> None:
    """The database's clock decides when it is later than the application's."""
    long_ago = NOON - timedelta(days=800)
    old = partner(make_person("betty", Role.LICENSING_OFFICER), "Old Press", "rear")
    end_agreement(actor=old.contact.as_actor(), licensee_id=old.licensee.pk, reason="Replaced", now=LATER)
    Agreement.objects.create(
        licensee=old.licensee,
        text=Agreement.objects.filter(licensee=old.licensee).get().text,
        purposes=["DUO:0000042"],
        signed_name="Rear",
        signed_position="Head",
        accepted_by=old.contact,
        accepted_at=long_ago,
        expires_at=long_ago + timedelta(days=365),
    )
    with pytest.raises(AgreementExpired):
        may_receive(old.licensee, at=long_ago + timedelta(days=1))


def test_a_suspended_licensee_may_not_until_it_ends(university: Partner, margaret: User, ada: User) -> None:
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "now": LATER}
    with pytest.raises(NotPermitted):
        suspend_licensee(actor=ada.as_actor(), clause_number="W5", reason="x", **told)
    with pytest.raises(UnknownRule):
        suspend_licensee(actor=margaret.as_actor(), clause_number="Z9", reason="x", **told)
    with pytest.raises(UnfitWords):
        suspend_licensee(actor=margaret.as_actor(), clause_number="W2", reason="\x00", **told)
    suspend_licensee(actor=margaret.as_actor(), clause_number="W2", reason="A copy was passed on.", **told)
    with pytest.raises(AlreadySuspended):
        suspend_licensee(actor=margaret.as_actor(), clause_number="W2", reason="Again", **told)
    with pytest.raises(LicenseeSuspended):
        may_receive(university.licensee, at=MUCH_LATER)
    with pytest.raises(ReauthenticationNeeded):
        end_suspension(actor=margaret.as_actor(), reason="The copy came back.", **told)
    with pytest.raises(NotPermitted):
        end_suspension(actor=university.contact.as_actor(), reason="Please", **told)
    end_suspension(actor=proved(margaret), reason="The copy came back.", **told)
    with pytest.raises(NotSuspended):
        end_suspension(actor=proved(margaret), reason="Again", **told)
    may_receive(university.licensee, at=MUCH_LATER)
    assert trail_of(university.licensee)[-2:] == [LicenseeEvent.SUSPENDED, LicenseeEvent.SUSPENSION_ENDED]


def test_a_mark_alone_suspends_as_well_and_ends_as_well(university: Partner, margaret: User) -> None:
    Licensee.objects.update(suspended_at=LATER)
    assert code(university) == "licensee-suspended"
    end_suspension(actor=proved(margaret), licensee_id=university.licensee.pk, reason="A mistake", now=LATER)
    assert code(university) == ""
    with pytest.raises(NotSuspended):
        end_suspension(actor=proved(margaret), licensee_id=university.licensee.pk, reason="Again", now=LATER)


def test_the_platform_suspends_when_a_day_has_passed(university: Partner, margaret: User) -> None:
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "now": LATER}
    suspend_licensee(actor=Actor.system("licensing.sweep"), clause_number="W2", reason="No answer came.", **told)
    assert code(university) == "licensee-suspended"
    assert university.contact.inbox.get().body == "No answer came."
    with pytest.raises(NotPermitted):
        end_suspension(actor=Actor.system("licensing.sweep"), reason="It came.", **told)
    end_suspension(actor=proved(margaret), reason="It came.", **told)
    assert code(university) == ""


def test_somebody_buys_it_at_distance_three_and_an_officer_looks(university: Partner, margaret: User) -> None:
    people = [university.organization, *(registered(name) for name in ("Parent", "Grandparent", "Fund"))]
    bought(people[1], people[0], known=NOON)
    bought(people[2], people[1], known=NOON)
    with pytest.raises(NothingToReview):
        review_control(actor=margaret.as_actor(), licensee_id=university.licensee.pk, finding="x", now=LATER)
    tie = bought(people[3], people[2])
    with pytest.raises(ControlChanged) as refused:
        may_receive(university.licensee, at=MUCH_LATER)
    assert (refused.value.clause, refused.value.subject) == ("W5", university.licensee.ref)
    assert "Fund" in str(refused.value)
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "now": LATER + timedelta(minutes=1)}
    with pytest.raises(NotPermitted):
        review_control(actor=university.contact.as_actor(), finding="We are fine.", **told)
    review_control(actor=margaret.as_actor(), finding="The fund has no model here.", **told)
    may_receive(university.licensee, at=MUCH_LATER)
    assert facts_about(university.licensee)["ties"] == [tie.ref]
    end_tie(actor=CAST, tie=tie, until=date(2026, 9, 20), now=LATER + timedelta(hours=3))
    assert code(university) == "control-changed"


def test_owners_in_a_circle_are_walked_once(university: Partner) -> None:
    parent, other = registered("Parent"), registered("Other")
    bought(parent, university.organization, known=NOON)
    bought(university.organization, parent, known=NOON)
    assert code(university) == ""
    bought(other, parent)
    assert code(university) == "control-changed"


def test_what_was_agreed_after_the_purchase_needs_no_look(margaret: User) -> None:
    parent = registered("Parent")
    late = partner(margaret)
    bought(parent, late.organization, known=NOON)
    assert code(late) == ""


def test_somebody_must_be_named_in_whose_hands_it_ends(university: Partner, margaret: User, ada: User) -> None:
    named = university.licensee.final_recipients.get()
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "now": LATER}
    other = registered("Clinic")
    with pytest.raises(NotPermitted):
        declare_recipient(actor=ada.as_actor(), organization=other, **told)
    with pytest.raises(AlreadyARecipient):
        declare_recipient(actor=margaret.as_actor(), organization=university.organization, **told)
    end_recipient(actor=university.contact.as_actor(), recipient_id=named.pk, **told)
    with pytest.raises(NotARecipient):
        end_recipient(actor=university.contact.as_actor(), recipient_id=named.pk, **told)
    with pytest.raises(RecipientUndeclared):
        may_receive(university.licensee, at=MUCH_LATER)
    declare_recipient(actor=university.contact.as_actor(), organization=other, **told)
    may_receive(university.licensee, at=MUCH_LATER)
