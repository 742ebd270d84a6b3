"""Texts of the agreement, and the yes of a named person to one of them."""

import hashlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.licensing.domain.purposes import PurposeFault, read_purposes
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import Agreement, AgreementText, ControlReview, Licensee
from apps.licensing.permissions import may_license, speaks_for
from apps.licensing.queries.agreements import control_changes_of, current_text
from apps.licensing.services.attempts import require_reauthenticated
from apps.licensing.services.reading import UnfitWords, held_licensee, line_of, text_of
from apps.licensing.services.standing import NoAgreement, require_not_suspended

VALID_DAYS: Final = 365
MOST_VALID_DAYS: Final = 1830
LONGEST_NAME: Final = 120
LONGEST_REASON: Final = 300
# Two who publish at once must not both become the same version.
_PUBLISHING: Final = 0x5D0A_A62E_0001


class UnfitPurposes(Refused):
    """The codes do not make a purpose."""


class AlreadyPublished(Refused):
    """Exactly these words are a version already."""


class NotTheCurrentText(Refused):
    """Another version was published meanwhile; what is accepted must be what was read."""


class NothingToReview(Refused):
    """The owners are those of the day of the agreement."""


class Signatory(NamedTuple):
    """Who said yes, by the name and the position that they gave."""

    name: str
    position: str


@transaction.atomic
def publish_agreement_text(
    *, actor: Actor, title: str, text: str, valid_days: int = VALID_DAYS, now: datetime
) -> AgreementText:
    """Publish the next version of the terms; those who agreed to an earlier one keep it until it expires.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        UnfitWords: when title, text or term cannot stand.
        AlreadyPublished: when the words are a version already.
    """
    if not may_license(actor) or actor.account_id is None:
        raise NotPermitted(_("Only licensing officers publish the terms."))
    title, text = line_of(title, longest=LONGEST_NAME), text_of(text)
    if not 1 <= valid_days <= MOST_VALID_DAYS:
        raise UnfitWords(_("An agreement holds for at least a day and at most five years."))
    digest = digest_of(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISHING])
    if (same := AgreementText.objects.filter(sha256=digest).first()) is not None:
        raise AlreadyPublished(
            _("These words are version %(number)d already.") % {"number": same.version}, subject=same.ref
        )
    newest = current_text()
    published = AgreementText.objects.create(
        version=newest.version + 1 if newest is not None else 1,
        title=title,
        text=text,
        sha256=digest,
        valid_days=valid_days,
        published_by_id=actor.account_id,
        published_at=now,
    )
    record(
        LicenseeEvent.TEXT_PUBLISHED,
        actor=actor,
        subject=published.ref,
        at=now,
        facts={"version": published.version, "text_digest": digest, "valid_days": valid_days},
    )
    return published


@transaction.atomic
def accept_agreement(
    *, actor: Actor, licensee_id: int, text_sha256: str, signatory: Signatory, now: datetime
) -> Agreement:
    """Say yes to the current text for a licensee; a yes given before ends with this one.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor does not speak for it, or has not lately proved it.
        NotTheCurrentText: when the words that were read are not the newest.
        UnfitWords: when name or position is missing.
        LicenseeSuspended: while the licensee is suspended.
    """
    licensee = held_licensee(licensee_id)
    if not speaks_for(actor, licensee):
        raise NotPermitted(_("Only whoever speaks for a licensee agrees for it."), subject=licensee.ref)
    require_reauthenticated(actor, now)
    require_not_suspended(licensee)
    text = current_text()
    if text is None or text.sha256 != text_sha256:
        raise NotTheCurrentText(
            _("The terms changed while you were reading. Please read the newest version."), subject=licensee.ref
        )
    return _agree(actor, licensee, text, signatory, on_paper=False, now=now)


@transaction.atomic
def record_signed_agreement(
    *, actor: Actor, licensee_id: int, text: AgreementText, signatory: Signatory, now: datetime
) -> Agreement:
    """Put down that a named person signed a text on paper, which the officer holds.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        UnfitWords: when name or position is missing.
    """
    licensee = held_licensee(licensee_id)
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers record signed agreements."), subject=licensee.ref)
    return _agree(actor, licensee, text, signatory, on_paper=True, now=now)


