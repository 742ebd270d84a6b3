"""Offers as people see them: public notices with their clocks, an offer to decide about, objections, deliveries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Prefetch, Q, QuerySet

from apps.accounts.models import User
from apps.audit.queries import EntryRow, entry_for
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    AccessRequest,
    Approval,
    Attempt,
    AttemptState,
    Delivery,
    Edition,
    Halt,
    Licensee,
    Objection,
    ObjectionState,
    Offer,
    OfferLicensee,
    OfferState,
    Release,
    Tombstone,
)
from apps.licensing.queries.deliveries import is_covered
from apps.licensing.queries.offers import IN_PUBLIC, approvals_needed, ties_of
from apps.licensing.queries.opening import OpeningCheck, opening_checks
from apps.organizations.models import Organization
from apps.policy.queries import clauses_on

LIST_LENGTH: Final = 50
_LOOKED_AT: Final = (OfferState.AWAITING, OfferState.ANNOUNCED, OfferState.SUSPENDED)


def _offers() -> QuerySet[Offer]:
    return Offer.objects.select_related(
        "release__licensee__organization", "release__drafted_by", "requester", "builder", "first_approver",
        "second_approver",
    ).prefetch_related(
        Prefetch("recipients", OfferLicensee.objects.select_related("licensee__organization").order_by("pk")),
        Prefetch("editions", Edition.objects.select_related("licensee__organization", "release").order_by("pk")),
        Prefetch("approvals", Approval.objects.select_related("approver").order_by("place")),
        Prefetch("halts", Halt.objects.order_by("pk")),
        Prefetch("objections", Objection.objects.order_by("made_at", "pk")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionLine:
    """An edition under an offer, and whether a signed checkpoint covers its entry."""

    edition: Edition
    is_covered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLine:
    """An offer with who gets it, how long its clock still runs, and what was said about it.

    ``editions`` and ``checks`` are there on the pages about one release, and empty in lists.
    """

    offer: Offer
    names: tuple[str, ...]
    left: timedelta | None
    editions: tuple[EditionLine, ...]
    checks: tuple[OpeningCheck, ...]
    said: tuple[Attempt, ...]
    entry: EntryRow | None
    needed: int = 2
    is_halted: bool = False

    @property
    def open_objections(self) -> int:
        """How many objections wait for two people."""
        return sum(objection.state == ObjectionState.OPEN for objection in self.offer.objections.all())

    @property
    def approvals(self) -> int:
        """How many of the approvals are there."""
        return len(self.offer.approvals.all())

    @property
    def is_short_of_approvals(self) -> bool:
        """Whether somebody else must still approve."""
        return self.approvals < self.needed

    @property
    def takes_approvals(self) -> bool:
        """Whether somebody can say yes now: also to what is announced, when the rulebook asks for one more since."""
        state = self.offer.state
        return state == OfferState.AWAITING or (state == OfferState.ANNOUNCED and self.is_short_of_approvals)


def _line(offer: Offer, *, now: datetime, alone: bool = False, in_full: bool = False) -> OfferLine:
    is_running = offer.state == OfferState.ANNOUNCED and offer.opens_at is not None
    stands = offer.suspended_at if offer.state == OfferState.SUSPENDED else None
    until = (offer.opens_at - (stands or now)) if offer.opens_at is not None and (is_running or stands) else None
    refused = offer.attempts.filter(state=AttemptState.REFUSED).order_by("closed_at", "pk")
    return OfferLine(
        offer=offer,
        names=tuple(recipient.licensee.organization.name for recipient in offer.recipients.all()),
        left=max(until, timedelta(0)) if until is not None else None,
        editions=tuple(
            EditionLine(edition=edition, is_covered=is_covered(edition)) for edition in offer.editions.all() if alone
        ),
        checks=opening_checks(offer, in_full=in_full) if alone and offer.state in _LOOKED_AT else (),
        said=tuple(refused),
        entry=entry_for(offer.ref, LicensingEvent.ANNOUNCED) or entry_for(offer.ref, LicensingEvent.OFFERED),
        needed=approvals_needed(offer),
        is_halted=any(halt.ended_at is None for halt in offer.halts.all()),
    )


def offers_of(release: Release, *, now: datetime, in_full: bool = False) -> tuple[OfferLine, ...]:
    """Return every offer of a release, in their order; ``in_full`` counts what only staff wait for."""
    return tuple(
        _line(offer, now=now, alone=True, in_full=in_full)
        for offer in _offers().filter(release=release).order_by("number")
    )


def announced_offers(*, now: datetime, limit: int = LIST_LENGTH) -> tuple[OfferLine, ...]:
    """Return the newest offers that were announced to everybody: those whose clock runs first."""
    found = _offers().filter(state__in=IN_PUBLIC).order_by("-announced_at", "-pk")[:limit]
    lines = [_line(offer, now=now) for offer in found]
    return tuple(sorted(lines, key=lambda line: line.offer.state == OfferState.OPEN))


def offers_waiting() -> list[Offer]:
    """Return the offers that are on their way, those that wait for people first."""
    found = _offers().filter(
        state__in=[OfferState.AWAITING, OfferState.SUSPENDED, OfferState.ANNOUNCED, OfferState.BUILDING]
    )
    order = [OfferState.SUSPENDED, OfferState.AWAITING, OfferState.ANNOUNCED, OfferState.BUILDING]
    return sorted(found, key=lambda offer: (order.index(OfferState(offer.state)), offer.pk))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for one approver: offers to read, objections to decide; and the clocks that they started."""

    to_approve: tuple[Offer, ...]
    objections: tuple[Objection, ...]
    running: tuple[OfferLine, ...]


