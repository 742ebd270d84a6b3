"""Models, the endpoints where they answer, and what those who run them see."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.battles.events import BattleEvent
from apps.battles.models import Endpoint, LanguageModel, Provider, Side, VoidReason
from apps.battles.queries import candidates, endpoint_lines
from apps.battles.services import ModelNameTaken, NotAnEndpoint, change_endpoint, register_model, void_battle
from tests.battles.arena import PLATFORM, Arena, add_lab
from tests.conftest import NOON
from tests.trails import facts_about, trail_of


def register(user: User, name: str = "Saffron 1", **more: Any) -> LanguageModel:
    given: dict[str, Any] = {
        "provider": Provider.OPENAI,
        "remote_name": "saffron-1",
        "base_url": "https://models.example/v1",
        "key_reference": "SHOWDOWN_MODEL_KEY_MERIDIAN",
    }
    lab = add_lab(f"Lab of {name}")
    return register_model(
        actor=user.as_actor(),
        name=name,
        organization=lab,
        now=NOON,
        **(given | more),
    )


def test_a_network_administrator_registers_a_model(radia: User) -> None:
    model = register(radia)
    endpoint = model.endpoints.get()
    assert endpoint.redistribution_allowed is None
    assert trail_of(model) == [BattleEvent.MODEL_REGISTERED]
    assert "models.example" not in str(facts_about(model))
    assert [candidate.model_id for candidate in candidates()] == [model.pk]


def test_others_register_and_change_nothing(ada: User, grace: User, radia: User) -> None:
    endpoint = register(radia).endpoints.get()
    for person in (ada, grace):
        with pytest.raises(NotPermitted):
            register(person, f"Model of {person.display_name}")
        with pytest.raises(NotPermitted):
            change_endpoint(actor=person.as_actor(), endpoint_id=endpoint.pk, weight=9, is_active=True, now=NOON)


def test_a_name_is_taken_once_also_when_it_reads_the_same_in_an_address(radia: User) -> None:
    register(radia, "Saffron 1")
    with pytest.raises(ModelNameTaken):
        register(radia, "saffron-1")
    assert LanguageModel.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://models.example/v1"},
        {"base_url": "ftp://models.example"},
        {"base_url": ""},
        {"base_url": "https://user:secret@models.example/v1"},
        {"base_url": "https://models.example/v1?key=secret"},
        {"base_url": "https://[models.example"},
        {"key_reference": "DATABASE_URL"},
        {"key_reference": "SHOWDOWN_SECRET_KEY"},
        {"key_reference": "SHOWDOWN_MODEL_KEY_"},
        {"weight": -1.0},
        {"weight": float("nan")},
        {"weight": float("inf")},
        {"provider": Provider.RECORDED},
    ],
)
def test_what_cannot_be_an_endpoint_is_refused(radia: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAnEndpoint):
        register(radia, **wrong)
    assert not LanguageModel.objects.exists()


def test_no_row_ever_names_another_secret(arena: Arena) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Endpoint.objects.update(key_reference="SHOWDOWN_SECRET_KEY")


def test_a_weight_is_changed_and_the_log_says_from_what_to_what(radia: User, arena: Arena) -> None:
    endpoint = Endpoint.objects.get(model__name="Cobalt 2")
    after = change_endpoint(actor=radia.as_actor(), endpoint_id=endpoint.pk, weight=2.5, is_active=False, now=NOON)
    assert facts_about(after) == {
        "before": {"weight": 1, "is_active": True},
        "after": {"weight": 2.5, "is_active": False},
    }
    assert len(candidates()) == 2
    with pytest.raises(NotAnEndpoint):
        change_endpoint(actor=radia.as_actor(), endpoint_id=0, weight=1, is_active=True, now=NOON)


def test_those_who_run_the_models_see_shares_and_failures(ada: User, radia: User, arena: Arena) -> None:
    change_endpoint(
        actor=radia.as_actor(),
        endpoint_id=Endpoint.objects.get(model__name="Tamarind Large").pk,
        weight=2,
        is_active=True,
        now=NOON,
    )
    battle = arena.asked(ada)
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.CUT, side=Side.LEFT, now=NOON)
    lines = {line.model: line for line in endpoint_lines(now=NOON + timedelta(hours=1))}
    assert {name: line.share for name, line in lines.items()} == {
        "Cobalt 2": 0.25,
        "Cobalt 3": 0.25,
        "Tamarind Large": 0.5,
    }
    failed, other = lines[battle.left_model.name], lines[battle.right_model.name]
    assert (failed.asked, failed.failed, failed.failure_rate) == (1, 1, 1.0)
    assert (failed.last_failed_at, failed.last_reason) == (NOON, str(VoidReason.CUT.label))
    assert (other.asked, other.failed, other.last_reason) == (1, 0, "")
