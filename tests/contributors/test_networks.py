"""What a network administrator sees: people and counts, never content or a ballot."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.contributors.models import Attribute, Contributor, Network, Standing
from apps.contributors.queries import PEOPLE_A_PAGE, PeopleFilter, network_overview, people
from tests.conftest import NOON, make_contributor
from tests.prompts.writing import PHOTOSYNTHESIS, written

NETWORKS = reverse("contributors:networks")
PEOPLE = reverse("contributors:people")


@pytest.fixture
def window(radia: User) -> Client:
    """Radia's browser, signed in."""
    client = Client()
    client.force_login(radia)
    return client


def test_people_are_counted_by_standing_and_by_what_they_declare(ada: User, mallory: User) -> None:
    Contributor.objects.filter(account=mallory).update(standing=Standing.SUSPENDED)
    overview = network_overview()
    assert overview.by_standing[Standing.ACTIVE] == 1
    assert overview.by_standing[Standing.SUSPENDED] == 1
    assert overview.by_attribute[Attribute.COUNTRY] == (("BR", 1),)
    assert set(overview.by_attribute[Attribute.LANGUAGE]) == {("pt", 1), ("en", 1)}
    assert [(line.name, line.people) for line in overview.networks] == [("Everyone", 2)]


def test_imported_voters_are_not_people_who_came_here(ada: User) -> None:
    imported = Network.objects.create(name="Imported", is_imported=True)
    Contributor.objects.create(network=imported, joined_at=NOON, standing=Standing.ACTIVE, activated_at=NOON)
    assert network_overview().people == 1
    assert len(people(PeopleFilter()).lines) == 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PeopleFilter(), {"ada", "mallory"}),
        (PeopleFilter(country="BR"), {"ada"}),
        (PeopleFilter(language="en"), {"ada", "mallory"}),
        (PeopleFilter(language="en", country="DE"), {"mallory"}),
        (PeopleFilter(standing="suspended"), set()),
        (PeopleFilter(network="Nowhere"), set()),
        (PeopleFilter(profession="2310"), {"ada", "mallory"}),
    ],
)
def test_filters_narrow_the_list(ada: User, mallory: User, wanted: PeopleFilter, found: set[str]) -> None:
    names = {ada.pseudonym: "ada", mallory.pseudonym: "mallory"}
    assert {names[line.pseudonym] for line in people(wanted).lines} == found


def test_pages_follow_each_other(ada: User) -> None:
    network = Network.objects.get(name="Everyone")
    Contributor.objects.bulk_create(Contributor(network=network, joined_at=NOON) for _ in range(PEOPLE_A_PAGE + 5))
    first = people(PeopleFilter())
    second = people(PeopleFilter(), before=first.older)
    seen = [line.id for line in (*first.lines, *second.lines)]
    assert len(seen) == len(set(seen)) == PEOPLE_A_PAGE + 6
    assert second.older is None


def test_radia_sees_people_and_counts_and_no_content(window: Client, ada: User) -> None:
    prompt = written(ada)
    contributor = Contributor.objects.get(account=ada)
    shown = window.get(NETWORKS).content.decode() + window.get(PEOPLE).content.decode()
    assert ada.pseudonym in shown
    assert "Brazil" in shown
    for hidden in (PHOTOSYNTHESIS, prompt.text, ada.email, ada.display_name + "<", str(contributor.voter_id)):
        assert hidden not in shown


@pytest.mark.parametrize("address", [NETWORKS, PEOPLE])
def test_nobody_else_sees_them(ada: User, grace: User, address: str) -> None:
    for user in (ada, grace):
        client = Client()
        client.force_login(user)
        assert client.get(address).status_code == 403
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize(
    "asked",
    [{"before": "x"}, {"before": "9" * 500}, {"country": "\x00"}, {"network": "<script>"}, {"standing": "king"}],
)
def test_odd_addresses_show_everybody(window: Client, ada: User, asked: dict[str, str]) -> None:
    answer = window.get(PEOPLE, asked)
    assert answer.status_code == 200
    assert ada.pseudonym in answer.content.decode()


@pytest.mark.parametrize("address", [NETWORKS, PEOPLE])
def test_the_number_of_queries_does_not_grow(window: Client, person: Callable[..., User], address: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            window.get(address)
        return len(captured)

    make_contributor(person("joan"))
    queries()
    few = queries()
    for number in range(12):
        make_contributor(person(f"person{number}"))
    assert queries() == few