@transaction.atomic
def end_agreement(*, actor: Actor, licensee_id: int, reason: str, now: datetime) -> Agreement:
    """End what is in force; the licensee receives nothing until somebody agrees again.

    Raises:
        NotPermitted: for anybody but licensing officers and whoever speaks for the licensee.
        NoAgreement: when nothing is in force.
        UnfitWords: without a reason.
    """
    licensee = held_licensee(licensee_id)
    if not (may_license(actor) or speaks_for(actor, licensee)):
        raise NotPermitted(_("This agreement is not yours to end."), subject=licensee.ref)
    agreement = Agreement.objects.filter(licensee=licensee, ended_at=None).first()
    if agreement is None:
        raise NoAgreement(_("This licensee has no agreement in force."), subject=licensee.ref)
    return _end(actor, agreement, line_of(reason, longest=LONGEST_REASON), now=now)


@transaction.atomic
def review_control(*, actor: Actor, licensee_id: int, finding: str, now: datetime) -> ControlReview:
    """Let an agreement go on after its licensee's owners changed: the officer has looked at the register.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        NoAgreement: when nothing is in force.
        NothingToReview: when the owners did not change.
        UnfitWords: without a finding.
    """
    licensee = held_licensee(licensee_id)
    if not may_license(actor) or actor.account_id is None:
        raise NotPermitted(_("Only licensing officers look at a change of control."), subject=licensee.ref)
    agreement = Agreement.objects.filter(licensee=licensee, ended_at=None).first()
    if agreement is None:
        raise NoAgreement(_("This licensee has no agreement in force."), subject=licensee.ref)
    changes = control_changes_of(agreement, at=now)
    if not changes:
        raise NothingToReview(_("The owners are those of the day of the agreement."), subject=licensee.ref)
    words = line_of(finding, longest=LONGEST_REASON)
    review = ControlReview.objects.create(
        agreement=agreement, reviewed_by_id=actor.account_id, reviewed_at=now, finding=words
    )
    record(
        LicenseeEvent.CONTROL_REVIEWED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        clause="W5",
        facts={
            "agreement": agreement.ref,
            "ties": [f"organizations.tie:{change.tie_id}" for change in changes[:50]],
            "changes": len(changes),
            "finding_digest": digest_of(words),
        },
    )
    return review


def digest_of(text: str) -> str:
    """Return the SHA-256 of words in UTF-8, in hexadecimal digits: what manifests and entries name."""
    return hashlib.sha256(text.encode()).hexdigest()


def purposes_of(codes: list[str] | tuple[str, ...]) -> list[str]:
    """Return codes in order, each once. Raises ``UnfitPurposes``."""
    try:
        return read_purposes(codes)
    except PurposeFault as fault:
        raise UnfitPurposes(str(fault)) from fault


def _agree(
    actor: Actor, licensee: Licensee, text: AgreementText, signatory: Signatory, *, on_paper: bool, now: datetime
) -> Agreement:
    name, position = line_of(signatory.name, longest=LONGEST_NAME), line_of(signatory.position, longest=LONGEST_NAME)
    purposes = purposes_of(licensee.purposes)
    before = Agreement.objects.filter(licensee=licensee, ended_at=None).first()
    if before is not None:
        _end(actor, before, _("Another agreement took its place."), now=now)
    agreement = Agreement.objects.create(
        licensee=licensee,
        text=text,
        purposes=purposes,
        signed_name=name,
        signed_position=position,
        accepted_by_id=None if on_paper else actor.account_id,
        recorded_by_id=actor.account_id if on_paper else None,
        accepted_at=now,
        expires_at=now + timedelta(days=text.valid_days),
    )
    # The manifest of an edition names the text and the day from here.
    licensee.agreement_sha256, licensee.agreed_at = text.sha256, now
    licensee.save(update_fields=["agreement_sha256", "agreed_at"])
    record(
        LicenseeEvent.ACCEPTED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={
            "agreement": agreement.ref,
            "text_version": text.version,
            "text_digest": text.sha256,
            "purposes": list(purposes),
            "expires_at": time_text(agreement.expires_at),
            "is_on_paper": on_paper,
            "signatory": commit_to(f"{name}\n{position}", subject=agreement.ref),
        },
    )
    return agreement


def _end(actor: Actor, agreement: Agreement, reason: str, *, now: datetime) -> Agreement:
    agreement.ended_at, agreement.ended_because = now, reason
    agreement.save(update_fields=["ended_at", "ended_because"])
    record(
        LicenseeEvent.ENDED,
        actor=actor,
        subject=agreement.licensee.ref,
        at=now,
        facts={"agreement": agreement.ref, "reason_digest": digest_of(reason)},
    )
    return agreement
