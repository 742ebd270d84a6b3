"""With hands on SQL as ``showdown_app`` nobody opens to, or delivers to, a licensee for whom something says no."""

from typing import Any, Final

import psycopg
import pytest
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import approve, open_now
from apps.licensing.models import Approval, Delivery, Halt, Offer, OfferState
from apps.licensing.queries.deliveries import Obstacle, obstacle_to
from apps.licensing.queries.offers import approvals_needed
from apps.licensing.services import NotFourPeople, TiedToLicensee, tell_halts
from tests.conftest import make_person
from tests.licensing.offered import BUILDER, announced, awaiting, proved, when_the_lock_is_over
from tests.licensing.opened import PLATFORM, Opened
from tests.licensing.races import weakened
from tests.licensing.test_deliver_or_cancel import delivering
from tests.licensing.world import World
from tests.policy.history import decree
from tests.trails import trail_of

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]

# What happens, in the owner's hands and with the table's triggers asleep; how it is undone; and the wall's word for it.
HAPPENINGS: Final = (
    (
        "licensing_agreement",
        "UPDATE licensing_agreement SET ended_at = now()",
        "UPDATE licensing_agreement SET ended_at = NULL",
        "no-agreement",
    ),
    (
        "licensing_agreement",
        "UPDATE licensing_agreement SET expires_at = now() - interval '1 second'",
        "UPDATE licensing_agreement SET expires_at = now() + interval '1 year'",
        "agreement-expired",
    ),
    (
        "licensing_licensee",
        "UPDATE licensing_licensee SET suspended_at = now()",
        "UPDATE licensing_licensee SET suspended_at = NULL",
        "suspended",
    ),
    (
        "licensing_suspension",
        "INSERT INTO licensing_suspension (licensee_id, clause, reason, suspended_at, ended_because)"
        " SELECT id, 'W5', 'x', now(), '' FROM licensing_licensee",
        "DELETE FROM licensing_suspension",
        "suspended",
    ),
    (
        "organizations_tie",
        "WITH far AS (INSERT INTO organizations_organization (name, slug, country, is_lab) VALUES"
        " ('Far', 'far', 'DE', false), ('Farther', 'farther', 'DE', false) RETURNING id, name)"
        " INSERT INTO organizations_tie (holder_id, held_id, kind, since, source, declared_at)"
        " SELECT id, (SELECT organization_id FROM licensing_licensee), 'ownership', current_date, 'x', now()"
        " FROM far WHERE name = 'Far' UNION ALL SELECT o.id, f.id, 'ownership', current_date, 'x', now()"
        " FROM far o, far f WHERE o.name = 'Farther' AND f.name = 'Far'",
        "DELETE FROM organizations_tie WHERE source = 'x'",
        "control-changed",
    ),
    (
        "licensing_finalrecipient",
        "UPDATE licensing_finalrecipient SET ended_at = now()",
        "UPDATE licensing_finalrecipient SET ended_at = NULL",
        "no-recipient",
    ),
    (
        "licensing_release",
        "WITH asked AS (INSERT INTO licensing_accessrequest (licensee_id, asked_by_id, title, purpose, use, wanted,"
        " filters, state, asked_at, refused_clause, refused_because) SELECT licensee_id, drafted_by_id, 'x',"
        " 'showdown:training', 'x', 'x', '{}', 'asked', now(), '', '' FROM licensing_release RETURNING id)"
        " UPDATE licensing_release SET request_id = asked.id FROM asked",
        "UPDATE licensing_release SET request_id = NULL",
        "other-purpose",
    ),
    (
        "organizations_stafftie",
        "INSERT INTO organizations_stafftie (account_id, organization_id, kind, since, source, declared_at)"
        " SELECT first_approver_id, (SELECT organization_id FROM licensing_licensee), 'employment', current_date,"
        " 'x', now() FROM licensing_offer",
        "DELETE FROM organizations_stafftie",
        "tied",
    ),
)  # fmt: skip


def happens(world: World, table: str, statement: str) -> None:
    world.rewritten(table, statement)


def test_no_delivery_for_whoever_may_not_receive(opened: Opened, app: App) -> None:
    statement = delivering(opened)[1].encode()
    for table, happening, undone, word in HAPPENINGS:
        happens(opened.world, table, happening)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not open for delivery"):
            app.execute(statement)
        assert not Delivery.objects.exists(), word
        happens(opened.world, table, undone)
    # Taken away, each rule is missed: the last thing that happened is an approver who is tied.
    happens(opened.world, *HAPPENINGS[-1][:2])
    weakened(opened.world.owner, "delivery_stands_open(bigint,boolean)", ("offer_tied_approvers(o.id) = '{}'", "true"))
    happens(opened.world, *HAPPENINGS[0][:2])
    weakened(
        opened.world.owner,
        "delivery_stands_open(bigint,boolean)",
        ("recipient_standing(r.id, l.id, wall_moment()) IS NULL", "true"),
    )
    app.execute(statement)
    assert Delivery.objects.exists()


