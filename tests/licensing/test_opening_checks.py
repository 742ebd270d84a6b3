"""The page of an offer lists everything that opening asks for, and says beforehand what opening would say."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.refusal import Refused
from apps.battles.models import Endpoint
from apps.licensing.flows import open_now
from apps.licensing.models import FinalRecipient, Licensee, Offer
from apps.licensing.queries import opening_checks
from apps.licensing.queries.opening import Now
from apps.licensing.services import object_to_offer
from apps.prompts.models import Prompt
from tests.licensing.offered import BUILDER, announced, awaiting, under_new_rules, when_the_lock_is_over
from tests.licensing.test_approve_offers import owns, works_for
from tests.licensing.test_offer_pages import sign_in_just_now, text_of
from tests.licensing.world import World

pytestmark = pytest.mark.committed
PEOPLE = ["approvals", "digest", "ties", "standing", "objections", "notice"]
ROWS = ["rows", "unfit", "terms", "alike", "age", "board"]


@pytest.fixture
def offer(world: World, margaret: User, katherine: User, dorothy: User) -> Offer:
    """An announced offer of three battles of a hundred days ago, whose notice is over."""
    found = announced(world, margaret, katherine, dorothy)
    when_the_lock_is_over(world, found)
    found.refresh_from_db()
    return found


def in_the_way(offer: Offer) -> dict[str, Now]:
    return {check.code: check.now for check in opening_checks(offer) if not check.holds}


def test_when_everything_holds_it_opens(offer: Offer) -> None:
    assert [check.code for check in opening_checks(offer)] == PEOPLE + ROWS
    assert in_the_way(offer) == {}
    assert open_now(actor=BUILDER, offer_id=offer.pk).opened_at is not None


def _terms(world: World, _offer: Offer, _dorothy: User) -> None:
    Endpoint.objects.filter(pk=world.endpoints[0].pk).update(redistribution_allowed=None)


def _prompt(_world: World, _offer: Offer, _dorothy: User) -> None:
    Prompt.objects.update(state="withdrawn")


def _hired(world: World, _offer: Offer, dorothy: User) -> None:
    works_for(dorothy, world.licensee.organization)


def _suspended(_world: World, _offer: Offer, _dorothy: User) -> None:
    Licensee.objects.update(suspended_at=timezone.now())


def _nobody_named(_world: World, _offer: Offer, _dorothy: User) -> None:
    FinalRecipient.objects.update(ended_at=timezone.now())


def _exchanged(world: World, offer: Offer, _dorothy: User) -> None:
    world.rewritten(
        "licensing_edition", "UPDATE licensing_edition SET manifest_sha256 = %s WHERE offer_id = %s", "e" * 64, offer.pk
    )


def _larger_k(world: World, _offer: Offer, _dorothy: User) -> None:
    under_new_rules(world, "W7", k=12)


def _longer_notice(world: World, _offer: Offer, _dorothy: User) -> None:
    under_new_rules(world, "W6", hours=100)


def _older(world: World, _offer: Offer, _dorothy: User) -> None:
    under_new_rules(world, "W1", min_age_days=120)


def _on_the_board(world: World, _offer: Offer, _dorothy: User) -> None:
    owns(world.licensee.organization, world.models[0].organization)


@pytest.mark.parametrize(
    ("happens", "code", "now"),
    [
        (_terms, "terms", Now.REFUSED),
        (_prompt, "unfit", Now.NOT_YET),
        (_hired, "ties", Now.REFUSED),
        (_suspended, "standing", Now.REFUSED),
        (_nobody_named, "standing", Now.REFUSED),
        (_exchanged, "digest", Now.REFUSED),
        (_larger_k, "alike", Now.NOT_YET),
        (_longer_notice, "notice", Now.NOT_YET),
        (_older, "age", Now.REFUSED),
        (_on_the_board, "board", Now.REFUSED),
    ],
)
def test_what_opening_refuses_stands_on_the_page_before(
    world: World,
    offer: Offer,
    dorothy: User,
    happens: Callable[[World, Offer, User], None],
    code: str,
    now: Now,
) -> None:
    happens(world, offer, dorothy)
    assert in_the_way(offer)[code] == now
    clauses = {check.clause for check in opening_checks(offer) if not check.holds}
    with pytest.raises(Refused) as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    # A suspension is refused without a clause of its own.
    assert refused.value.clause is None or refused.value.clause in clauses


def test_before_approvals_and_under_an_objection_it_waits(
    world: World, margaret: User, katherine: User, dorothy: User, ada: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    assert in_the_way(offer) == {"approvals": Now.NOT_YET, "ties": Now.NOT_YET, "notice": Now.NOT_YET}
    address = f"/releases/{offer.release_id}/"
    everybody = text_of(client, address)
    # What reads every row is counted for those who work on it; everybody reads that it is asked.
    assert everybody.count("Asked at the opening") == 3
    assert "0 of 2" in everybody
    sign_in_just_now(client, katherine)
    assert "Asked at the opening" not in text_of(client, address)
    world.owner.execute("UPDATE licensing_licensee SET suspended_at = now()")
    assert "Meridian University : suspended" in text_of(client, address)


def test_an_objection_keeps_it_shut(offer: Offer, ada: User, client: Client) -> None:
    object_to_offer(actor=ada.as_actor(), offer_id=offer.pk, ground="consent", words="Mine.", now=timezone.now())
    offer.refresh_from_db()
    assert in_the_way(offer) == {"objections": Now.NOT_YET, "notice": Now.NOT_YET}
    assert "1 waits for two people" in text_of(client, f"/releases/{offer.release_id}/")
