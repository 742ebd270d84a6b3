"""Who may receive releases: organizations under an agreement, each with a key of its own for pseudonyms."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.pseudonyms import KEY_BYTES
from apps.licensing.domain.purposes import GENERAL_RESEARCH
from apps.licensing.events import LicenseeEvent, LicensingEvent
from apps.licensing.models import AgreementText, FinalRecipient, Licensee, PseudonymKey
from apps.licensing.permissions import may_license, speaks_for
from apps.licensing.services.agreements import (
    Signatory,
    digest_of,
    publish_agreement_text,
    purposes_of,
    record_signed_agreement,
)
from apps.licensing.services.attempts import require_reauthenticated
from apps.licensing.services.reading import held_licensee, line_of, text_of
from apps.organizations.models import Organization

LONGEST_PURPOSE: Final = 200
MOST_RECIPIENTS: Final = 50


class AlreadyALicensee(Refused):
    """The organization is a licensee already."""


class AlreadyARecipient(Refused):
    """The organization is named as a final recipient already."""


class NotARecipient(Refused):
    """The organization is no final recipient, or no longer."""


class TooManyRecipients(Refused):
    """So many final recipients would be onward transfer under another name."""


@transaction.atomic
def add_licensee(
    *,
    actor: Actor,
    organization: Organization,
    contact: User | None,
    purpose: str,
    agreement: str,
    purposes: Sequence[str] = (GENERAL_RESEARCH,),
    signatory: Signatory | None = None,
    now: datetime,
) -> Licensee:
    """Make an organization a licensee and offer it an agreement; words that are no version yet become the next one.

    With a ``signatory`` the agreement is recorded as signed on paper; without one, nothing may be received until
    whoever speaks for the licensee has accepted the current text.

    Raises:
        NotPermitted: when the actor is no licensing officer, or the contact does not hold the licensee's role.
        ReauthenticationNeeded: when the actor has not lately proved who they are.
        AlreadyALicensee: when it is one.
        UnfitPurposes: when the codes allow nothing, or one is unknown.
        UnfitWords: when purpose or agreement cannot stand.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers add licensees."))
    _require_role(contact)
    codes, words = purposes_of(list(purposes)), line_of(purpose, longest=LONGEST_PURPOSE)
    text = _text(actor, agreement, now)
    try:
        with transaction.atomic():
            licensee = Licensee.objects.create(
                organization=organization,
                contact=contact,
                purpose=words,
                purposes=codes,
                agreement_sha256=text.sha256,
                agreed_at=now,
            )
    except IntegrityError as taken:
        raise AlreadyALicensee(_("This organization is a licensee already."), subject=organization.ref) from taken
    PseudonymKey.objects.create(licensee=licensee, key=secrets.token_bytes(KEY_BYTES))
    record(
        LicensingEvent.LICENSEE_ADDED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={"organization": organization.ref, "agreement_digest": text.sha256, "purposes": list(codes)},
    )
    if signatory is not None:
        record_signed_agreement(actor=actor, licensee_id=licensee.pk, text=text, signatory=signatory, now=now)
        licensee.refresh_from_db()
    return licensee


@transaction.atomic
def offer_terms(*, actor: Actor, licensee_id: int, purpose: str, purposes: Sequence[str], now: datetime) -> Licensee:
    """Change what a licensee may agree to; it holds from the next acceptance on.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        UnfitPurposes, UnfitWords: when codes or words cannot stand.
    """
    licensee = held_licensee(licensee_id)
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers offer terms."), subject=licensee.ref)
    licensee.purpose = line_of(purpose, longest=LONGEST_PURPOSE)
    licensee.purposes = purposes_of(list(purposes))
    licensee.save(update_fields=["purpose", "purposes"])
    record(
        LicenseeEvent.TERMS_OFFERED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={"purposes": list(licensee.purposes), "purpose_digest": digest_of(licensee.purpose)},
    )
    return licensee


@transaction.atomic
def name_contact(*, actor: Actor, licensee_id: int, contact: User | None, now: datetime) -> Licensee:
    """Say who speaks for a licensee from now on; keys that somebody else made stop working.

    Raises:
        NotPermitted: when the actor is no licensing officer, or the contact does not hold the licensee's role.
    """
    licensee = held_licensee(licensee_id)
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers name who speaks for a licensee."), subject=licensee.ref)
    require_reauthenticated(actor, now)
    _require_role(contact)
    licensee.contact = contact
    licensee.save(update_fields=["contact"])
    record(
        LicenseeEvent.CONTACT_NAMED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={"contact": contact.pseudonym if contact is not None else None},
    )
    return licensee


@transaction.atomic
def declare_recipient(*, actor: Actor, licensee_id: int, organization: Organization, now: datetime) -> FinalRecipient:
    """Name an organization in whose hands a licensee's copies may end; it may be the licensee itself.

    Raises:
        NotPermitted: for anybody but licensing officers and whoever speaks for the licensee.
        AlreadyARecipient: when it is named already.
        TooManyRecipients: when more than fifty would be.
    """
    licensee = held_licensee(licensee_id)
    if not (may_license(actor) or speaks_for(actor, licensee)) or actor.account_id is None:
        raise NotPermitted(_("Recipients are named by the licensee or by an officer."), subject=licensee.ref)
    named = FinalRecipient.objects.filter(licensee=licensee, ended_at=None)
    if named.filter(organization=organization).exists():
        raise AlreadyARecipient(_("This organization is named already."), subject=licensee.ref)
    if named.count() >= MOST_RECIPIENTS:
        raise TooManyRecipients(_("A licensee names at most fifty final recipients."), subject=licensee.ref)
    recipient = FinalRecipient.objects.create(
        licensee=licensee, organization=organization, declared_by_id=actor.account_id, declared_at=now
    )
    record(
        LicenseeEvent.RECIPIENT_DECLARED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={"recipient": recipient.ref, "organization": organization.ref},
    )
    return recipient


@transaction.atomic
def end_recipient(*, actor: Actor, licensee_id: int, recipient_id: int, now: datetime) -> FinalRecipient:
    """Put down that an organization receives nothing more through a licensee.

    Raises:
        NotPermitted: for anybody but licensing officers and whoever speaks for the licensee.
        NotARecipient: when it is none of theirs, or no longer.
    """
    licensee = held_licensee(licensee_id)
    if not (may_license(actor) or speaks_for(actor, licensee)):
        raise NotPermitted(_("Recipients are ended by the licensee or by an officer."), subject=licensee.ref)
    recipient = FinalRecipient.objects.filter(pk=recipient_id, licensee=licensee, ended_at=None).first()
    if recipient is None:
        raise NotARecipient(_("This is no final recipient of the licensee."), subject=licensee.ref)
    recipient.ended_at = now
    recipient.save(update_fields=["ended_at"])
    record(
        LicenseeEvent.RECIPIENT_ENDED,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={"recipient": recipient.ref, "organization": f"organizations.organization:{recipient.organization_id}"},
    )
    return recipient


def _require_role(contact: User | None) -> None:
    if contact is not None and Role.LICENSEE not in contact.roles_held():
        raise NotPermitted(_("Whoever speaks for a licensee needs that role first."), subject=contact.ref)


def _text(actor: Actor, words: str, now: datetime) -> AgreementText:
    """Return the version that has exactly these words, published now if there is none."""
    text = text_of(words)
    found = AgreementText.objects.filter(sha256=digest_of(text)).first()
    if found is not None:
        return found
    return publish_agreement_text(actor=actor, title=_("Licence agreement"), text=text, now=now)
