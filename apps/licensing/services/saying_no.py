"""What the wall's functions say no to, as refusals with words that the person who asked may read."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.audit.domain.refusal import NotPermitted, Refused
from apps.licensing.services.drafting import LicenseeSuspended
from apps.licensing.services.standing import (
    AgreementExpired,
    ControlChanged,
    NoAgreement,
    OtherPurpose,
    RecipientUndeclared,
)
from apps.organizations.models import Organization

Numbers = Mapping[str, Any]


class OfferMoved(Refused):
    """The offer or its release is not where this act begins."""


class NotFourPeople(Refused):
    """Whoever asks, whoever builds and the two who approve are four different people."""


class ManifestChanged(Refused):
    """What was approved, or is to be, is not what lies there now."""


class TiedToLicensee(Refused):
    """Whoever decides is tied to whoever gets it, by employment or ownership."""


class StillLocked(Refused):
    """The public notice is not over, by the database's clock."""


class ObjectionStands(Refused):
    """An objection has not been decided, or the offer is suspended."""


class HoldsRowsTakenBack(Refused):
    """An edition may still hold a row that somebody took back."""


class TooYoung(Refused):
    """The rulebook was tightened, and items are younger than it asks for."""


class HeldBack(Refused):
    """A licensee is on the board, and items are younger than the hold-back."""


class TooFewAlike(Refused):
    """The rulebook was tightened, and an edition was built for combinations of fewer people than it asks for."""


class AgainstTerms(Refused):
    """The terms of a model do not allow, or not any more, that its answers are passed on."""


class NotCancellable(Refused):
    """The release has ended already, or somebody has received it."""


class DecidedBefore(Refused):
    """Two people have decided this objection."""


class NotAnOutcome(Refused):
    """An objection is dismissed, remedied or upheld, with a reason for everybody."""


class NotAnApprover(NotPermitted):
    """The person does not hold the role at this moment."""


def _held(numbers: Numbers) -> str:
    names = Organization.objects.filter(pk__in=numbers.get("to", [])).order_by("name").values_list("name", flat=True)
    return _("Whoever decides about this must not be tied to %(names)s.") % {"names": ", ".join(names)}


def _locked(numbers: Numbers) -> str:
    opens_at = date_format(localtime(datetime.fromisoformat(numbers["opens_at"])), "DATETIME_FORMAT")
    return _("The public notice lasts until %(moment)s by the clock of the database.") % {"moment": opens_at}


def _rows(numbers: Numbers) -> str:
    return ngettext(
        "An edition may hold %(rows)d row that was taken back. It is rewritten first.",
        "An edition may hold %(rows)d rows that were taken back. It is rewritten first.",
        numbers["rows"],
    ) % {"rows": numbers["rows"]}


def _too_few(numbers: Numbers) -> str:
    return ngettext(
        "The rulebook asks for %(needed)d approvals, and %(given)d person has approved.",
        "The rulebook asks for %(needed)d approvals, and %(given)d people have approved.",
        numbers["given"],
    ) % {"needed": numbers["needed"], "given": numbers["given"]}


def _against(numbers: Numbers) -> str:
    return ngettext(
        "The terms of a model do not allow that its answer to %(rows)d battle is passed on.",
        "The terms of a model do not allow that its answers to %(rows)d battles are passed on.",
        numbers["rows"],
    ) % {"rows": numbers["rows"]}


def _young(numbers: Numbers) -> str:
    return ngettext(
        "%(items)d battle had its last live event fewer than %(days)d days ago.",
        "%(items)d battles had their last live event fewer than %(days)d days ago.",
        numbers["items"],
    ) % {"items": numbers["items"], "days": numbers["days"]}


def _alike(numbers: Numbers) -> str:
    return _("An edition was built for combinations of fewer than %(least)d people. It is built anew first.") % {
        "least": numbers["k"]
    }


def _held_back(numbers: Numbers) -> str:
    return _("A licensee of this release is on the board.") + " " + _young(numbers)


