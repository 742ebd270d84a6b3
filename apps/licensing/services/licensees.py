"""Who may receive releases: organizations with an agreement, each with a key of its own for pseudonyms."""

import hashlib
import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.pseudonyms import KEY_BYTES
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Licensee, PseudonymKey
from apps.licensing.permissions import may_license
from apps.organizations.models import Organization


class AlreadyALicensee(Refused):
    """The organization is a licensee already."""


@transaction.atomic
def add_licensee(
    *, actor: Actor, organization: Organization, contact: User | None, purpose: str, agreement: str, now: datetime
) -> Licensee:
    """Make an organization a licensee under an agreement, whose text is kept as its SHA-256.

    Raises:
        NotPermitted: when the actor is no licensing officer, or the contact does not hold the licensee's role.
        AlreadyALicensee: when it is one.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers add licensees."))
    if contact is not None and Role.LICENSEE not in contact.roles_held():
        raise NotPermitted(_("Whoever speaks for a licensee needs that role first."), subject=contact.ref)
    digest = hashlib.sha256(agreement.encode()).hexdigest()
    try:
        with transaction.atomic():
            licensee = Licensee.objects.create(
                organization=organization,
                contact=contact,
                purpose=" ".join(purpose.split()),
                agreement_sha256=digest,
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
        facts={"organization": organization.ref, "agreement_digest": digest},
    )
    return licensee
