"""Offers of a sealed release: to whom it is to go, that its editions are there, and that an approver says no."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.accounts.services import notify
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    Act,
    Attempt,
    AttemptState,
    Edition,
    Licensee,
    Offer,
    OfferLicensee,
    OfferState,
    Release,
    ReleaseState,
)
from apps.licensing.permissions import may_approve, may_license
from apps.licensing.queries import possible_requesters
from apps.licensing.services.attempts import require_reauthenticated
from apps.licensing.services.drafting import LicenseeSuspended
from apps.licensing.services.saying_no import NotFourPeople, OfferMoved, asking_the_wall
from apps.policy.queries import UnknownClause, clause, current_version

LONGEST_WORDS: Final = 1000


class NobodyToOffer(Refused):
    """No licensee was named, or one of them has this release already."""


class NobodyAsked(Refused):
    """Who asked for a release is not said, or is somebody who cannot have."""


class NoClauseNamed(Refused):
    """Whoever says no names a clause of the rulebook and gives words."""


def make_offer(
    *, actor: Actor, release: Release, licensees: Sequence[Licensee], requester: User | None, now: datetime
) -> Offer:
    """Put down, within the caller's transaction, that editions of a release are to be built, approved and opened.

    Raises:
        NotFourPeople: when nobody has asked, or whoever builds has.
        NobodyToOffer: when one of the licensees has an offer of this release.
    """
    if actor.account_id is None:
        raise NotPermitted(_("Only licensing officers make offers."))
    if requester is None:
        raise NotFourPeople(
            _("Nobody speaks for this licensee, so nobody has asked. Name its contact first."),
            clause="W4",
            subject=release.ref,
        )
    if requester.pk == actor.account_id:
        raise NotFourPeople(
            _("Whoever asks for a release does not build it as well."), clause="W4", subject=release.ref
        )
    number = release.offers.aggregate(last=Max("number"))["last"] or 0
    offer = Offer.objects.create(
        release=release,
        number=number + 1,
        policy_version=release.policy_version if number == 0 else current_version(at=now),
        requester=requester,
        builder_id=actor.account_id,
        created_at=now,
    )
    try:
        with transaction.atomic():
            for licensee in licensees:
                OfferLicensee.objects.create(offer=offer, licensee=licensee)
    except IntegrityError as taken:
        raise NobodyToOffer(_("One of them has an offer of this release already."), subject=release.ref) from taken
    record(
        LicensingEvent.OFFERED,
        actor=actor,
        subject=offer.ref,
        at=now,
        facts={
            "release": release.ref,
            "number": offer.number,
            "licensees": sorted(licensee.ref for licensee in licensees),
            "requester": requester.pseudonym,
            "policy_version": offer.policy_version,
        },
    )
    return offer


@transaction.atomic
def offer_to(
    *, actor: Actor, release_id: int, licensees: Sequence[Licensee], asked_by: User | None = None, now: datetime
) -> Offer:
    """Offer a sealed release to later licensees: with approvals, a notice and a time-lock of its own.

    ``asked_by`` is the person who asked for it: somebody who speaks for one of the licensees, or who sent a request in
    its name. It may be left out where only one person speaks for all of them.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        OfferMoved: when the release is not sealed.
        NobodyToOffer, NotFourPeople, LicenseeSuspended: when they cannot be offered it.
        NobodyAsked: when several people may have asked and none is named, or the one who is named cannot have.
    """
    if not may_license(actor) or actor.account_id is None:
        raise NotPermitted(_("Only licensing officers make offers."))
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if release.state != ReleaseState.SEALED:
        raise OfferMoved(_("Only a sealed release is offered."), clause="W4", subject=release.ref)
    chosen = list(
        Licensee.objects.select_for_update(no_key=True)
        .filter(pk__in=[licensee.pk for licensee in licensees])
        .order_by("pk")
    )
    if not chosen:
        raise NobodyToOffer(_("Name at least one licensee."), subject=release.ref)
    for licensee in chosen:
        if licensee.suspended_at is not None:
            raise LicenseeSuspended(_("This licensee is suspended."), subject=licensee.ref)
    requester = _who_asked(release, chosen, asked_by)
    return make_offer(actor=actor, release=release, licensees=chosen, requester=requester, now=now)


def _who_asked(release: Release, licensees: Sequence[Licensee], named: User | None) -> User | None:
    """Return the person who asked, or None where nobody speaks for any of these. Raises ``NobodyAsked``."""
    those = set(possible_requesters([licensee.pk for licensee in licensees]))
    if named is not None:
        if named not in those:
            raise NobodyAsked(_("This person speaks for none of them, and asked for none."), subject=release.ref)
        return named
    speaking = {licensee.contact for licensee in licensees if licensee.contact is not None}
    if len(speaking) > 1:
        raise NobodyAsked(_("Several people speak for these licensees. Say who of them asked."), subject=release.ref)
    return next(iter(speaking), None)


@transaction.atomic
def offer_is_built(*, actor: Actor, offer_id: int, now: datetime) -> Offer:
    """Let an offer wait for its approvals, now that every edition of it is there; asked again, nothing changes.

    The database computes what approvals will bind. Raises ``NotPermitted`` and ``OfferMoved``.
    """
    if not actor.is_system:
        raise NotPermitted(_("Editions are built by the platform itself."))
    offer = Offer.objects.select_related("release").get(pk=offer_id)
    if offer.state != OfferState.BUILDING:
        return offer
    with asking_the_wall(offer.ref), connection.cursor() as cursor:
        cursor.execute("SELECT offer_is_built(%s)", [offer.pk])
    offer.refresh_from_db()
    manifests = (
        Edition.objects.filter(offer=offer).order_by("manifest_sha256").values_list("manifest_sha256", flat=True)
    )
    record(
        LicensingEvent.OFFER_BUILT,
        actor=actor,
        subject=offer.ref,
        at=now,
        facts={
            "release": offer.release.ref,
            "digest": offer.digest,
            "root": offer.release.items_root,
            "manifests": sorted(manifests),
        },
    )
    tell_role(
        actor,
        Role.APPROVER,
        subject=_("Release %(number)d waits for approvals") % {"number": offer.release_id},
        body=_("Every edition of offer %(offer)d is built. Read what it holds, and say yes or no.")
        % {"offer": offer.number},
        address=f"/releases/{offer.release_id}/offers/{offer.number}/approve/",
        now=now,
    )
    return offer


@transaction.atomic
def refuse_offer(*, actor: Actor, offer_id: int, clause_number: str, words: str, now: datetime) -> Offer:
    """Say no to an offer for good, under a clause and in words that everybody can read.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor is no approver, or has not lately proved it.
        NoClauseNamed: when the clause is not in the rulebook or there are no words.
        OfferMoved: when the offer has ended or is open.
    """
    if not may_approve(actor):
        raise NotPermitted(_("Only approvers say no to an offer."))
    require_reauthenticated(actor, now)
    words = " ".join(words.split())
    try:
        under = clause(clause_number)
    except UnknownClause as unknown:
        raise NoClauseNamed(_("Name a clause of the rulebook that says no.")) from unknown
    if not 0 < len(words) <= LONGEST_WORDS or not words.isprintable():
        raise NoClauseNamed(_("Say why, in at most 1,000 characters."))
    release_id = Offer.objects.values_list("release_id", flat=True).get(pk=offer_id)
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state not in {OfferState.BUILDING, OfferState.AWAITING, OfferState.ANNOUNCED, OfferState.SUSPENDED}:
        raise OfferMoved(
            _("This offer is %(state)s.") % {"state": offer.get_state_display()}, clause="W4", subject=offer.ref
        )
    was = offer.state
    offer.state, offer.ended_clause = OfferState.REFUSED, under.number
    offer.save(update_fields=["state", "ended_clause"])
    offer.refresh_from_db()
    attempt = Attempt.objects.create(
        release=release,
        offer=offer,
        act=Act.APPROVE,
        actor=actor.pseudonym,
        state=AttemptState.REFUSED,
        clause=under.number,
        code="said-no",
        words=words,
        attempted_at=now,
        closed_at=now,
    )
    entry = record(
        LicensingEvent.OFFER_REFUSED,
        actor=actor,
        subject=offer.ref,
        at=now,
        clause=under.number,
        facts={
            "release": release.ref,
            "was": was,
            "attempt": attempt.ref,
            "words": commit_to(words, subject=attempt.ref),
        },
    )
    attempt.entry = entry.pk
    attempt.save(update_fields=["entry"])
    return offer


def tell_role(actor: Actor, role: Role, *, subject: str, body: str, address: str, now: datetime) -> None:
    """Put a notice into the inbox of everybody who holds a role."""
    for person in User.objects.filter(role_grants__role=role.value, role_grants__ended_at=None).order_by("pk"):
        notify(actor=actor, recipient=person, subject=subject, body=body, address=address, now=now)
