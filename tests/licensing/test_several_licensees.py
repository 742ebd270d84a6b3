"""Somebody who speaks for two licensees: they choose, everywhere, and nothing is done for the one that comes first."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.licensing.models import AccessRequest, LicenseeKey
from apps.organizations.queries import tied, tied_each
from tests.licensing.partners import LATER, Partner, partner
from tests.licensing.test_licensee_pages import WISH, signed_in, text_of
from tests.organizations.test_register import owns, registered

pytestmark = pytest.mark.django_db
OWN = ("terms/", "keys/", "recipients/", "requests/", "requests/new/")


@pytest.fixture
def two(margaret: User) -> tuple[Partner, Partner]:
    """Two licensees for which Ingrid speaks; by name the second comes first."""
    return partner(margaret), partner(margaret, "Atoll Institute")


def test_each_page_asks_for_whom_and_nothing_is_done_without_an_answer(two: tuple[Partner, Partner]) -> None:
    university, atoll = two
    client = signed_in(university.contact)
    for page in OWN:
        assert "For which licensee?" in text_of(client, f"/releases/mine/{page}")
        assert "For which licensee?" not in text_of(client, f"/releases/mine/{page}?licensee={university.licensee.pk}")
        for odd in ("0", "x", "9" * 30, str(university.licensee.pk + 99)):
            assert client.get(f"/releases/mine/{page}", {"licensee": odd}).status_code == 404
    wish = WISH | {"recipients": [str(university.organization.pk)]}
    assert client.post("/releases/mine/requests/new/", wish).status_code == 422
    assert client.post("/releases/mine/keys/", {"name": "Server", "days": 9}).status_code == 422
    assert not AccessRequest.objects.exists()
    assert not LicenseeKey.objects.exists()
    chosen = f"?licensee={university.licensee.pk}"
    answer = client.post(f"/releases/mine/requests/new/{chosen}", wish)
    assert (answer.status_code, answer["Location"]) == (302, f"/releases/mine/requests/{chosen}")
    assert AccessRequest.objects.get().licensee == university.licensee
    assert (
        client.post(f"/releases/mine/keys/?licensee={atoll.licensee.pk}", {"name": "S", "days": 9}).status_code == 200
    )
    key = LicenseeKey.objects.get()
    assert key.licensee == atoll.licensee
    # What has a number of its own needs no choice, and leads back to whose it is.
    answer = client.post(f"/releases/mine/keys/{key.pk}/revoke/")
    assert answer["Location"] == f"/releases/mine/keys/?licensee={atoll.licensee.pk}"
    assert "Meridian University" in text_of(client, f"/releases/mine/requests/{AccessRequest.objects.get().pk}/")


def test_home_and_releases_show_both_and_nobody_elses(two: tuple[Partner, Partner], margaret: User) -> None:
    other = partner(margaret, "Corvid Analytics", "joan")
    client = signed_in(two[0].contact)
    for address in ("/home/?as=licensee", "/releases/mine/", "/releases/mine/notices/"):
        page = text_of(client, address)
        assert "Atoll Institute" in page, address
        assert "Meridian University" in page, address
        assert "Corvid" not in page, address
    assert client.get(f"/releases/mine/?licensee={other.licensee.pk}").status_code == 404
    # Whoever speaks for one alone is asked nothing.
    assert "For which licensee?" not in text_of(signed_in(other.contact), "/releases/mine/terms/")


def test_the_public_list_asks_the_database_no_more_for_more_licensees(margaret: User) -> None:
    lab = registered("Fjord AI")
    counted = []
    for number in range(6):
        made = partner(margaret, f"Institute {number}", "joan")
        owns(lab, made.organization)
        if number in {1, 5}:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert Client().get("/releases/licensees/").status_code == 200
            counted.append(len(queries))
    assert counted[0] == counted[1]


def test_ways_found_all_at_once_are_those_found_one_by_one() -> None:
    these = [registered(f"Organization {number}") for number in range(9)]
    for holder, held in ((0, 3), (3, 4), (4, 0), (1, 4), (2, 5), (5, 6), (6, 2), (7, 6)):
        owns(these[holder], these[held])
    groups = [[one.pk] for one in these] + [[], [these[0].pk, these[7].pk]]
    for goal in ([these[4].pk, these[6].pk], [these[8].pk], []):
        assert tied_each(groups, goal, on=LATER.date()) == [tied(group, goal, on=LATER.date()) for group in groups]
