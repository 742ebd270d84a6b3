"""Somebody objects: the clock stands, two people decide with a public reason, and what nobody decides is called out."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import InboxMessage, User
from apps.accounts.services import grant_role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.audit.services import ReauthenticationNeeded
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import open_now, tend_offers
from apps.licensing.models import (
    Edition,
    Ground,
    Objection,
    ObjectionState,
    Offer,
    OfferState,
    ReleaseItem,
    Tombstone,
    WaitingObjection,
)
from apps.licensing.queries.networks import network_mark
from apps.licensing.queries.offers import rows_to_leave
from apps.licensing.services import (
    DecidedBefore,
    HoldsRowsTakenBack,
    NotAnObjection,
    NotAnOutcome,
    NotFourPeople,
    ObjectionStands,
    OfferMoved,
    TiedToLicensee,
    TooManyObjections,
    admit_waiting_objections,
    decide_objection,
    object_to_offer,
    objecting,
)
from tests.conftest import NOON
from tests.licensing.offered import BUILDER, announced, awaiting, next_revision, proved, when_the_lock_is_over
from tests.licensing.test_approve_offers import works_for
from tests.licensing.world import SYSTEM, World
from tests.trails import trail_of

pytestmark = pytest.mark.committed

VISITOR = Actor.visitor(request_id="somebody")
REASON = "We read every row that it could mean and found no name."


@pytest.fixture
def offer(world: World, margaret: User, katherine: User, dorothy: User) -> Offer:
    """An announced offer."""
    return announced(world, margaret, katherine, dorothy)


def objected(offer: Offer, actor: Actor = VISITOR, *, contact: str = "reader@example.org", **more: str) -> Objection:
    told = {"ground": Ground.PERSONAL.value, "words": "Row 3 names my neighbour.", **more}
    made = object_to_offer(actor=actor, offer_id=offer.pk, contact=contact, now=timezone.now(), **told)
    assert isinstance(made, Objection)
    return made


def decided(
    person: User, objection: Objection, outcome: str, reason: str = REASON, *, battles: Sequence[int] = ()
) -> Objection:
    return decide_objection(
        actor=proved(person),
        objection_id=objection.pk,
        outcome=outcome,
        public_reason=reason,
        battles=battles,
        now=timezone.now(),
    )


def items(offer: Offer) -> list[int]:
    return list(ReleaseItem.objects.filter(release=offer.release_id).values_list("pk", flat=True))


def test_a_remedy_takes_the_rows_back_that_both_name(
    world: World, offer: Offer, katherine: User, dorothy: User
) -> None:
    objection = objected(offer)
    one, other, last = items(offer)
    for outcome, battles in (("remedied", []), ("dismissed", [one]), ("remedied", [one, 10**9])):
        with pytest.raises(NotAnOutcome):
            decided(katherine, objection, outcome, battles=battles)
    decided(katherine, objection, "remedied", battles=[one])
    assert decided(dorothy, objection, "remedied", battles=[one, other]).state == ObjectionState.OPEN
    assert not Tombstone.objects.exists()
    done = decided(katherine, objection, "remedied", battles=[other, one])
    assert (done.state, done.battles) == (ObjectionState.REMEDIED, sorted([one, other]))
    assert set(Tombstone.objects.values_list("battle", "reason")) == {(one, "objection"), (other, "objection")}
    when_the_lock_is_over(world, offer)
    with pytest.raises(HoldsRowsTakenBack, match="2 rows"):
        open_now(actor=BUILDER, offer_id=offer.pk)
    next_revision(Edition.objects.get(offer=offer), withdrawn=["aa", "bb"])
    assert rows_to_leave(offer.pk) == 0
    assert last not in Tombstone.objects.values_list("battle", flat=True)


def test_one_network_uses_up_nobody_else_s_say(world: World, offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    flood = network_mark("9.9.9.7", now=timezone.now())
    for number in range(3):
        objected(offer, contact=f"a{number}@example.org", network=flood)
    same = network_mark("9.9.9.250", now=timezone.now())
    with pytest.raises(TooManyObjections, match="from your network"):
        objected(offer, contact="b@example.org", network=same)
    assert network_mark("9.9.9.7", now=timezone.now() + timedelta(days=1)) != flood
    assert "9.9.9" not in str(list(Objection.objects.values()))
    # From elsewhere it is taken up, and what comes when the day is full waits instead of being turned away.
    objected(offer, contact="c@example.org", network=network_mark("1.1.1.1", now=timezone.now()))
    monkeypatch.setattr(objecting, "MOST_FROM_STRANGERS", 4)
    late = object_to_offer(
        actor=VISITOR, offer_id=offer.pk, ground="law", words="Me too.", contact="d@example.org", now=timezone.now()
    )
    assert isinstance(late, WaitingObjection)
    with pytest.raises(TooManyObjections, match="waits for its turn"):
        objected(offer, contact="D@example.org")
    assert admit_waiting_objections(actor=BUILDER, now=timezone.now()) == 0
    # Nothing opens past it, also for somebody with hands on SQL and no objection undecided.
    world.rewritten("licensing_objection", "DELETE FROM licensing_objection")
    world.rewritten("licensing_offer", "UPDATE licensing_offer SET state = 'announced', suspended_at = NULL")
    when_the_lock_is_over(world, offer)
    with pytest.raises(ObjectionStands):
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert admit_waiting_objections(actor=BUILDER, now=timezone.now()) == 1
    assert Objection.objects.get().words == "Me too."
    assert not WaitingObjection.objects.exists()
    offer.refresh_from_db()
    assert offer.state == OfferState.SUSPENDED


def test_an_objection_stops_the_clock_and_nothing_opens(world: World, offer: Offer) -> None:
    objection = objected(offer)
    assert abs(objection.due_at - objection.made_at - timedelta(days=5)) < timedelta(seconds=1)
    offer.refresh_from_db()
    assert offer.state == OfferState.SUSPENDED
    when_the_lock_is_over(world, offer)
    with pytest.raises(ObjectionStands) as refused:
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert refused.value.clause == "W6"
    assert trail_of(objection) == [LicensingEvent.OBJECTED]
    entry = Entry.objects.get(subject=objection.ref)
    assert "neighbour" not in str(entry.body)
    assert "reader@" not in str(entry.body)


def test_two_people_dismiss_it_and_the_clock_goes_on_where_it_stood(
    world: World, offer: Offer, katherine: User, dorothy: User
) -> None:
    opens_at = offer.opens_at
    objection = objected(offer)
    world.owner.execute(
        "UPDATE licensing_offer SET suspended_at = suspended_at - interval '30 hours' WHERE id = %s", [offer.pk]
    )
    assert decided(katherine, objection, "dismissed").state == ObjectionState.OPEN
    assert decided(katherine, objection, "dismissed").state == ObjectionState.OPEN
    done = decided(dorothy, objection, "dismissed", "Something else that she wrote.")
    assert (done.state, done.proposed_by_id, done.decided_by_id) == ("dismissed", katherine.pk, dorothy.pk)
    assert done.public_reason == REASON
    offer.refresh_from_db()
    assert opens_at is not None
    assert offer.opens_at is not None
    assert (offer.state, offer.suspended_at) == (OfferState.ANNOUNCED, None)
    assert abs(offer.opens_at - opens_at - timedelta(hours=30)) < timedelta(minutes=5)
    assert trail_of(objection) == [
        LicensingEvent.OBJECTED,
        LicensingEvent.OBJECTION_JUDGED,
        LicensingEvent.OBJECTION_JUDGED,
        LicensingEvent.OBJECTION_DECIDED,
    ]
    with pytest.raises(DecidedBefore):
        decided(dorothy, objection, "upheld")


def test_two_who_say_different_things_have_not_decided(offer: Offer, katherine: User, dorothy: User) -> None:
    objection = objected(offer)
    decided(katherine, objection, "dismissed")
    assert decided(dorothy, objection, "upheld", "Row 3 does.").state == ObjectionState.OPEN
    done = decided(katherine, objection, "upheld")
    assert (done.state, done.public_reason) == (ObjectionState.UPHELD, "Row 3 does.")
    offer.refresh_from_db()
    assert (offer.state, offer.ended_clause) == (OfferState.REFUSED, "W6")


def test_the_clock_stands_until_the_last_objection_is_decided(
    offer: Offer, ada: User, katherine: User, dorothy: User
) -> None:
    first, second = objected(offer), objected(offer, ada.as_actor(), contact="")
    for person in (katherine, dorothy):
        decided(person, first, "remedied", battles=items(offer)[:1])
    offer.refresh_from_db()
    assert offer.state == OfferState.SUSPENDED
    for person in (katherine, dorothy):
        decided(person, second, "dismissed")
    offer.refresh_from_db()
    assert offer.state == OfferState.ANNOUNCED


def test_who_decides(
    world: World, offer: Offer, margaret: User, ada: User, katherine: User, dorothy: User, barbara: User
) -> None:
    objection = objected(offer, dorothy.as_actor(), contact="")
    for outsider in (ada, barbara):
        with pytest.raises(NotPermitted):
            decided(outsider, objection, "dismissed")
    with pytest.raises(ReauthenticationNeeded):
        decide_objection(
            actor=katherine.as_actor(),
            objection_id=objection.pk,
            outcome="dismissed",
            public_reason=REASON,
            now=timezone.now(),
        )
    # Margaret built it, and Dorothy objected.
    for one_of_the_others in (margaret, dorothy):
        with pytest.raises(NotFourPeople):
            decided(one_of_the_others, objection, "dismissed")
    for outcome, reason in (("open", REASON), ("", REASON), ("dismissed", " \n ")):
        with pytest.raises(NotAnOutcome):
            decided(katherine, objection, outcome, reason)
    works_for(katherine, world.licensee.organization)
    with pytest.raises(TiedToLicensee):
        decided(katherine, objection, "dismissed")
    grant_role(actor=SYSTEM, user=ada, role=Role.APPROVER, now=NOON)
    assert decided(ada, objection, "dismissed").state == ObjectionState.OPEN


def test_what_is_no_objection(world: World, offer: Offer, ada: User) -> None:
    for told in (
        {"ground": "I do not like it"},
        {"words": " \x00\n\t"},
        {"words": "x" * 4001},
        {"contact": ""},
        {"contact": "\x00"},
        {"contact": "x" * 255},
    ):
        with pytest.raises(NotAnObjection):
            objected(offer, VISITOR, **told)
    assert not Objection.objects.exists()
    hostile = "<script>alert(1)</script>\u202e\x00\x1b[31m ' OR 1=1 --\n{{ settings.SECRET_KEY }}"
    kept = objected(offer, words=hostile).words
    assert "\x00" not in kept
    assert "\u202e" not in kept
    assert "<script>" in kept


def test_nobody_objects_without_end(world: World, offer: Offer, ada: User, katherine: User, dorothy: User) -> None:
    first = objected(offer, ada.as_actor())
    with pytest.raises(TooManyObjections):
        objected(offer, ada.as_actor())
    objected(offer)
    with pytest.raises(TooManyObjections):
        objected(offer, contact="READER@example.org")
    for number in range(2):
        for person in (katherine, dorothy):
            decided(person, first, "dismissed")
        first = objected(offer, ada.as_actor(), words=f"Once more, {number}.")
    for person in (katherine, dorothy):
        decided(person, first, "dismissed")
    with pytest.raises(TooManyObjections, match="tomorrow"):
        objected(offer, ada.as_actor())


def test_whoever_drafted_the_release_does_not_decide(world: World, offer: Offer, katherine: User) -> None:
    objection = objected(offer)
    world.rewritten("licensing_release", "UPDATE licensing_release SET drafted_by_id = %s", katherine.pk)
    with pytest.raises(NotFourPeople):
        decided(katherine, objection, "dismissed")


def test_only_what_is_announced_is_objected_to(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    offer = awaiting(world, margaret)
    with pytest.raises(OfferMoved):
        objected(offer)
    assert not Objection.objects.exists()


def test_an_objection_that_nobody_decides_is_called_out_once(
    world: World, offer: Offer, margaret: User, barbara: User
) -> None:
    objection = objected(offer)
    tend_offers(actor=BUILDER)
    world.owner.execute("UPDATE licensing_objection SET due_at = due_at - interval '121 hours'")
    for _look in range(2):
        tend_offers(actor=BUILDER)
    assert trail_of(objection) == [LicensingEvent.OBJECTED, LicensingEvent.OBJECTION_OVERDUE]
    for person in (margaret, barbara):
        assert InboxMessage.objects.filter(recipient=person, subject__contains="overdue").count() == 1
    offer.refresh_from_db()
    assert offer.state == OfferState.SUSPENDED
