"""The page of those who run the models."""

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.battles.models import Endpoint, LanguageModel, Side, VoidReason
from apps.battles.services import void_battle
from apps.organizations.models import Organization
from tests.battles.arena import PLATFORM, Arena
from tests.trails import refusals


@pytest.fixture
def radias(radia: User, client: Client) -> Client:
    client.force_login(radia)
    return client


def filled(**more: object) -> dict[str, object]:
    lab = Organization.objects.get(name="Banyan Labs")
    return {
        "name": "Tamarind Small",
        "organization": lab.pk,
        "state": "public",
        "provider": "openai",
        "remote_name": "tamarind-small",
        "base_url": "https://models.example/v1",
        "key_reference": "SHOWDOWN_MODEL_KEY_BANYAN",
        "redistribution_allowed": "yes",
        "weight": "0.5",
    } | more


def test_failures_of_the_week_are_in_the_headline_and_in_their_row(radias: Client, ada: User, arena: Arena) -> None:
    assert "Every endpoint answers" in radias.get("/battles/models/").content.decode()
    now = timezone.now()
    battle = arena.asked(ada, now=now)
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.STALLED, side=Side.LEFT, now=now)
    text = radias.get("/battles/models/").content.decode()
    assert "endpoints failed at least once this week" in text
    assert str(VoidReason.STALLED.label) in text
    assert "33.3" in text
    # Those who run the models see people and counts, never what was asked or answered.
    assert arena.prompt.text not in text


def test_a_model_is_registered_by_its_form(radias: Client, arena: Arena) -> None:
    response = radias.post("/battles/models/register/", filled(), follow=True)
    assert "Tamarind Small is registered" in response.content.decode()
    endpoint = Endpoint.objects.get(model__name="Tamarind Small")
    assert (endpoint.redistribution_allowed, endpoint.weight) == (True, 0.5)
    assert endpoint.key_reference == "SHOWDOWN_MODEL_KEY_BANYAN"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "cobalt-2"}, "registered already"),
        ({"base_url": "http://models.example/v1"}, "begins with https://"),
        ({"key_reference": "SHOWDOWN_SECRET_KEY"}, "SHOWDOWN_MODEL_KEY_"),
        ({"weight": "nan"}, "number"),
        ({"name": ""}, "required"),
        ({"provider": "telepathy"}, "valid choice"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(radias: Client, arena: Arena, wrong: dict[str, object], told: str) -> None:
    response = radias.post("/battles/models/register/", filled(**wrong))
    assert response.status_code == 422
    assert told in response.content.decode()
    assert LanguageModel.objects.count() == 3


def test_a_weight_is_changed_in_its_row(radias: Client, arena: Arena) -> None:
    endpoint = Endpoint.objects.get(model__name="Cobalt 2")
    radias.post(f"/battles/models/{endpoint.pk}/", {"weight": "0"})
    endpoint.refresh_from_db()
    assert (endpoint.weight, endpoint.is_active) == (0, False)
    response = radias.post(f"/battles/models/{endpoint.pk}/", {"weight": "-1"}, follow=True)
    assert "number from 0 to 1000" in response.content.decode()
    assert "no such endpoint" in radias.post("/battles/models/0/", {"weight": "1"}, follow=True).content.decode()


def test_moderators_look_and_change_nothing(client: Client, grace: User, arena: Arena) -> None:
    client.force_login(grace)
    text = client.get("/battles/models/").content.decode()
    assert "Cobalt 2" in text
    assert "Register a model" not in text
    assert client.post("/battles/models/register/", filled()).status_code == 403
    endpoint = Endpoint.objects.get(model__name="Cobalt 2")
    assert client.post(f"/battles/models/{endpoint.pk}/", {"weight": "9"}).status_code == 403
    assert LanguageModel.objects.count() == 3
    assert refusals() == ["not-permitted", "not-permitted"]


def test_contributors_do_not_see_the_endpoints(client: Client, ada: User, arena: Arena) -> None:
    client.force_login(ada)
    assert client.get("/battles/models/").status_code == 403
    assert client.get("/battles/models/register/").status_code == 403
