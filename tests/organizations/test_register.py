"""Who may write into the register, and what cannot be written."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.organizations.events import OrganizationEvent
from apps.organizations.models import Organization, Tie, TieKind
from apps.organizations.queries import register, registered_under
from apps.organizations.services import (
    AlreadyRegistered,
    AlreadyTied,
    NotATie,
    TieAlreadyEnded,
    declare_tie,
    end_tie,
    register_organization,
)
from tests.conftest import NOON
from tests.trails import facts_about, trail_of

SPRING = date(2026, 4, 1)


def registered(name: str, *, is_lab: bool = False) -> Organization:
    return register_organization(actor=Actor.system("tests.cast"), name=name, country="BR", is_lab=is_lab, now=NOON)


def owns(holder: Organization, held: Organization, *, since: date = SPRING, until: date | None = None) -> Tie:
    return declare_tie(
        actor=Actor.system("tests.cast"),
        holder=holder,
        held=held,
        kind=TieKind.OWNERSHIP,
        since=since,
        until=until,
        source="Trade register, file 12",
        now=NOON,
    )


def test_margaret_registers_an_organization_and_the_log_says_so(margaret: User) -> None:
    lab = register_organization(actor=margaret.as_actor(), name="  Alder   Labs ", country="BR", is_lab=True, now=NOON)
    assert (lab.name, lab.slug) == ("Alder Labs", "alder-labs")
    assert trail_of(lab) == [OrganizationEvent.REGISTERED]
    assert facts_about(lab) == {"slug": "alder-labs", "country": "BR", "is_lab": True}


def test_a_contributor_does_not_keep_the_register(mallory: User) -> None:
    with pytest.raises(NotPermitted):
        register_organization(actor=mallory.as_actor(), name="Alder Labs", country="", is_lab=True, now=NOON)
    assert not Organization.objects.exists()


def test_a_name_is_registered_once_whatever_its_case(margaret: User) -> None:
    registered("Alder Labs")
    with pytest.raises(AlreadyRegistered):
        register_organization(actor=margaret.as_actor(), name="ALDER LABS", country="", is_lab=False, now=NOON)


def test_a_name_in_another_script_gets_an_address_of_its_own(db: None) -> None:
    first, second = registered("株式会社ハンノキ"), registered("شركة الحور")
    assert first.slug
    assert second.slug
    assert first.slug != second.slug


def test_two_names_may_shorten_to_the_same_address(db: None) -> None:
    assert registered("Alder Labs").slug != registered("Alder, Labs!").slug


def test_radia_declares_a_tie_with_its_source(radia: User, db: None) -> None:
    holding, lab = registered("Birch Holding"), registered("Alder Labs")
    tie = declare_tie(
        actor=radia.as_actor(),
        holder=holding,
        held=lab,
        kind=TieKind.OWNERSHIP,
        share=Decimal("62.50"),
        since=SPRING,
        source="Trade register, file 12",
        now=NOON,
    )
    facts = facts_about(tie)
    assert trail_of(tie) == [OrganizationEvent.TIE_DECLARED]
    assert (facts["holder"], facts["held"], facts["share"]) == (holding.ref, lab.ref, "62.50")
    assert "Trade register" not in str(facts)


def test_a_tie_can_be_declared_once(db: None) -> None:
    holding, lab = registered("Birch Holding"), registered("Alder Labs")
    owns(holding, lab)
    with pytest.raises(AlreadyTied):
        owns(holding, lab)


def test_an_organization_is_not_tied_to_itself(db: None) -> None:
    lab = registered("Alder Labs")
    with pytest.raises(NotATie):
        owns(lab, lab)


def test_a_tie_does_not_end_before_it_begins(db: None) -> None:
    with pytest.raises(NotATie):
        owns(registered("Birch Holding"), registered("Alder Labs"), until=date(2026, 3, 31))


@pytest.mark.parametrize(
    ("kind", "share"), [(TieKind.OWNERSHIP, "0"), (TieKind.OWNERSHIP, "101"), (TieKind.CUSTOMER, "5")]
)
def test_a_share_is_a_part_of_what_is_owned(db: None, kind: TieKind, share: str) -> None:
    with pytest.raises(NotATie):
        declare_tie(
            actor=Actor.system("tests.cast"),
            holder=registered("Birch Holding"),
            held=registered("Alder Labs"),
            kind=kind,
            share=Decimal(share),
            since=SPRING,
            source="A notice",
            now=NOON,
        )


def test_the_database_refuses_a_customer_with_a_share(db: None) -> None:
    holding, lab = registered("Birch Holding"), registered("Alder Labs")
    with pytest.raises(IntegrityError), transaction.atomic():
        Tie.objects.create(
            holder=holding, held=lab, kind=TieKind.CUSTOMER, share=Decimal(5), since=SPRING, source="A notice"
        )


def test_a_tie_ends_once_and_stays_in_the_register(margaret: User) -> None:
    tie = owns(registered("Birch Holding"), registered("Alder Labs"))
    end_tie(actor=margaret.as_actor(), tie=tie, until=date(2026, 9, 1), now=NOON)
    with pytest.raises(TieAlreadyEnded):
        end_tie(actor=margaret.as_actor(), tie=tie, until=date(2026, 10, 1), now=NOON)
    found = register(on=date(2026, 9, 1))
    assert [(line.until, line.holds) for line in found.ties] == [(date(2026, 9, 1), False)]
    assert register(on=date(2026, 8, 31)).ties_that_hold == 1
    assert trail_of(tie) == [OrganizationEvent.TIE_DECLARED, OrganizationEvent.TIE_ENDED]


def test_mallory_cannot_end_a_tie(mallory: User) -> None:
    tie = owns(registered("Birch Holding"), registered("Alder Labs"))
    with pytest.raises(NotPermitted):
        end_tie(actor=mallory.as_actor(), tie=tie, until=date(2026, 9, 1), now=NOON)


def test_an_employer_is_recognised_by_name_whatever_its_case(db: None) -> None:
    lab = registered("Alder Labs")
    assert registered_under(" alder  LABS ") == lab
    assert registered_under("Alder") is None
