"""A time in which a licensee gets nothing: begun and ended by an officer, with public reasons."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import Licensee, Suspension
from apps.licensing.permissions import may_license
from apps.licensing.services.agreements import digest_of
from apps.licensing.services.attempts import require_reauthenticated
from apps.licensing.services.reading import held_licensee, line_of
from apps.licensing.services.telling import tell_contact
from apps.policy.queries import UnknownClause, clause

LONGEST_REASON: Final = 300


class AlreadySuspended(Refused):
    """The licensee is suspended."""


class NotSuspended(Refused):
    """The licensee is not suspended."""


class UnknownRule(Refused):
    """The rulebook in force has no clause of this number."""


@transaction.atomic
def suspend_licensee(*, actor: Actor, licensee_id: int, clause_number: str, reason: str, now: datetime) -> Suspension:
    """Stop everything that a licensee would receive, from this moment on, downloads that are under way included.

    Raises:
        NotPermitted: when the actor is neither a licensing officer nor the platform itself.
        AlreadySuspended: when it is suspended.
        UnknownRule: when there is no such clause.
        UnfitWords: without a reason.
    """
    licensee = held_licensee(licensee_id)
    if not (may_license(actor) or actor.is_system):
        raise NotPermitted(_("Only licensing officers suspend licensees."), subject=licensee.ref)
    require_rule(clause_number)
    words = line_of(reason, longest=LONGEST_REASON)
    suspension = put_down_suspension(actor=actor, licensee=licensee, clause_number=clause_number, words=words, now=now)
    record(
        LicenseeEvent.SUSPENDED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        clause=clause_number,
        facts={"reason_digest": digest_of(words)},
    )
    tell_contact(
        actor=actor,
        licensee=licensee,
        subject=_("Your organization is suspended as a licensee"),
        body=words,
        address=reverse("licensing:terms"),
        now=now,
    )
    return suspension


@transaction.atomic
def put_down_suspension(
    *, actor: Actor, licensee: Licensee, clause_number: str, words: str, now: datetime
) -> Suspension:
    """Mark a licensee as suspended, inside the caller's transaction, who asks who may, records it, and tells whom.

    Raises ``AlreadySuspended``.
    """
    if Suspension.objects.filter(licensee=licensee, ended_at=None).exists():
        raise AlreadySuspended(_("This licensee is suspended already."), subject=licensee.ref)
    suspension = Suspension.objects.create(
        licensee=licensee, clause=clause_number, reason=words, suspended_by_id=actor.account_id, suspended_at=now
    )
    licensee.suspended_at = now
    licensee.save(update_fields=["suspended_at"])
    return suspension


@transaction.atomic
def end_suspension(*, actor: Actor, licensee_id: int, reason: str, now: datetime) -> Suspension:
    """Let a licensee receive again, and say why.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor is no licensing officer, or has not lately proved it.
        NotSuspended: when it is not suspended.
        UnfitWords: without a reason.
    """
    licensee = held_licensee(licensee_id)
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers end a suspension."), subject=licensee.ref)
    require_reauthenticated(actor, now)
    words = line_of(reason, longest=LONGEST_REASON)
    suspension = Suspension.objects.filter(licensee=licensee, ended_at=None).first()
    if suspension is None and licensee.suspended_at is None:
        raise NotSuspended(_("This licensee is not suspended."), subject=licensee.ref)
    if suspension is None:
        # It was marked without anybody saying under which clause; what ends is told all the same.
        suspension = Suspension(
            licensee=licensee, clause="", reason=_("Not told."), suspended_at=licensee.suspended_at or now
        )
    suspension.ended_at, suspension.ended_by_id, suspension.ended_because = now, actor.account_id, words
    # What stands of a suspension is not written again.
    suspension.save(update_fields=["ended_at", "ended_by", "ended_because"] if suspension.pk else None)
    licensee.suspended_at = None
    licensee.save(update_fields=["suspended_at"])
    record(
        LicenseeEvent.SUSPENSION_ENDED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        clause=suspension.clause or None,
        facts={"reason_digest": digest_of(words)},
    )
    tell_contact(
        actor=actor,
        licensee=licensee,
        subject=_("Your organization may receive releases again"),
        body=words,
        address=reverse("licensing:terms"),
        now=now,
    )
    return suspension


def require_rule(number: str) -> None:
    """Return when the rulebook in force has a clause of this number. Raises ``UnknownRule``."""
    try:
        clause(number)
    except UnknownClause as unknown:
        raise UnknownRule(_("The rulebook has no such clause.")) from unknown
