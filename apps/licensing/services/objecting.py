"""Objections: anybody stops the clock on an admissible ground, and two people start it again or end the offer."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Ground, Objection, ObjectionState, Offer, OfferState, WaitingObjection
from apps.licensing.permissions import may_judge_objections
from apps.licensing.services.attempts import require_reauthenticated
from apps.licensing.services.offering import tell_role
from apps.licensing.services.saying_no import OfferMoved, asking_the_wall

LONGEST_WORDS: Final = 4000
LONGEST_CONTACT: Final = 254
LONGEST_REASON: Final = 2000
# One person, by account, by the contact that they leave, or by the network that they come from. What all who leave no
# account bring beyond the last number waits: whoever floods the form costs others some time, and nobody their say.
MOST_A_DAY: Final = 3
MOST_FROM_STRANGERS: Final = 30


class NotAnObjection(Refused):
    """The ground is not one of those that stop the clock, or the words or the contact are missing or unreadable."""


class TooManyObjections(Refused):
    """Somebody objects too often, or has an objection to this offer that is not decided yet."""


@transaction.atomic
def object_to_offer(
    *, actor: Actor, offer_id: int, ground: str, words: str, contact: str = "", network: str = "", now: datetime
) -> Objection | WaitingObjection:
    """Object to an announced offer; its clock stands until two people have decided.

    ``words`` and ``contact`` are shown to those who decide and to nobody else; the log commits to them. ``network`` is
    a mark of where somebody without an account comes from, from which no address can be read. When many came today, it
    waits for room, and the offer does not open before.

    Raises:
        NotAnObjection: when the ground is not admissible, or there are no words, or nobody to answer.
        TooManyObjections: when the same person has one open, or made too many today.
        OfferMoved: when the offer is not announced.
    """
    if ground not in Ground.values:
        raise NotAnObjection(_("Choose one of the grounds that stop the clock."), clause="W6")
    words, contact = _readable(words, LONGEST_WORDS), _readable(contact, LONGEST_CONTACT)
    if not words:
        raise NotAnObjection(_("Say what is wrong, in at most 4,000 characters."), clause="W6")
    if actor.account_id is None and not contact:
        raise NotAnObjection(_("Sign in, or leave an address at which we can answer you."), clause="W6")
    offer = Offer.objects.select_related("release").get(pk=offer_id)
    _require_room(actor, offer, contact, network)
    if actor.account_id is None and is_full():
        return _wait(actor, offer, ground=ground, words=words, contact=contact, network=network, now=now)
    return stop_the_clock(
        actor=actor, offer=offer, ground=ground, words=words, contact=contact, network=network, now=now
    )


def _wait(
    actor: Actor, offer: Offer, *, ground: str, words: str, contact: str, network: str, now: datetime
) -> WaitingObjection:
    if offer.state not in {OfferState.ANNOUNCED, OfferState.SUSPENDED}:
        raise OfferMoved(_("This offer is not announced."), clause="W6", subject=offer.ref)
    waiting = WaitingObjection.objects.create(
        offer=offer, ground=ground, words=words, contact=contact, network=network, came_at=now
    )
    record(
        LicensingEvent.OBJECTION_WAITS,
        actor=actor,
        subject=waiting.ref,
        at=now,
        clause="W6",
        facts={"offer": offer.ref, "ground": ground, "words": commit_to(words, subject=waiting.ref)},
    )
    return waiting


@transaction.atomic
def stop_the_clock(
    *, actor: Actor, offer: Offer, ground: str, words: str, contact: str, network: str, now: datetime
) -> Objection:
    """Write an objection, of whoever asked or of one that waited, and tell those who decide. Raises ``OfferMoved``."""
    with asking_the_wall(offer.ref):
        objection = Objection.objects.create(
            offer=offer,
            ground=ground,
            words=words,
            account_id=actor.account_id,
            contact=contact,
            network=network,
            # The database writes both.
            made_at=now,
            due_at=now,
        )
    objection.refresh_from_db()
    record(
        LicensingEvent.OBJECTED,
        actor=actor,
        subject=objection.ref,
        at=now,
        clause="W6",
        facts={
            "offer": offer.ref,
            "release": offer.release.ref,
            "ground": ground,
            "words": commit_to(words, subject=objection.ref),
            "due_at": time_text(objection.due_at),
        },
    )
    subject = _("Somebody objects to release %(number)d") % {"number": offer.release_id}
    body = _("Its clock stands until two people have decided: %(ground)s.") % {"ground": Ground(ground).label}
    for role in (Role.APPROVER, Role.LICENSING_OFFICER):
        tell_role(actor, role, subject=subject, body=body, address=f"/releases/objections/{objection.pk}/", now=now)
    return objection


@transaction.atomic
def decide_objection(
    *,
    actor: Actor,
    objection_id: int,
    outcome: str,
    public_reason: str,
    battles: Collection[int] = (),
    now: datetime,
) -> Objection:
    """Say what should become of an objection; when a second person says the same, it is decided.

    A remedy names the battles that leave: each is taken back with the second word, and no other outcome names any.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor may not, or has not lately proved who they are.
        NotAnOutcome, DecidedBefore, NotFourPeople, TiedToLicensee: as the database says.
    """
    if not may_judge_objections(actor) or actor.account_id is None:
        raise NotPermitted(_("Objections are decided by approvers and licensing officers."))
    require_reauthenticated(actor, now)
    objection = Objection.objects.select_related("offer__release").get(pk=objection_id)
    reason = _readable(public_reason, LONGEST_REASON)
    with asking_the_wall(objection.ref), connection.cursor() as cursor:
        cursor.execute(
            "SELECT decide_objection(%s, %s, %s, %s, %s)",
            [objection.pk, actor.account_id, outcome, reason, sorted(set(battles))],
        )
    objection.refresh_from_db()
    is_over = objection.state != ObjectionState.OPEN
    record(
        LicensingEvent.OBJECTION_DECIDED if is_over else LicensingEvent.OBJECTION_JUDGED,
        actor=actor,
        subject=objection.ref,
        at=now,
        clause="W6",
        facts={
            "offer": objection.offer.ref,
            "outcome": objection.outcome,
            "rows": len(objection.battles),
            "reason": hashlib.sha256(objection.public_reason.encode()).hexdigest(),
        },
    )
    return objection


@transaction.atomic
def escalate_objection(*, actor: Actor, objection_id: int, now: datetime) -> Objection:
    """Tell officers and approvers that nobody decided an objection in time; the clock goes on standing.

    Raises:
        NotPermitted: when the actor is not the platform.
        OfferMoved: when it is not overdue, or they were told.
    """
    if not actor.is_system:
        raise NotPermitted(_("Only the platform reminds people."))
    objection = Objection.objects.select_for_update(no_key=True).select_related("offer").get(pk=objection_id)
    if objection.state != ObjectionState.OPEN or objection.escalated_at is not None or objection.due_at > now:
        raise OfferMoved(_("This objection is not overdue."), subject=objection.ref)
    objection.escalated_at = now
    objection.save(update_fields=["escalated_at"])
    record(
        LicensingEvent.OBJECTION_OVERDUE,
        actor=actor,
        subject=objection.ref,
        at=now,
        clause="W6",
        facts={"offer": objection.offer.ref, "due_at": time_text(objection.due_at)},
    )
    for role in (Role.LICENSING_OFFICER, Role.APPROVER, Role.AUDITOR):
        tell_role(
            actor,
            role,
            subject=_("An objection to release %(number)d is overdue") % {"number": objection.offer.release_id},
            body=_("Two people had to decide it by now. Its release stays shut until they do."),
            address=f"/releases/objections/{objection.pk}/",
            now=now,
        )
    return objection


def _readable(text: str, longest: int) -> str:
    """Return a text without control characters, and nothing when it is too long."""
    lines = (" ".join(line.split()) for line in text.replace("\x00", "").splitlines())
    kept = "\n".join("".join(each for each in line if each.isprintable()) for line in lines).strip()
    return kept if len(kept) <= longest else ""


def is_full() -> bool:
    """Whether as many objections came from people without an account within a day as are taken up at once."""
    since = timezone.now() - timedelta(days=1)
    return Objection.objects.filter(account=None, made_at__gte=since).count() >= MOST_FROM_STRANGERS


def _require_room(actor: Actor, offer: Offer, contact: str, network: str) -> None:
    since = timezone.now() - timedelta(days=1)
    if actor.account_id is not None:
        own = Objection.objects.filter(account_id=actor.account_id)
    else:
        own = Objection.objects.filter(account=None, contact__iexact=contact)
        waiting = WaitingObjection.objects.filter(contact__iexact=contact, offer=offer)
        # A mark is of one day: its key is forgotten with it.
        from_there = Objection.objects.filter(network=network).count() if network else 0
        from_there += WaitingObjection.objects.filter(network=network).count() if network else 0
        if from_there >= MOST_A_DAY:
            raise TooManyObjections(
                _("Three objections came from your network today. Sign in to make yours, or come back tomorrow."),
                clause="W6",
            )
        if waiting.exists():
            raise TooManyObjections(_("You objected already, and it waits for its turn."), clause="W6")
    if own.filter(offer=offer, state=ObjectionState.OPEN).exists():
        raise TooManyObjections(_("You objected already, and nobody has decided it yet."), clause="W6")
    if own.filter(made_at__gte=since).count() >= MOST_A_DAY:
        raise TooManyObjections(_("You made three objections today; more are possible tomorrow."), clause="W6")
