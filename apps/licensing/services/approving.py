"""Approving an offer and opening it: the database decides, by its own clock and under the stricter rulebook."""

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.domain.roles import Role
from apps.accounts.services import notify
from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Act, Offer, OfferState
from apps.licensing.permissions import may_approve, may_open
from apps.licensing.queries import due_rewrites, too_few_alike
from apps.licensing.queries.people import hold_the_fitting, rule_of
from apps.licensing.services.attempts import (
    attempt_approval,
    attempt_opening,
    close_done,
    require_open_attempt,
    require_reauthenticated,
)
from apps.licensing.services.offering import tell_role
from apps.licensing.services.saying_no import HoldsRowsTakenBack, OfferMoved, TooFewAlike, asking_the_wall
from apps.licensing.services.standing import may_receive


@transaction.atomic
def approve_offer(*, actor: Actor, offer_id: int, digest: str, now: datetime, attempt_id: int | None = None) -> Offer:
    """Say yes to exactly the bytes that a digest names; the last yes that clause W4 asks for announces it.

    ``attempt_id`` is the attempt that the flow put down before; without it, one is begun here.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor is no approver, or has not lately proved it.
        NotFourPeople, ManifestChanged, TiedToLicensee, OfferMoved: as the database says.
    """
    if not may_approve(actor) or actor.account_id is None:
        raise NotPermitted(_("Only approvers approve."))
    require_reauthenticated(actor, now)
    if attempt_id is None:
        attempt_id = attempt_approval(actor=actor, offer_id=offer_id, digest=digest, now=now).pk
    _require_this_offer(attempt_id, Act.APPROVE, offer_id)
    offer = Offer.objects.select_related("release").get(pk=offer_id)
    with asking_the_wall(offer.ref), connection.cursor() as cursor:
        cursor.execute("SELECT approve_offer(%s, %s, %s)", [offer.pk, actor.account_id, digest])
        (place,) = cursor.fetchone()
    attempt = close_done(attempt_id, now=now)
    offer.refresh_from_db()
    record(
        LicensingEvent.APPROVED,
        actor=actor,
        subject=offer.ref,
        at=now,
        clause="W4",
        facts={"release": offer.release.ref, "place": place, "digest": offer.digest, "attempt": attempt.ref},
    )
    if offer.state == OfferState.ANNOUNCED:
        _announce(actor, offer, now)
    return offer


def _announce(actor: Actor, offer: Offer, now: datetime) -> None:
    if offer.announced_at is None or offer.opens_at is None:
        raise OfferMoved(_("This offer is not announced."), subject=offer.ref)
    licensees = [recipient.licensee for recipient in offer.recipients.select_related("licensee__contact")]
    record(
        LicensingEvent.ANNOUNCED,
        actor=actor,
        subject=offer.ref,
        at=now,
        clause="W6",
        facts={
            "release": offer.release.ref,
            "root": offer.release.items_root,
            "items": offer.release.items,
            "asked": offer.release.asked,
            "licensees": sorted(licensee.ref for licensee in licensees),
            "digest": offer.digest,
            "lock_hours": offer.lock_hours,
            "announced_at": time_text(offer.announced_at),
            "opens_at": time_text(offer.opens_at),
        },
    )
    subject = _("Release %(number)d is announced") % {"number": offer.release_id}
    body = _("Everybody who must has approved it. Anybody can object until it opens.")
    address = f"/releases/{offer.release_id}/"
    tell_role(actor, Role.LICENSING_OFFICER, subject=subject, body=body, address=address, now=now)
    for licensee in licensees:
        if licensee.contact is not None:
            notify(actor=actor, recipient=licensee.contact, subject=subject, body=body, address=address, now=now)


@transaction.atomic
def open_offer(*, actor: Actor, offer_id: int, now: datetime, attempt_id: int | None = None) -> Offer:
    """Open an announced offer whose lock is over by the database's clock; ``now`` dates the log's entry alone.

    Raises:
        NotPermitted: when the actor is neither the platform nor a licensing officer.
        StillLocked, ObjectionStands, ManifestChanged, HoldsRowsTakenBack, TooYoung, HeldBack, TiedToLicensee,
            LicenseeSuspended, OfferMoved: as the database says.
        TooFewAlike: when the database says so, or others have ended since, with whom these people were enough.
        NoAgreement, AgreementExpired, ControlChanged, RecipientUndeclared: as ``may_receive`` says.
    """
    if not may_open(actor):
        raise NotPermitted(_("Offers are opened by the platform and by licensing officers."))
    if attempt_id is None:
        attempt_id = attempt_opening(actor=actor, offer_id=offer_id, now=now).pk
    _require_this_offer(attempt_id, Act.OPEN, offer_id)
    offer = Offer.objects.select_related("release").get(pk=offer_id)
    for recipient in offer.recipients.select_related("licensee"):
        may_receive(recipient.licensee, at=now)
    hold_the_fitting()
    with asking_the_wall(offer.ref), connection.cursor() as cursor:
        cursor.execute("SELECT open_offer(%s)", [offer.pk])
    # The database counts rows that were taken back; that others must leave with them, since too few are alike without
    # them, only the manifest says.
    if behind := due_rewrites(offer_id=offer.pk):
        raise HoldsRowsTakenBack(
            ngettext(
                "%(count)d edition is being written anew without rows that were taken back.",
                "%(count)d editions are being written anew without rows that were taken back.",
                len(behind),
            )
            % {"count": len(behind)},
            clause="W11",
            subject=offer.ref,
        )
    k = rule_of(offer.release).k
    if too_few_alike(offer.release_id, k=k):
        raise TooFewAlike(
            _("Copies would tell of somebody among fewer than %(least)d people. They are written anew first.")
            % {"least": k},
            clause="W7",
            subject=offer.ref,
        )
    attempt = close_done(attempt_id, now=now)
    offer.refresh_from_db()
    if offer.opened_at is None:
        raise OfferMoved(_("This offer is not open."), subject=offer.ref)
    record(
        LicensingEvent.OPENED,
        actor=actor,
        subject=offer.ref,
        at=now,
        clause="W6",
        facts={
            "release": offer.release.ref,
            "digest": offer.digest,
            "opened_at": time_text(offer.opened_at),
            "attempt": attempt.ref,
        },
    )
    for recipient in offer.recipients.select_related("licensee__contact"):
        if recipient.licensee.contact is not None:
            notify(
                actor=actor,
                recipient=recipient.licensee.contact,
                subject=_("Release %(number)d is open") % {"number": offer.release_id},
                body=_("Your edition can be fetched as soon as a signed checkpoint of the log covers it."),
                address=f"/releases/{offer.release_id}/",
                now=now,
            )
    return offer


def _require_this_offer(attempt_id: int, act: Act, offer_id: int) -> None:
    attempt = require_open_attempt(attempt_id, act)
    if attempt.offer_id != offer_id:
        raise OfferMoved(_("This attempt is about another offer."), subject=attempt.ref)
