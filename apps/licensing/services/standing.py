"""Whether a licensee may receive anything now: the question that stands before every offer and every download."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from apps.audit.domain.refusal import Refused
from apps.licensing.models import Agreement, Licensee, Release, Suspension
from apps.licensing.queries.agreements import agreement_in_force
from apps.licensing.queries.standing import Hindered, Hindrance, fits_purpose, hindered_of
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
    if not fits_purpose(release, licensee, at=at):
        raise other_purpose(release)


def other_purpose(release: Release) -> OtherPurpose:
    """Return the refusal of a release that was asked for something else than what was agreed."""
    return OtherPurpose(
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
    refused = standing_of(licensee, at=at)
    if refused is not None:
        raise refused


def standing_of(licensee: Licensee, *, at: datetime) -> Refused | None:
    """Return why a licensee may receive nothing at a moment, for a page to show; None when it may."""
    return standings_of([licensee], at=at).get(licensee.pk)


def standings_of(licensees: Iterable[Licensee], *, at: datetime) -> dict[int, Refused]:
    """Return by id why licensees may receive nothing at a moment; those who may are not among them."""
    asked = {licensee.pk: licensee for licensee in licensees}
    return {pk: refusal_of(asked[pk], why) for pk, why in hindered_of(asked.values(), at=at).items()}


def refusal_of(licensee: Licensee, hindered: Hindered) -> Refused:
    """Return the refusal that something in a licensee's way becomes."""
    kind: type[Refused]
    match hindered.by:
        case Hindrance.SUSPENDED:
            return LicenseeSuspended(_("This licensee is suspended."), subject=licensee.ref)
        case Hindrance.NO_AGREEMENT:
            message, kind = _("This licensee has no agreement in force."), NoAgreement
        case Hindrance.AGREEMENT_EXPIRED:
            message, kind = _("This licensee's agreement has expired."), AgreementExpired
        case Hindrance.CONTROL_CHANGED:
            message, kind = _owners_changed(hindered), ControlChanged
        case Hindrance.RECIPIENT_UNDECLARED:
            message, kind = _("This licensee has named no final recipient."), RecipientUndeclared
    return kind(message, clause=TIES_CLAUSE, subject=licensee.ref)


def _owners_changed(hindered: Hindered) -> str:
    change = hindered.change
    if change is None:
        return _("The owners of this licensee changed. An officer must look at the register first.")
    return _(
        "The owners of this licensee changed (%(holder)s, %(held)s). An officer must look at the register first."
    ) % {"holder": change.holder, "held": change.held}


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
