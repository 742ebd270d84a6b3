"""The last moment before files leave: everything is asked once more, by the database's clock and the newer rules."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import sequence_waiting
from apps.battles.models import Endpoint
from apps.contributors.models import Consent
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import open_now, sweep, tend_offers
from apps.licensing.models import (
    Act,
    Attempt,
    AttemptState,
    Edition,
    LeftOut,
    Licensee,
    Offer,
    OfferState,
    PersonGeneralization,
    Release,
    ReleaseState,
    Tombstone,
)
from apps.licensing.queries import on_the_board, opening_checks, rows_to_leave
from apps.licensing.queries.deliveries import is_covered
from apps.licensing.services import (
    AgainstTerms,
    HeldBack,
    HoldsRowsTakenBack,
    LicenseeSuspended,
    ManifestChanged,
    NotCancellable,
    OfferMoved,
    StillLocked,
    TiedToLicensee,
    TooFewAlike,
    TooYoung,
    cancel_release,
    fit_release,
    take_back_unfit_rows,
)
from apps.organizations.models import Organization, Tie, TieKind
from apps.prompts.models import Prompt
from tests.conftest import NOON
from tests.licensing.offered import BUILDER, announced, next_revision, under_new_rules, when_the_lock_is_over
from tests.licensing.opened import by_the_owner
from tests.licensing.test_approve_offers import owns, works_for
from tests.licensing.world import World
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.committed


@pytest.fixture
def offer(world: World, margaret: User, katherine: User, dorothy: User) -> Offer:
    """An announced offer of three battles of a hundred days ago."""
    return announced(world, margaret, katherine, dorothy)


def test_it_opens_when_the_lock_is_over_and_not_before(world: World, offer: Offer) -> None:
    with pytest.raises(StillLocked) as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W6"
    when_the_lock_is_over(world, offer)
    opened = open_now(actor=BUILDER, offer_id=offer.pk)
    assert opened.state == OfferState.OPEN
    assert opened.opened_at is not None
    assert trail_of(opened)[-4:] == [
        LicensingEvent.OPEN_ATTEMPTED,
        LicensingEvent.OPEN_REFUSED,
        LicensingEvent.OPEN_ATTEMPTED,
        LicensingEvent.OPENED,
    ]
    with pytest.raises(OfferMoved):
        open_now(actor=BUILDER, offer_id=offer.pk)


def test_a_machine_whose_clock_is_ninety_days_ahead_opens_nothing(offer: Offer, margaret: User) -> None:
    fast = timezone.now() + timedelta(days=90)
    with pytest.raises(StillLocked):
        open_now(actor=margaret.as_actor(), offer_id=offer.pk, clock=lambda: fast)
    assert tend_offers(actor=BUILDER, clock=lambda: fast) == 0
    offer.refresh_from_db()
    assert offer.state == OfferState.ANNOUNCED


def test_only_the_platform_and_officers_open(world: World, offer: Offer, katherine: User, ingrid: User) -> None:
    when_the_lock_is_over(world, offer)
    for person in (katherine, ingrid):
        with pytest.raises(NotPermitted):
            open_now(actor=person.as_actor(), offer_id=offer.pk)


def test_the_sweeper_opens_what_is_due_and_asks_a_refused_one_once_a_day(world: World, offer: Offer) -> None:
    assert tend_offers(actor=BUILDER) == 0
    assert not Attempt.objects.filter(act=Act.OPEN).exists()
    when_the_lock_is_over(world, offer)
    Licensee.objects.update(suspended_at=timezone.now())
    for _look in range(3):
        assert tend_offers(actor=BUILDER) == 0
    assert Attempt.objects.filter(act=Act.OPEN, state=AttemptState.REFUSED).count() == 1
    Licensee.objects.update(suspended_at=None)
    world.owner.execute("UPDATE licensing_attempt SET closed_at = closed_at - interval '25 hours' WHERE act = 'open'")
    sweep(actor=BUILDER)
    offer.refresh_from_db()
    assert offer.state == OfferState.OPEN


def test_an_offer_whose_builder_died_after_the_last_edition_goes_on(world: World, margaret: User, offer: Offer) -> None:
    world.rewritten("licensing_offer", "UPDATE licensing_offer SET state = 'building', digest = ''")
    sweep(actor=BUILDER)
    offer.refresh_from_db()
    assert offer.state == OfferState.AWAITING


def test_a_policy_tightened_in_between_wins(world: World, offer: Offer) -> None:
    when_the_lock_is_over(world, offer)
    under_new_rules(world, "W1", min_age_days=120)
    with pytest.raises(TooYoung, match="3 battles had their last live event fewer than 120 days ago") as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W1"
    assert [check.holds for check in opening_checks(offer) if check.clause == "W1"] == [False]


def test_a_longer_notice_in_between_wins(world: World, offer: Offer) -> None:
    when_the_lock_is_over(world, offer)
    under_new_rules(world, "W6", hours=100)
    with pytest.raises(StillLocked):
        open_now(actor=BUILDER, offer_id=offer.pk)


def test_a_larger_k_in_between_wins(world: World, offer: Offer) -> None:
    when_the_lock_is_over(world, offer)
    under_new_rules(world, "W7", k=12)
    with pytest.raises(TooFewAlike, match="fewer than 12 people") as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W7"


def test_nothing_opens_that_tells_of_somebody_among_too_few(world: World, offer: Offer) -> None:
    fit = fit_release(actor=BUILDER, release_id=offer.release_id, now=timezone.now())
    # As if others had filled the combination up when it was fitted, and had ended since.
    voter = LeftOut.objects.get().contributor_id
    world.rewritten("licensing_leftout", "DELETE FROM licensing_leftout")
    PersonGeneralization.objects.create(contributor_id=voter, fit=fit)
    when_the_lock_is_over(world, offer)
    with pytest.raises(TooFewAlike, match="fewer than 10 people"):
        open_now(actor=BUILDER, offer_id=offer.pk)
    offer.refresh_from_db()
    assert offer.state == OfferState.ANNOUNCED
    # A day later the platform leaves them out first, and asks for the files to be written anew.
    world.owner.execute("UPDATE licensing_attempt SET closed_at = now() - interval '25 hours' WHERE act = 'open'")
    asked: list[object] = []
    tend_offers(actor=BUILDER, rewrite=lambda **about: asked.append(about))
    assert asked
    assert LeftOut.objects.filter(is_later=True).exists()


def test_an_error_of_the_database_ends_no_sweep(world: World, offer: Offer) -> None:
    when_the_lock_is_over(world, offer)
    world.owner.execute("ALTER TABLE licensing_offer ADD CONSTRAINT closed_by_a_test CHECK (state <> 'open') NOT VALID")
    try:
        assert tend_offers(actor=BUILDER) == 0
    finally:
        world.owner.execute("ALTER TABLE licensing_offer DROP CONSTRAINT closed_by_a_test")
    assert Attempt.objects.get(act=Act.OPEN).state == AttemptState.INTERRUPTED


def test_a_licensee_on_the_board_waits_for_half_a_year(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    university, lab = world.licensee.organization, world.models[0].organization
    fund = Organization.objects.create(name="A fund", slug="a-fund")
    Tie.objects.create(holder=fund, held=lab, kind=TieKind.INVESTMENT, share=3, since=NOON.date(), source="Filing")
    Tie.objects.create(holder=university, held=fund, kind=TieKind.CUSTOMER, since=NOON.date(), source="Report")
    offer = announced(world, margaret, katherine, dorothy)
    assert on_the_board(offer.release_id) == [university]
    when_the_lock_is_over(world, offer)
    with pytest.raises(HeldBack, match="fewer than 180 days ago") as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W5"
    Tie.objects.filter(holder=fund).update(until=NOON.date(), end_declared_at=NOON)
    assert open_now(actor=BUILDER, offer_id=offer.pk).state == OfferState.OPEN


def test_half_a_year_later_a_licensee_on_the_board_gets_it(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    owns(world.licensee.organization, world.models[0].organization)
    offer = announced(world, margaret, katherine, dorothy, days_ago=181)
    when_the_lock_is_over(world, offer)
    assert open_now(actor=BUILDER, offer_id=offer.pk).state == OfferState.OPEN


def test_an_approver_whom_the_licensee_hires_meanwhile(world: World, offer: Offer, dorothy: User) -> None:
    when_the_lock_is_over(world, offer)
    works_for(dorothy, world.licensee.organization)
    with pytest.raises(TiedToLicensee):
        open_now(actor=BUILDER, offer_id=offer.pk)


def test_a_manifest_exchanged_after_the_approvals(world: World, offer: Offer) -> None:
    when_the_lock_is_over(world, offer)
    by_the_owner(world, f"UPDATE licensing_edition SET manifest_sha256 = '{'e' * 64}'")
    with pytest.raises(ManifestChanged):
        open_now(actor=BUILDER, offer_id=offer.pk)


def test_a_suspended_licensee_gets_nothing(world: World, offer: Offer) -> None:
    when_the_lock_is_over(world, offer)
    Licensee.objects.update(suspended_at=timezone.now())
    with pytest.raises(LicenseeSuspended):
        open_now(actor=BUILDER, offer_id=offer.pk)


def test_rows_taken_back_leave_before_it_opens(world: World, offer: Offer) -> None:
    Consent.objects.filter(kind="licensing", contributor_id=world.voters_id).update(withdrawn_at=timezone.now())
    assert take_back_unfit_rows(actor=BUILDER, now=timezone.now()) == 3
    assert take_back_unfit_rows(actor=BUILDER, now=timezone.now()) == 0
    assert set(Tombstone.objects.values_list("reason", flat=True)) == {"consent"}
    assert facts_about(offer.release) == {"rows": 3, "reasons": {"consent": 3}}
    when_the_lock_is_over(world, offer)
    with pytest.raises(HoldsRowsTakenBack, match="3 rows") as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W11"
    asked: list[int] = []

    def rewritten(*, actor: object, offer_id: int) -> None:
        """Write the editions anew, as the builder does."""
        asked.append(offer_id)
        edition = Edition.objects.get(offer_id=offer_id)
        next_revision(edition, withdrawn=["aa", "bb", "cc"])

    world.owner.execute("UPDATE licensing_attempt SET closed_at = closed_at - interval '25 hours' WHERE act = 'open'")
    assert tend_offers(actor=BUILDER, rewrite=rewritten) == 1
    assert asked == [offer.pk]


def test_a_manifest_that_counts_what_has_left_is_believed_over_the_clock(world: World, offer: Offer) -> None:
    Consent.objects.filter(kind="licensing", contributor_id=world.voters_id).update(withdrawn_at=timezone.now())
    take_back_unfit_rows(actor=BUILDER, now=timezone.now())
    for gone, left in ((3, 0), (2, 1), (0, 3)):
        names = json.dumps(["aa"] * gone)
        by_the_owner(
            world,
            f"UPDATE licensing_edition SET manifest = jsonb_set(manifest, '{{gone,withdrawn}}', '{names}'),"
            f" built_at = now() + interval '{gone} hours'",
        )
        assert rows_to_leave(offer.pk) == left


@pytest.mark.parametrize("reason", ["prompt", "vote"])
def test_withdrawn_prompts_and_excluded_votes_are_taken_back(world: World, offer: Offer, reason: str) -> None:
    if reason == "prompt":
        Prompt.objects.update(state="withdrawn")
    else:
        world.owner.execute("UPDATE battles_vote SET excluded_under = 'I1', excluded_at = now()")
    tend_offers(actor=BUILDER)
    assert set(Tombstone.objects.values_list("reason", flat=True)) == {reason}


def test_only_the_platform_takes_rows_back(offer: Offer, margaret: User) -> None:
    with pytest.raises(NotPermitted):
        take_back_unfit_rows(actor=margaret.as_actor(), now=timezone.now())


@pytest.mark.parametrize("told", [False, None])
def test_terms_that_changed_in_between_win(world: World, offer: Offer, told: bool | None) -> None:
    when_the_lock_is_over(world, offer)
    Endpoint.objects.filter(pk=world.endpoints[0].pk).update(redistribution_allowed=told)
    with pytest.raises(AgainstTerms, match="3 battles") as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W2"
    Endpoint.objects.update(redistribution_allowed=True)
    assert open_now(actor=BUILDER, offer_id=offer.pk).state == OfferState.OPEN


def test_a_release_given_up_takes_its_offers_along(world: World, offer: Offer, margaret: User) -> None:
    cancel_release(actor=margaret.as_actor(), release_id=offer.release_id, now=timezone.now())
    offer.refresh_from_db()
    assert (offer.state, offer.ended_at is not None) == (OfferState.CANCELLED, True)
    when_the_lock_is_over(world, offer)
    with pytest.raises(OfferMoved):
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert Release.objects.get().state == ReleaseState.CANCELLED
    with pytest.raises(NotCancellable):
        cancel_release(actor=margaret.as_actor(), release_id=offer.release_id, now=timezone.now())


def test_a_checkpoint_covers_an_edition_only_once_it_is_signed(offer: Offer) -> None:
    edition = Edition.objects.get(offer=offer)
    assert not is_covered(edition)
    sequence_waiting(limit=1000, now=timezone.now(), using="sequencer")
    assert not is_covered(edition)
