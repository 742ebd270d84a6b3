"""Who gets a release is declared at any time, and what is too young for them is held back from that moment on."""

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.licensing.flows import approve, open_now
from apps.licensing.models import Delivery, Offer, Release
from apps.licensing.queries.deliveries import obstacle_to
from apps.licensing.services import HeldBack, declare_recipient, offer_to
from apps.organizations.services import register_organization
from tests.licensing.offered import (
    BUILDER,
    another_licensee,
    proved,
    sealed_release,
    when_the_lock_is_over,
    with_editions,
)
from tests.licensing.opened import Opened
from tests.licensing.races import weakened
from tests.licensing.test_deliver_or_cancel import delivering
from tests.licensing.world import SYSTEM, World
from tests.policy.history import decree

pytestmark = pytest.mark.committed


def a_lab_is_named(opened: Opened) -> None:
    """Ingrid says after the opening that a lab is to get her copy as well."""
    declare_recipient(
        actor=opened.contact.as_actor(),
        licensee_id=opened.edition.licensee_id,
        organization=opened.world.models[0].organization,
        now=timezone.now(),
    )


def test_a_lab_that_is_named_after_the_opening_gets_nothing_young(opened: Opened, client: Client) -> None:
    assert obstacle_to(opened.edition, at=timezone.now()) is None
    a_lab_is_named(opened)
    with pytest.raises(HeldBack) as refused:
        opened.sending()
    assert refused.value.clause == "W5"
    assert not Delivery.objects.exists()
    client.force_login(opened.contact)
    assert client.get(opened.address()).status_code == 409
    assert "Held back" in client.get(f"/releases/mine/{opened.edition.pk}/").content.decode()


def test_the_database_says_so_by_itself(opened: Opened, app: psycopg.Connection[object]) -> None:
    a_lab_is_named(opened)
    statement = delivering(opened)[1].encode()
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not open for delivery"):
        app.execute(statement)
    weakened(
        opened.world.owner,
        "delivery_stands_open(bigint,boolean)",
        ("release_on_the_board(r.id) = '{}'", "true"),
    )
    app.execute(statement)
    assert Delivery.objects.exists()


def test_somebody_who_is_not_on_the_board_is_named_at_any_time(opened: Opened) -> None:
    atoll = register_organization(actor=SYSTEM, name="Atoll Institute", country="FJ", is_lab=False, now=timezone.now())
    declare_recipient(
        actor=opened.contact.as_actor(),
        licensee_id=opened.edition.licensee_id,
        organization=atoll,
        now=timezone.now(),
    )
    opened.fetch()


def later_offer(world: World, margaret: User, ingrid: User, name: str) -> Offer:
    """Offer what was drafted under stricter rules, after they were loosened."""
    decree(world.owner, "W5", hold_back_days=400)
    decree(world.owner, "W6", hours=100)
    release: Release = sealed_release(world, margaret, days_ago=200)
    decree(world.owner, "W5", hold_back_days=180)
    loose = decree(world.owner, "W6", hours=72)
    other = another_licensee(margaret, name, ingrid)
    offer = offer_to(actor=margaret.as_actor(), release_id=release.pk, licensees=[other], now=timezone.now())
    assert (offer.policy_version, release.policy_version) == (loose, loose - 2)
    return with_editions(offer)


def test_a_later_offer_keeps_to_the_rules_of_the_draft(
    world: World, margaret: User, ingrid: User, katherine: User, dorothy: User
) -> None:
    offer = later_offer(world, margaret, ingrid, "Fjord AI")
    for person in (katherine, dorothy):
        offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    assert offer.lock_hours == 100
    when_the_lock_is_over(world, offer)
    with pytest.raises(HeldBack, match="fewer than 400 days"):
        open_now(actor=BUILDER, offer_id=offer.pk)