def _told(words: Callable[[], str]) -> Callable[[Numbers], str]:
    return lambda _numbers: words()


_SAID: Final[Mapping[str, tuple[type[Refused], Callable[[Numbers], str]]]] = {
    "no-offer": (OfferMoved, _told(lambda: _("There is no such offer."))),
    "not-sealed": (OfferMoved, _told(lambda: _("The release is not sealed any more."))),
    "not-building": (OfferMoved, _told(lambda: _("This offer is not being built."))),
    "not-built": (OfferMoved, _told(lambda: _("Not all editions of this offer are there."))),
    "not-awaiting": (OfferMoved, _told(lambda: _("This offer does not wait for an approval."))),
    "not-announced": (OfferMoved, _told(lambda: _("This offer is not announced."))),
    "nobody-asked": (NotFourPeople, _told(lambda: _("Nobody has asked for this release: a fourth person is missing."))),
    "approved-before": (
        NotFourPeople, _told(lambda: _("You gave an approval already; the next one is somebody else's.")),
    ),
    "too-few-approvals": (NotFourPeople, _too_few),
    "one-of-the-others": (
        NotFourPeople, _told(lambda: _("Whoever asked, built or objected does not decide about it as well.")),
    ),
    "no-approver": (NotAnApprover, _told(lambda: _("Whoever decides about this holds the role at this moment."))),
    "changed": (
        ManifestChanged, _told(lambda: _("What you read is not what lies there now. Read the manifests again.")),
    ),
    "tied": (TiedToLicensee, _held),
    "locked": (StillLocked, _locked),
    "objected": (ObjectionStands, _told(lambda: _("An objection has not been decided by two people yet."))),
    "holds-rows": (HoldsRowsTakenBack, _rows),
    "against-terms": (AgainstTerms, _against),
    "no-agreement": (NoAgreement, _told(lambda: _("A licensee of this offer has no agreement in force."))),
    "agreement-expired": (AgreementExpired, _told(lambda: _("The agreement of a licensee of this offer has expired."))),
    "control-changed": (
        ControlChanged,
        _told(lambda: _("The owners of a licensee of this offer changed. An officer must look at the register first.")),
    ),
    "no-recipient": (
        RecipientUndeclared, _told(lambda: _("A licensee of this offer has named no final recipient.")),
    ),
    "other-purpose": (
        OtherPurpose, _told(lambda: _("The agreement in force is not for what this release was asked for.")),
    ),
    "suspended": (LicenseeSuspended, _told(lambda: _("A licensee of this offer is suspended."))),
    "too-young": (TooYoung, _young),
    "too-few-alike": (TooFewAlike, _alike),
    "held-back": (HeldBack, _held_back),
    "delivered": (
        NotCancellable, _told(lambda: _("Somebody has received this release. It can be withdrawn, not cancelled.")),
    ),
    "decided-before": (DecidedBefore, _told(lambda: _("Two people have decided this objection."))),
    "no-rows": (
        NotAnOutcome, _told(lambda: _("Name the battles that leave with a remedy, and none with another outcome.")),
    ),
    "other-rows": (NotAnOutcome, _told(lambda: _("These battles are not all in this release."))),
    "no-outcome": (NotAnOutcome, _told(lambda: _("Choose an outcome, and give a reason for everybody."))),
}  # fmt: skip


@contextmanager
def asking_the_wall(subject: str) -> Iterator[None]:
    """Run statements that the wall may say no to; its no is raised as the refusal that it means."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        numbers = _numbers_of(error)
        if numbers is None:
            raise
        kind, words = _SAID[numbers["code"]]
        raise kind(words(numbers), clause=numbers["clause"], subject=subject) from error


def _numbers_of(error: DatabaseError) -> Numbers | None:
    """Return what a function of the wall said with its no; None for any other error."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None or not str(diagnosis.message_primary or "").startswith("the wall says no: "):
        return None
    told: dict[str, Any] = json.loads(str(diagnosis.message_detail))
    return told
