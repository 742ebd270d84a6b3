"""Whether a licensee may receive anything now: the question that stands before every offer and every download."""

from datetime import datetime

from django.utils.translation import gettext as _

from apps.audit.domain.refusal import Refused
from apps.licensing.models import Agreement, FinalRecipient, Licensee, Release, Suspension
from apps.licensing.queries.agreements import agreement_in_force, clock_now, control_changes_of
from apps.licensing.services.drafting import LicenseeSuspended

TIES_CLAUSE = "W5"


class NoAgreement(Refused):
    """Nobody has agreed to anything for this licensee, or what was agreed has ended."""


class AgreementExpired(Refused):
    """The agreement's last day is over."""


class ControlChanged(Refused):
    """The owners of the licensee, at some distance, are not those of the day of the agreement."""


class RecipientUndeclared(Refused):
    """It is not said in whose hands the data ends."""


class OtherPurpose(Refused):
    """The agreement in force is not for what the release was asked for."""


def require_purpose(release: Release, licensee: Licensee, *, at: datetime) -> None:
    """Return when what a licensee asked a release for is among the purposes that it agreed to. Raises ``OtherPurpose``.

    Releases that nobody asked for in a request of their own are for any of the agreed purposes.
    """
    asked = release.request
    if asked is None or asked.licensee_id != licensee.pk:
        return
    agreement = require_agreement(licensee, at=max(at, clock_now()))
    if asked.purpose not in agreement.purposes:
        raise OtherPurpose(
            _("The agreement in force is not for what this release was asked for."),
            clause=TIES_CLAUSE,
            subject=release.ref,
        )


def may_receive(licensee: Licensee, *, at: datetime) -> None:
    """Return when a licensee may receive data at a moment; the later of that moment and the database's clock decides.

    Raises:
        LicenseeSuspended: while it is suspended.
        NoAgreement: when none is in force.
        AgreementExpired: when it has expired.
        ControlChanged: when ownership changed after it was accepted, or after an officer last looked.
        RecipientUndeclared: when no final recipient is named.
    """
    moment = max(at, clock_now())
    require_not_suspended(licensee)
    agreement = require_agreement(licensee, at=moment)
    changes = control_changes_of(agreement, at=moment)
    if changes:
        raise ControlChanged(
            _("The owners of this licensee changed (%(holder)s, %(held)s). An officer must look at the register first.")
            % {"holder": changes[0].holder, "held": changes[0].held},
            clause=TIES_CLAUSE,
            subject=licensee.ref,
        )
    if not FinalRecipient.objects.filter(licensee=licensee, ended_at=None).exists():
        raise RecipientUndeclared(
            _("This licensee has named no final recipient."), clause=TIES_CLAUSE, subject=licensee.ref
        )


def standing_of(licensee: Licensee, *, at: datetime) -> Refused | None:
    """Return why a licensee may receive nothing at a moment, for a page to show; None when it may."""
    try:
        may_receive(licensee, at=at)
    except Refused as refused:
        return refused
    return None


def require_not_suspended(licensee: Licensee) -> None:
    """Return unless a licensee is suspended now. Raises ``LicenseeSuspended``."""
    is_marked = Licensee.objects.filter(pk=licensee.pk, suspended_at__isnull=False).exists()
    if is_marked or Suspension.objects.filter(licensee=licensee, ended_at=None).exists():
        raise LicenseeSuspended(_("This licensee is suspended."), subject=licensee.ref)


def require_agreement(licensee: Licensee, *, at: datetime) -> Agreement:
    """Return the agreement that holds at a moment. Raises ``NoAgreement`` or ``AgreementExpired``."""
    agreement = agreement_in_force(licensee.pk, at=at)
    if agreement is None:
        raise NoAgreement(_("This licensee has no agreement in force."), clause=TIES_CLAUSE, subject=licensee.ref)
    if agreement.expires_at <= at:
        raise AgreementExpired(_("This licensee's agreement has expired."), clause=TIES_CLAUSE, subject=licensee.ref)
    return agreement
