"""Katherine and Dorothy say yes, or are refused: four people, exactly these bytes, and no tie to the licensee."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import InboxMessage, User
from apps.accounts.services import grant_role
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.audit.services import ReauthenticationNeeded
from apps.contributors.models import Affiliation, Contributor, Network
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import approve, draft, seal
from apps.licensing.models import Act, Approval, Attempt, AttemptState, Edition, Offer, OfferState, Release
from apps.licensing.queries import digest_of, ties_of
from apps.licensing.services import (
    ManifestChanged,
    NobodyToOffer,
    NoClauseNamed,
    NotFourPeople,
    NothingMatches,
    OfferMoved,
    Sealing,
    TakenOut,
    TiedToLicensee,
    approve_offer,
    declare_recipient,
    offer_to,
    refuse_offer,
)
from apps.organizations.models import Organization, StaffTieKind, Tie, TieKind
from apps.organizations.services import declare_staff_tie
from tests.conftest import NOON
from tests.licensing.offered import (
    announced,
    another_licensee,
    awaiting,
    next_revision,
    proved,
    sealed_release,
    under_new_rules,
    with_editions,
)
from tests.licensing.opened import by_the_owner
from tests.licensing.world import SYSTEM, World
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.committed


def works_for(person: User, organization: Organization) -> None:
    network, _made = Network.objects.get_or_create(name="Everyone")
    contributor, _made = Contributor.objects.get_or_create(
        account=person, defaults={"network": network, "joined_at": NOON}
    )
    Affiliation.objects.create(contributor=contributor, organization=organization, declared_at=NOON)


def owns(holder: Organization, held: Organization) -> None:
    Tie.objects.create(holder=holder, held=held, kind=TieKind.OWNERSHIP, share=60, since=NOON.date(), source="Register")


def refused_under(offer: Offer) -> list[tuple[str, str]]:
    attempts = Attempt.objects.filter(offer=offer, state=AttemptState.REFUSED).order_by("pk")
    return [(attempt.clause, attempt.code) for attempt in attempts]


def test_two_people_approve_and_the_notice_begins(
    world: World, margaret: User, katherine: User, dorothy: User, ingrid: User
) -> None:
    offer = awaiting(world, margaret)
    assert offer.state == OfferState.AWAITING
    assert offer.digest == digest_of(offer.pk)
    assert (offer.requester_id, offer.builder_id) == (ingrid.pk, margaret.pk)
    first = approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    assert (first.state, first.first_approver_id, first.announced_at) == (OfferState.AWAITING, katherine.pk, None)
    before = timezone.now()
    second = approve(actor=proved(dorothy), offer_id=offer.pk, digest=offer.digest)
    assert (second.state, second.second_approver_id, second.lock_hours) == (OfferState.ANNOUNCED, dorothy.pk, 72)
    assert second.announced_at is not None
    assert second.opens_at is not None
    assert second.opens_at - second.announced_at == timedelta(hours=72)
    assert abs(second.announced_at - before) < timedelta(minutes=1)
    assert trail_of(offer) == [
        LicensingEvent.OFFERED,
        LicensingEvent.OFFER_BUILT,
        LicensingEvent.APPROVE_ATTEMPTED,
        LicensingEvent.APPROVED,
        LicensingEvent.APPROVE_ATTEMPTED,
        LicensingEvent.APPROVED,
        LicensingEvent.ANNOUNCED,
    ]
    facts = facts_about(offer)
    assert facts["root"] == offer.release.items_root
    assert facts["licensees"] == [world.licensee.ref]
    assert InboxMessage.objects.filter(recipient=ingrid, subject__contains="announced").exists()


def test_the_same_person_does_not_approve_twice_whatever_their_roles(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    offer = awaiting(world, margaret)
    approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    grant_role(actor=SYSTEM, user=katherine, role=Role.LICENSING_OFFICER, now=NOON)
    with pytest.raises(NotFourPeople) as refused:
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    assert refused.value.clause == "W4"
    assert refused_under(offer) == [("W4", "not-four-people")]
    assert Approval.objects.filter(offer=offer).count() == 1
    offer.refresh_from_db()
    assert offer.state == OfferState.AWAITING


def test_whoever_asked_or_built_does_not_approve(world: World, margaret: User, ingrid: User) -> None:
    for person in (margaret, ingrid):
        grant_role(actor=SYSTEM, user=person, role=Role.APPROVER, now=NOON)
    offer = awaiting(world, margaret)
    for person in (margaret, ingrid):
        with pytest.raises(NotFourPeople):
            approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    assert not Approval.objects.exists()


def test_whoever_asks_does_not_build(world: World, margaret: User) -> None:
    world.licensee.contact = margaret
    world.licensee.save(update_fields=["contact"])
    with pytest.raises(NotFourPeople) as refused:
        sealed_release(world, margaret)
    assert refused.value.clause == "W4"
    assert not Offer.objects.exists()


def test_nothing_is_sealed_that_nobody_asked_for(world: World, margaret: User) -> None:
    world.licensee.contact = None
    world.licensee.save(update_fields=["contact"])
    with pytest.raises(NotFourPeople, match="nobody has asked"):
        sealed_release(world, margaret)


def test_a_changed_manifest_is_not_what_was_read(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    offer = awaiting(world, margaret)
    approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    by_the_owner(world, f"UPDATE licensing_edition SET manifest_sha256 = '{'f' * 64}'")
    for digest in (offer.digest, str(digest_of(offer.pk)), "0" * 64, ""):
        with pytest.raises(ManifestChanged):
            approve(actor=proved(dorothy), offer_id=offer.pk, digest=digest)
    assert Approval.objects.filter(offer=offer).count() == 1
    assert refused_under(offer) == [("W4", "manifest-changed")] * 4


def test_an_edition_that_was_rewritten_without_a_revision_has_no_digest(world: World, margaret: User) -> None:
    offer = awaiting(world, margaret)
    by_the_owner(world, f"UPDATE licensing_edition SET manifest_sha256 = '{'f' * 64}', revision = 1")
    assert digest_of(offer.pk) is None


def test_approvals_bind_the_first_revision(world: World, margaret: User, katherine: User) -> None:
    offer = awaiting(world, margaret)
    edition = Edition.objects.get(offer=offer)
    next_revision(edition, withdrawn=["aa"])
    assert digest_of(offer.pk) == offer.digest
    assert approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest).first_approver_id == katherine.pk


def test_an_approver_employed_by_the_licensee_is_refused(world: World, margaret: User, katherine: User) -> None:
    offer = awaiting(world, margaret)
    works_for(katherine, world.licensee.organization)
    assert ties_of(offer.pk, katherine.pk) == [world.licensee.organization]
    with pytest.raises(TiedToLicensee, match="Meridian University") as refused:
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    assert refused.value.clause == "W5"
    assert refused_under(offer) == [("W5", "tied-to-licensee")]


def test_a_tie_that_an_approver_declared_counts_as_well(world: World, margaret: User, katherine: User) -> None:
    offer = awaiting(world, margaret)
    declare_staff_tie(
        actor=katherine.as_actor(),
        organization=world.licensee.organization,
        kind=StaffTieKind.FUNDING,
        since=NOON.date(),
        source="A grant.",
        now=NOON,
    )
    with pytest.raises(TiedToLicensee, match="Meridian University"):
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)


def test_whoever_works_for_a_final_recipient_is_tied(world: World, margaret: User, katherine: User) -> None:
    offer = awaiting(world, margaret)
    publisher = Organization.objects.create(name="A publisher", slug="a-publisher")
    works_for(katherine, publisher)
    assert ties_of(offer.pk, katherine.pk) == []
    declare_recipient(
        actor=margaret.as_actor(), licensee_id=world.licensee.pk, organization=publisher, now=timezone.now()
    )
    with pytest.raises(TiedToLicensee, match="A publisher"):
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)


def test_ownership_ties_at_any_distance_and_in_circles(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    offer = awaiting(world, margaret)
    chain = [Organization.objects.create(name=f"Holding {n}", slug=f"holding-{n}") for n in range(4)]
    for above, below in zip(chain, [*chain[1:], world.licensee.organization], strict=True):
        owns(above, below)
    owns(chain[2], chain[0])
    daughter = Organization.objects.create(name="A daughter", slug="a-daughter")
    owns(chain[0], daughter)
    works_for(katherine, daughter)
    with pytest.raises(TiedToLicensee):
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    # A tie that has ended, and one that only buys, are none.
    Tie.objects.filter(holder=chain[0], held=daughter).update(until=NOON.date(), end_declared_at=NOON)
    Tie.objects.create(holder=daughter, held=chain[0], kind=TieKind.CUSTOMER, since=NOON.date(), source="Annual report")
    assert approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest).first_approver_id == katherine.pk


def test_only_approvers_who_have_lately_proved_who_they_are(
    world: World, margaret: User, katherine: User, ada: User, barbara: User
) -> None:
    offer = awaiting(world, margaret)
    for person in (ada, barbara):
        with pytest.raises(NotPermitted):
            approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    with pytest.raises(ReauthenticationNeeded):
        approve(actor=katherine.as_actor(), offer_id=offer.pk, digest=offer.digest)
    long_ago = timezone.now() - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1)
    with pytest.raises(ReauthenticationNeeded):
        approve(actor=proved(katherine, at=long_ago), offer_id=offer.pk, digest=offer.digest)
    with pytest.raises(ReauthenticationNeeded):
        approve_offer(actor=katherine.as_actor(), offer_id=offer.pk, digest=offer.digest, now=timezone.now())
    assert not Attempt.objects.filter(act=Act.APPROVE).exists()


def test_nothing_is_approved_before_it_is_built_or_after_it_is_announced(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    release = sealed_release(world, margaret)
    offer = release.offers.get()
    with pytest.raises(OfferMoved):
        approve(actor=proved(katherine), offer_id=offer.pk, digest="")
    offer = with_editions(offer)
    for approver in (katherine, dorothy):
        approve(actor=proved(approver), offer_id=offer.pk, digest=offer.digest)
    with pytest.raises(OfferMoved):
        approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)


def test_the_longer_of_two_locks_holds(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    offer = awaiting(world, margaret)
    under_new_rules(world, "W6", hours=100)
    for person in (katherine, dorothy):
        offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    assert offer.lock_hours == 100


def test_no_version_goes_below_three_days(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    # The book's own CHECK is before it.
    with pytest.raises(psycopg.errors.CheckViolation, match="policy_three_days"), world.owner.transaction():
        under_new_rules(world, "W6", hours=1)
    world.owner.execute("ALTER TABLE policy_clause DROP CONSTRAINT policy_three_days")
    under_new_rules(world, "W6", hours=1)
    offer = announced(world, margaret, katherine, dorothy)
    assert offer.policy_version == 2
    assert offer.lock_hours == 72


def test_katherine_says_no_under_a_clause(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    offer = awaiting(world, margaret)
    for clause, words in (("W99", "It is too soon."), ("W2", ""), ("W2", "x" * 1001)):
        with pytest.raises(NoClauseNamed):
            refuse_offer(
                actor=proved(katherine), offer_id=offer.pk, clause_number=clause, words=words, now=timezone.now()
            )
    refused = refuse_offer(
        actor=proved(katherine), offer_id=offer.pk, clause_number="W2", words="Terms of one model.", now=timezone.now()
    )
    assert (refused.state, refused.ended_clause) == (OfferState.REFUSED, "W2")
    assert refused.ended_at is not None
    said = Attempt.objects.get(offer=offer)
    assert (said.clause, said.code, said.words) == ("W2", "said-no", "Terms of one model.")
    assert said.entry is not None
    assert Entry.objects.get(pk=said.entry).event == LicensingEvent.OFFER_REFUSED
    with pytest.raises(OfferMoved):
        approve(actor=proved(dorothy), offer_id=offer.pk, digest=offer.digest)


def test_a_later_licensee_has_an_offer_of_their_own(
    world: World, margaret: User, katherine: User, dorothy: User, ingrid: User
) -> None:
    first = announced(world, margaret, katherine, dorothy)
    corvid = another_licensee(margaret, "Corvid Analytics", ingrid)
    with pytest.raises(NotPermitted):
        offer_to(actor=katherine.as_actor(), release_id=first.release_id, licensees=[corvid], now=timezone.now())
    with pytest.raises(NobodyToOffer):
        offer_to(actor=margaret.as_actor(), release_id=first.release_id, licensees=[], now=timezone.now())
    with pytest.raises(NobodyToOffer):
        offer_to(actor=margaret.as_actor(), release_id=first.release_id, licensees=[world.licensee], now=timezone.now())
    second = offer_to(actor=margaret.as_actor(), release_id=first.release_id, licensees=[corvid], now=timezone.now())
    assert (second.number, second.state) == (2, OfferState.BUILDING)
    second = with_editions(second)
    assert second.digest != first.digest
    approve(actor=proved(katherine), offer_id=second.pk, digest=second.digest)
    with pytest.raises(ManifestChanged):
        approve(actor=proved(dorothy), offer_id=second.pk, digest=first.digest)


def test_two_officers_seal_drafts_that_overlap(world: World, margaret: User, person: Callable[..., User]) -> None:
    joan = person("joan", Role.LICENSING_OFFICER)
    world.sky(battles=2)
    world.owner.execute("SELECT retire_cluster(id, 60) FROM prompts_cluster")
    drafts = [
        draft(actor=officer.as_actor(), licensee=world.licensee, title="The sky", filters={})
        for officer in (margaret, joan)
    ]
    sealed = seal(actor=margaret.as_actor(), release_id=drafts[0].pk, mode=Sealing.ALL_OR_NOTHING)
    with pytest.raises(TakenOut):
        seal(actor=joan.as_actor(), release_id=drafts[1].pk, mode=Sealing.ALL_OR_NOTHING)
    assert Release.objects.get(pk=sealed.pk).items == 2
    assert Offer.objects.count() == 1


def test_a_draft_that_is_refused_leaves_its_attempt(world: World, margaret: User) -> None:
    with pytest.raises(NothingMatches):
        draft(actor=margaret.as_actor(), licensee=world.licensee, title="Nothing", filters={})
    attempt = Attempt.objects.get()
    assert (attempt.act, attempt.state, attempt.code) == (Act.DRAFT, AttemptState.REFUSED, "nothing-matches")
    assert trail_of(world.licensee)[-2:] == [LicensingEvent.DRAFT_ATTEMPTED, LicensingEvent.DRAFT_REFUSED]