def waiting_for(account_id: int, *, now: datetime) -> Waiting:
    """Return what waits for an approver: offers on which they are none of the other three people."""
    mine = Q(requester_id=account_id) | Q(builder_id=account_id) | Q(approvals__approver_id=account_id)
    running = tuple(
        _line(offer, now=now)
        for offer in _offers().filter(state__in=[OfferState.ANNOUNCED, OfferState.SUSPENDED]).order_by("opens_at")
    )
    short = [line.offer.pk for line in running if line.takes_approvals]
    to_approve = _offers().filter(Q(state=OfferState.AWAITING) | Q(pk__in=short)).exclude(mine)
    return Waiting(
        to_approve=tuple(to_approve.order_by("created_at", "pk")), objections=tuple(open_objections()), running=running
    )


def open_objections() -> list[Objection]:
    """Return the objections that nobody has decided, the oldest first."""
    found = Objection.objects.filter(state=ObjectionState.OPEN).select_related("offer__release")
    return list(found.order_by("due_at", "pk"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDecide:
    """An offer as somebody who is to approve it reads it; ``ties`` are theirs, and stop them.

    ``is_another_of_the_four`` says that they asked, built, drafted or approved already, which stops them as well.
    """

    line: OfferLine
    ties: tuple[Organization, ...]
    is_another_of_the_four: bool


def offer_to_decide(release_id: int, number: int, *, account_id: int, now: datetime) -> ToDecide | None:
    """Return one offer with the ties of whoever reads it; None when there is none."""
    offer = _offers().filter(release_id=release_id, number=number).first()
    if offer is None:
        return None
    others = {offer.requester_id, offer.builder_id, offer.first_approver_id, offer.release.drafted_by_id}
    return ToDecide(
        line=_line(offer, now=now, alone=True, in_full=True),
        ties=tuple(ties_of(offer.pk, account_id)),
        is_another_of_the_four=account_id in others,
    )


def objection_of(objection_id: int) -> Objection | None:
    """Return one objection with its offer and those who decide; None when there is none."""
    return (
        Objection.objects.select_related(
            "offer__release__licensee__organization", "account", "proposed_by", "decided_by"
        )
        .filter(pk=objection_id)
        .first()
    )


def deliveries_of(release: Release) -> list[Delivery]:
    """Return the newest deliveries of a release, of whichever edition."""
    found = Delivery.objects.filter(edition__release=release).select_related("licensee__organization", "edition")
    return list(found.order_by("-started_at", "-pk")[:LIST_LENGTH])


def licensees_without(release_id: int) -> QuerySet[Licensee]:
    """Return the licensees in good standing that have no offer of a release."""
    return (
        Licensee.objects.filter(suspended_at=None)
        .exclude(offers__offer__release_id=release_id)
        .select_related("organization")
        .order_by("organization__name")
    )


def possible_requesters(licensees: Iterable[int]) -> list[User]:
    """Return who can have asked for some licensees: those who speak for them, and those who sent a request for them."""
    ids = list(licensees)
    people = User.objects.filter(
        Q(pk__in=Licensee.objects.filter(pk__in=ids).values("contact_id"))
        | Q(pk__in=AccessRequest.objects.filter(licensee__in=ids).values("asked_by_id"))
    )
    return list(people.order_by("pseudonym", "pk"))


def wall_clauses() -> list[tuple[str, str]]:
    """Return the clauses of the wall in force, to name one that says no."""
    return [(clause.number, f"{clause.number} · {clause.title}") for clause in clauses_on("W")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """How many rows of a release were taken back for one reason."""

    reason: str
    rows: int


def rows_taken_back(release: Release) -> tuple[TakenBack, ...]:
    """Return how many rows of a release were taken back, by reason."""
    found = (
        Tombstone.objects.filter(battle__eligibility__release_item__release=release)
        .values("reason")
        .annotate(rows=Count("pk"))
        .order_by("reason")
    )
    labels = dict(Tombstone._meta.get_field("reason").flatchoices)
    return tuple(TakenBack(reason=str(labels[each["reason"]]), rows=each["rows"]) for each in found)
