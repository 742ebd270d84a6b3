"""Whether a file may leave: page, API, and every kind of answer to a download say the same."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.models import Agreement, Delivery
from apps.licensing.services import end_agreement, end_recipient, suspend_licensee
from apps.organizations.models import TieKind
from apps.organizations.services import declare_tie
from tests.licensing.opened import Opened
from tests.organizations.test_register import registered

pytestmark = pytest.mark.committed


@pytest.fixture(autouse=True)
def _no_throttle_from_before() -> None:
    cache.clear()


def _agreement_ended(opened: Opened) -> None:
    end_agreement(
        actor=opened.officer.as_actor(), licensee_id=opened.world.licensee.pk, reason="Over", now=timezone.now()
    )


def _expired(opened: Opened) -> None:
    opened.world.rewritten("licensing_agreement", "UPDATE licensing_agreement SET expires_at = now() - interval '1 s'")


def _owners_changed(opened: Opened) -> None:
    declare_tie(
        actor=Actor.system("tests.cast"),
        holder=registered("Fund"),
        held=opened.world.licensee.organization,
        kind=TieKind.OWNERSHIP,
        since=(timezone.now() - timedelta(days=1)).date(),
        source="A file",
        now=timezone.now(),
    )


def _nobody_named(opened: Opened) -> None:
    for one in opened.world.licensee.final_recipients.filter(ended_at=None):
        end_recipient(
            actor=opened.contact.as_actor(),
            licensee_id=opened.world.licensee.pk,
            recipient_id=one.pk,
            now=timezone.now(),
        )


def _suspended(opened: Opened) -> None:
    suspend_licensee(
        actor=opened.officer.as_actor(),
        licensee_id=opened.world.licensee.pk,
        clause_number="W11",
        reason="x",
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("happens", "obstacle", "words"),
    [
        (_agreement_ended, "no-agreement", "No agreement in force"),
        (_expired, "agreement-expired", "Your agreement has expired"),
        (_owners_changed, "control-changed", "Your owners changed"),
        (_nobody_named, "recipient-undeclared", "No final recipient named"),
        (_suspended, "suspended", "You are suspended"),
    ],
)
def test_page_api_and_every_answer_say_the_same(
    opened: Opened, client: Client, happens: Callable[[Opened], None], obstacle: str, words: str
) -> None:
    client.force_login(opened.contact)
    page = f"/releases/mine/{opened.edition.pk}/"
    file = opened.address()
    assert Agreement.objects.filter(ended_at=None).exists()
    assert file in client.get(page).content.decode()
    happens(opened)
    shown = client.get(page).content.decode()
    assert words in shown
    assert file not in shown
    (told,) = client.get("/api/v1/releases/").json()
    assert (told["obstacle"], told["state"]) == (obstacle, "open")
    kept = {"headers": {"If-None-Match": f'"{opened.table.sha256}"'}}
    beyond = {"headers": {"Range": f"bytes={opened.table.bytes}-"}}
    for address in (file, f"/api/v1/releases/{opened.edition.pk}/files/{opened.table.name}"):
        for answer in (
            client.get(address),
            client.head(address),
            client.get(address, **kept),  # type: ignore[arg-type]
            client.get(address, **beyond),  # type: ignore[arg-type]
        ):
            assert answer.status_code in {403, 409}, (address, answer.status_code)
            assert "ETag" not in answer
    assert not Delivery.objects.exists()


def test_what_is_open_is_offered_by_all_of_them(opened: Opened, client: Client, ada: User) -> None:
    client.force_login(opened.contact)
    (told,) = client.get("/api/v1/releases/").json()
    assert told["obstacle"] is None
    assert client.head(opened.address()).status_code == 200
    number = opened.world.licensee.pk
    assert len(client.get(f"/api/v1/releases/?licensee={number}").json()) == 1
    assert client.get(f"/api/v1/releases/?licensee={number + 1}").status_code == 404
    for odd in ("x", "-1", "1" * 40, "\u0661"):
        assert client.get("/api/v1/releases/", {"licensee": odd}).status_code == 400
    client.force_login(ada)
    assert client.get("/api/v1/releases/").json() == []
