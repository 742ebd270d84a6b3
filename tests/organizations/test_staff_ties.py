"""Ties of those who work here: declared and ended by themselves, seen by nobody on the public page."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.organizations.events import OrganizationEvent
from apps.organizations.models import StaffTie, StaffTieKind
from apps.organizations.queries import ties_of_person
from apps.organizations.services import (
    AlreadyTied,
    NotATie,
    NotYourTie,
    TieAlreadyEnded,
    declare_staff_tie,
    end_staff_tie,
)
from tests.conftest import NOON
from tests.organizations.test_register import registered
from tests.organizations.test_register_pages import signed_in
from tests.trails import facts_about, trail_of

TODAY, SPRING = date(2026, 9, 14), date(2026, 4, 1)


def declared(person: User, name: str = "Birch Holding") -> StaffTie:
    return declare_staff_tie(
        actor=person.as_actor(),
        organization=registered(name),
        kind=StaffTieKind.EMPLOYMENT,
        since=SPRING,
        source="My employer",
        now=NOON,
    )


def test_katherine_declares_and_ends_a_tie(katherine: User) -> None:
    tie = declared(katherine)
    assert facts_about(tie)["organization"] == tie.organization.ref
    assert [line.holds for line in ties_of_person(katherine.pk, on=TODAY)] == [True]
    end_staff_tie(actor=katherine.as_actor(), tie_id=tie.pk, until=TODAY, now=NOON)
    assert trail_of(tie) == [OrganizationEvent.STAFF_TIE_DECLARED, OrganizationEvent.STAFF_TIE_ENDED]
    assert [line.holds for line in ties_of_person(katherine.pk, on=TODAY)] == [False]
    assert [line.holds for line in ties_of_person(katherine.pk, on=date(2026, 9, 13))] == [True]
    with pytest.raises(TieAlreadyEnded):
        end_staff_tie(actor=katherine.as_actor(), tie_id=tie.pk, until=TODAY, now=NOON)


def test_auditors_declare_like_approvers_and_contributors_do_not(barbara: User, ada: User) -> None:
    assert declared(barbara).account == barbara
    with pytest.raises(NotPermitted):
        declared(ada, "Another")


def test_nobody_ends_somebody_elses(katherine: User, dorothy: User) -> None:
    tie = declared(katherine)
    with pytest.raises(NotYourTie):
        end_staff_tie(actor=dorothy.as_actor(), tie_id=tie.pk, until=TODAY, now=NOON)
    assert signed_in(dorothy).get(f"/register/mine/{tie.pk}/end/").status_code == 404


def test_what_cannot_be_is_refused_by_name(katherine: User) -> None:
    tie = declared(katherine)
    told: dict[str, Any] = {"actor": katherine.as_actor(), "organization": tie.organization, "source": "x", "now": NOON}
    with pytest.raises(AlreadyTied):
        declare_staff_tie(kind=StaffTieKind.EMPLOYMENT, since=SPRING, **told)
    with pytest.raises(NotATie):
        declare_staff_tie(kind=StaffTieKind.OFFICE, since=SPRING, until=date(2026, 3, 1), **told)
    with pytest.raises(NotATie):
        end_staff_tie(actor=katherine.as_actor(), tie_id=tie.pk, until=date(2026, 3, 1), now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        StaffTie.objects.create(
            account=katherine, organization=tie.organization, kind="friend", since=SPRING, source="x", declared_at=NOON
        )


def test_the_page_takes_a_tie_and_the_public_register_names_nobody(katherine: User, ada: User) -> None:
    holding = registered("Birch Holding")
    client = signed_in(katherine)
    told: dict[str, Any] = {
        "kind": "employment",
        "organization": str(holding.pk),
        "since": "2026-04-01",
        "source": "My employer",
    }
    assert client.post("/register/mine/", told, follow=True).status_code == 200
    page = client.get("/register/mine/").content.decode()
    assert "Birch Holding" in page
    tie = StaffTie.objects.get()
    assert client.post(f"/register/mine/{tie.pk}/end/", {"until": "2026-09-14"}).status_code == 302
    assert client.post("/register/mine/", {**told, "since": "never"}).status_code == 422
    assert katherine.pseudonym not in Client().get("/register/").content.decode()
    assert signed_in(ada).get("/register/mine/").status_code == 403
    assert Client().get("/register/mine/").status_code == 302
