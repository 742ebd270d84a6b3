"""The register on the web: open to everybody, written by its keepers."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.organizations.models import Organization, Tie
from tests.organizations.test_register import owns, registered
from tests.trails import refusals

REGISTER = reverse("organizations:register")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everybody_reads_the_register_with_dates_and_sources(db: None) -> None:
    owns(registered("Birch Holding"), registered("Alder Labs", is_lab=True), until=date(2026, 9, 1))
    page = Client().get(REGISTER).content.decode()
    for words in ("Birch Holding", "Alder Labs", "1 Sept 2026", "Trade register, file 12", "1 lab, and everybody"):
        assert words in page
    assert reverse("organizations:new") not in page


def test_the_register_of_another_day_and_of_one_organization(db: None) -> None:
    lab = registered("Alder Labs", is_lab=True)
    owns(registered("Birch Holding"), lab, since=date(2026, 5, 1))
    registered("Cedar Press")
    early = Client().get(REGISTER, {"on": "2026-04-30"}).content.decode()
    assert "0 ties in force" in early
    around = Client().get(REGISTER, {"of": "alder-labs", "on": "2026-05-01"}).content.decode()
    assert "Birch Holding" in around
    assert "Cedar Press" not in around


@pytest.mark.parametrize("asked", [{"on": "yesterday"}, {"on": "2026-99-99"}, {"of": "x" * 9000}, {"of": "\x00"}])
def test_odd_addresses_do_no_harm(db: None, asked: dict[str, str]) -> None:
    assert Client().get(REGISTER, asked).status_code == 200


def test_markup_in_a_name_stays_text(db: None) -> None:
    registered("<script>alert(1)</script>")
    assert "<script>alert" not in Client().get(REGISTER).content.decode()


def test_the_number_of_queries_does_not_grow(db: None, django_assert_num_queries: object) -> None:
    def look() -> None:
        with django_assert_num_queries(2):  # type: ignore[operator]
            Client().get(REGISTER)

    look()
    holding = registered("Birch Holding")
    for number in range(12):
        owns(holding, registered(f"Daughter {number}"))
    look()


def test_margaret_writes_the_register_on_the_web(margaret: User) -> None:
    client = signed_in(margaret)
    for name in ("Alder Labs", "Birch Holding"):
        client.post(reverse("organizations:new"), {"name": name, "country": "BR", "is_lab": "on"})
    lab, holding = Organization.objects.get(slug="alder-labs"), Organization.objects.get(slug="birch-holding")
    said = {"holder": holding.pk, "held": lab.pk, "kind": "ownership", "since": "2026-04-01", "source": "File 12"}
    assert client.post(reverse("organizations:new_tie"), said).status_code == 302
    tie = Tie.objects.get()
    assert client.get(reverse("organizations:end_tie", args=[tie.pk])).status_code == 200
    client.post(reverse("organizations:end_tie", args=[tie.pk]), {"until": "2026-09-01"})
    tie.refresh_from_db()
    assert tie.until == date(2026, 9, 1)


def test_a_refusal_stands_beside_the_field_and_in_the_log(margaret: User) -> None:
    registered("Alder Labs")
    answer = signed_in(margaret).post(reverse("organizations:new"), {"name": "alder labs", "country": ""})
    assert answer.status_code == 422
    assert "already in the register" in answer.content.decode()
    assert refusals() == ["already-registered"]


@pytest.mark.parametrize("page", ["organizations:new", "organizations:new_tie"])
def test_mallory_does_not_even_see_the_forms(mallory: User, page: str) -> None:
    client = signed_in(mallory)
    assert client.get(reverse(page)).status_code == 403
    assert client.post(reverse(page), {"name": "Mine"}).status_code == 403
    assert not Organization.objects.exists()


def test_a_tie_that_does_not_exist_is_not_found(margaret: User) -> None:
    assert signed_in(margaret).get(reverse("organizations:end_tie", args=[2**40])).status_code == 404


def test_everybody_sees_how_two_are_tied(db: None) -> None:
    holding, lab, buyer = registered("Birch Holding"), registered("Alder Labs"), registered("Cedar Press")
    owns(holding, lab)
    owns(holding, buyer)
    registered("Oak")
    told = {"a": "alder-labs", "b": "cedar-press", "on": "2026-09-14"}
    page = Client().get("/register/path/", told).content.decode()
    assert "are tied by 2 steps" in page
    assert "Trade register, file 12" in page
    assert "are not tied" in Client().get("/register/path/", told | {"b": "oak"}).content.decode()
    assert "are not tied" in Client().get("/register/path/", told | {"kinds": "customer"}).content.decode()
    assert "are not tied" in Client().get("/register/path/", told | {"on": "2020-01-01"}).content.decode()


@pytest.mark.parametrize(
    "asked",
    [{"a": "x"}, {"a": "\x00", "b": "x" * 9000}, {"a": "x", "b": "y", "on": "never"}, {"a": "1", "kinds": "friend"}],
)
def test_odd_questions_about_two_are_answered_with_the_form(db: None, asked: dict[str, str]) -> None:
    assert Client().get("/register/path/", asked).status_code == 422
