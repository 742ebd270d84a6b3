"""The rulebook: readable by everybody, the same in the database as in the text, with numbers that code can ask for."""

import pytest
from django.test import Client

from apps.policy.domain.rulebook import FIRST_EDITION, SUBJECTS
from apps.policy.queries import UnknownClause, clause, current_version, parameter, rulebook

pytestmark = pytest.mark.django_db


def test_the_first_edition_is_in_force() -> None:
    assert current_version() == 1
    assert {found.number for found in rulebook()} == {text.number for text in FIRST_EDITION}
    assert clause("W1").text == next(text.text for text in FIRST_EDITION if text.number == "W1")


def test_every_clause_belongs_to_a_subject() -> None:
    assert {text.number[0] for text in FIRST_EDITION} == set(SUBJECTS)


def test_a_number_is_asked_for_by_its_clause_and_name() -> None:
    assert parameter("W1", "min_age_days") == 60


@pytest.mark.parametrize(("number", "name"), [("W1", "nothing"), ("Z9", "min_age_days"), ("", ""), ("W1'--", "x")])
def test_what_does_not_exist_is_a_clear_error(number: str, name: str) -> None:
    with pytest.raises(UnknownClause):
        parameter(number, name)


def test_a_visitor_reads_the_rulebook(client: Client) -> None:
    page = client.get("/rulebook/")
    assert page.status_code == 200
    assert "Live data is never sold" in page.content.decode()
    assert client.get("/rulebook/W1/").status_code == 200


@pytest.mark.parametrize("address", ["/rulebook/Z9/", "/rulebook/W1/?version=99", "/rulebook/W1/?version=9999999999"])
def test_a_clause_that_is_not_there_is_not_found(client: Client, address: str) -> None:
    # A version that is no number of a version is the one in force.
    assert client.get(address).status_code == (200 if address.endswith("9999999") else 404)


def test_the_numbers_of_every_clause_have_words(client: Client) -> None:
    for text in rulebook():
        page = client.get(f"/rulebook/{text.number}/").content.decode()
        for name in text.parameters:
            assert "_" not in name or name not in page, (text.number, name)
    assert "Days since the last live event" in client.get("/rulebook/W1/").content.decode()
    assert "<dd>5%</dd>" in client.get("/rulebook/P1/").content.decode()
    # A seed is a name that looks like a number, and nobody groups the digits of a name.
    assert "20260902" in client.get("/rulebook/R1/").content.decode()