def test_nothing_opens_for_whoever_may_not_receive(
    world: World, app: App, margaret: User, katherine: User, dorothy: User
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    when_the_lock_is_over(world, offer)
    for table, happening, undone, word in HAPPENINGS:
        happens(world, table, happening)
        with pytest.raises(psycopg.errors.RestrictViolation, match=f"the wall says no: {word}"):
            app.execute("SELECT open_offer(%s)", [offer.pk])
        happens(world, table, undone)
    app.execute("SELECT open_offer(%s)", [offer.pk])
    assert Offer.objects.get().state == OfferState.OPEN


def test_a_download_under_way_stops_when_the_agreement_ends(opened: Opened) -> None:
    sending = opened.sending()
    happens(opened.world, *HAPPENINGS[0][:2])
    sending._asked_at = 0.0
    assert b"".join(sending) == b""


def test_a_tie_that_is_learnt_later_halts_and_deletes_nothing(opened: Opened, katherine: User) -> None:
    offer = opened.edition.offer
    table, happening, undone, _word = HAPPENINGS[-1]
    assert tell_halts(actor=PLATFORM, now=timezone.now()) == 0
    happens(opened.world, table, happening)
    with pytest.raises(TiedToLicensee, match="It is halted"):
        opened.sending()
    assert obstacle_to(opened.edition, at=timezone.now()) is Obstacle.TIED
    assert tell_halts(actor=PLATFORM, now=timezone.now()) == 1
    assert tell_halts(actor=PLATFORM, now=timezone.now()) == 0
    assert Halt.objects.get().ended_at is None
    offer.refresh_from_db()
    assert (offer.state, opened.folder.exists()) == (OfferState.OPEN, True)
    happens(opened.world, table, undone)
    assert tell_halts(actor=PLATFORM, now=timezone.now()) == 1
    assert Halt.objects.get().ended_at is not None
    assert trail_of(offer)[-2:] == [LicensingEvent.OFFER_HALTED, LicensingEvent.OFFER_RESUMED]
    opened.fetch()


def test_as_many_approve_as_the_rulebook_asks_for(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    decree(world.owner, "W4", approvals=3)
    offer = awaiting(world, margaret)
    others = [make_person(name, Role.APPROVER) for name in ("annie", "christine")]
    for person in (katherine, dorothy):
        offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
        assert (offer.state, offer.announced_at) == (OfferState.AWAITING, None)
    with pytest.raises(NotFourPeople, match="You gave an approval already"):
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    offer = approve(actor=proved(others[0]), offer_id=offer.pk, digest=offer.digest)
    assert (offer.state, approvals_needed(offer)) == (OfferState.ANNOUNCED, 3)
    assert list(Approval.objects.order_by("place").values_list("place", flat=True)) == [1, 2, 3]

    # Tightened at once: a fourth is missing, and with their yes the clock runs whole once more.
    decree(world.owner, "W4", approvals=4)
    when_the_lock_is_over(world, offer)
    with pytest.raises(NotFourPeople, match="asks for 4 approvals, and 3 people have approved"):
        open_now(actor=BUILDER, offer_id=offer.pk)
    offer = approve(actor=proved(others[1]), offer_id=offer.pk, digest=offer.digest)
    assert offer.opens_at is not None
    assert (offer.opens_at - timezone.now()).total_seconds() > 71 * 3600
    when_the_lock_is_over(world, offer)
    world.owner.execute("UPDATE licensing_attempt SET closed_at = closed_at - interval '25 hours' WHERE act = 'open'")
    assert open_now(actor=BUILDER, offer_id=offer.pk).state == OfferState.OPEN


def test_without_the_count_two_would_be_enough(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    decree(world.owner, "W4", approvals=3)
    offer = awaiting(world, margaret)
    weakened(world.owner, "approve_offer(bigint,bigint,text)", ("this_place < needed", "this_place < 2"))
    for person in (katherine, dorothy):
        offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    assert offer.state == OfferState.ANNOUNCED
    when_the_lock_is_over(world, offer)
    with pytest.raises(psycopg.errors.RestrictViolation, match="too-few-approvals"):
        world.owner.execute("SELECT open_offer(%s)", [offer.pk])
    weakened(world.owner, "open_offer(bigint)", ("given < needed", "false"))
    world.owner.execute("SELECT open_offer(%s)", [offer.pk])
