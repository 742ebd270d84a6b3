"""Licensees as people see them: the public list, an officer's page, and a licensee's own desk."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.battles.models import LanguageModel, ModelState
from apps.licensing.domain.purposes import Purpose, named
from apps.licensing.models import (
    AccessRequest,
    Agreement,
    AgreementText,
    ControlReview,
    FinalRecipient,
    Licensee,
    LicenseeKey,
    RequestState,
    Suspension,
)
from apps.licensing.queries.agreements import agreement_in_force, control_changes_of
from apps.licensing.queries.speaking import spoken_for_by
from apps.organizations.models import Organization
from apps.organizations.queries import ControlChange, TieLine, TiePath, register, tied_each

LIST_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicLicensee:
    """One licensee as everybody may see it."""

    licensee: Licensee
    agreement: Agreement | None
    purposes: tuple[Purpose, ...]
    recipients: tuple[str, ...]
    suspension: Suspension | None
    ties: tuple[TieLine, ...]
    to_a_lab: TiePath | None


def public_licensees(*, at: datetime) -> list[PublicLicensee]:
    """Return every licensee with what it agreed to, for whom, and its ties of the register that hold on that day."""
    in_force = Agreement.objects.filter(ended_at=None).select_related("text")
    found = (
        Licensee.objects.select_related("organization")
        .prefetch_related(
            Prefetch("agreements", queryset=in_force, to_attr="in_force"),
            Prefetch("final_recipients", queryset=_recipients(), to_attr="named"),
            Prefetch("suspensions", queryset=Suspension.objects.filter(ended_at=None), to_attr="open_suspensions"),
        )
        .order_by("organization__name")[:LIST_LENGTH]
    )
    lines = register(on=at.date()).ties if found else ()
    labs = labs_with_models()
    theirs = [{each.organization_id, *(one.organization_id for one in each.named)} for each in found]
    ways = tied_each(theirs, labs, on=at.date())
    return [_public(licensee, lines, way) for licensee, way in zip(found, ways, strict=True)]


def labs_with_models() -> frozenset[int]:
    """Return the organizations that have a model of their own here; one that is shown to nobody is told to nobody."""
    hidden = (ModelState.PRIVATE, ModelState.PREVIEW)
    found = LanguageModel.objects.filter(is_imported=False).exclude(state__in=hidden)
    return frozenset(pk for pk in found.values_list("organization_id", flat=True) if pk is not None)


def _recipients() -> QuerySet[FinalRecipient]:
    return FinalRecipient.objects.filter(ended_at=None).select_related("organization").order_by("organization__name")


def _public(licensee: Licensee, lines: tuple[TieLine, ...], to_a_lab: TiePath | None) -> PublicLicensee:
    agreement: Agreement | None = next(iter(licensee.in_force), None)  # type: ignore[attr-defined]
    name = licensee.organization.name
    return PublicLicensee(
        licensee=licensee,
        agreement=agreement,
        purposes=named(agreement.purposes if agreement is not None else licensee.purposes),
        recipients=tuple(one.organization.name for one in licensee.named),  # type: ignore[attr-defined]
        suspension=next(iter(licensee.open_suspensions), None),  # type: ignore[attr-defined]
        ties=tuple(line for line in lines if line.holds and name in {line.holder, line.held}),
        to_a_lab=to_a_lab,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseePage:
    """One licensee with everything that an officer, an auditor or the licensee itself sees."""

    licensee: Licensee
    agreement: Agreement | None
    purposes: tuple[Purpose, ...]
    offered: tuple[Purpose, ...]
    changes: tuple[ControlChange, ...]
    past: list[Agreement]
    reviews: list[ControlReview]
    recipients: list[FinalRecipient]
    keys: list[LicenseeKey]
    suspension: Suspension | None
    suspensions: list[Suspension]
    requests: list[AccessRequest]
    ties: tuple[TieLine, ...]


def licensee_page(licensee_id: int, *, at: datetime) -> LicenseePage | None:
    """Return one licensee; None when there is none."""
    licensee = Licensee.objects.select_related("organization", "contact").filter(pk=licensee_id).first()
    if licensee is None:
        return None
    agreement = agreement_in_force(licensee.pk, at=at)
    suspensions = list(licensee.suspensions.select_related("suspended_by", "ended_by").order_by("-suspended_at"))
    return LicenseePage(
        licensee=licensee,
        agreement=agreement,
        purposes=named(agreement.purposes) if agreement is not None else (),
        offered=named(licensee.purposes),
        changes=control_changes_of(agreement, at=at) if agreement is not None else (),
        past=list(licensee.agreements.exclude(ended_at=None).select_related("text").order_by("-accepted_at")),
        reviews=list(
            ControlReview.objects.filter(agreement__licensee=licensee)
            .select_related("reviewed_by")
            .order_by("-reviewed_at")
        ),
        recipients=recipients_of(licensee),
        keys=list(licensee.keys.select_related("made_by").order_by("-made_at")),
        suspension=next((one for one in suspensions if one.ended_at is None), None),
        suspensions=suspensions,
        requests=requests_of(licensee),
        ties=register(on=at.date(), of=licensee.organization.slug).ties,
    )


def recipients_of(licensee: Licensee) -> list[FinalRecipient]:
    """Return a licensee's final recipients, by name."""
    return list(_recipients().filter(licensee=licensee))


def requests_of(licensee: Licensee) -> list[AccessRequest]:
    """Return a licensee's requests, newest first, with the releases that came of them."""
    return list(licensee.requests.prefetch_related("recipients", "releases").order_by("-asked_at", "-pk")[:LIST_LENGTH])


def request_of(licensee: Licensee, request_id: int) -> AccessRequest | None:
    """Return a request of one licensee; another's is as if it were not there."""
    return _requests().filter(pk=request_id, licensee=licensee).first()


def request_seen_by(account_id: int, request_id: int) -> AccessRequest | None:
    """Return a request of a licensee that an account speaks for; another's is as if it were not there."""
    return _requests().filter(pk=request_id, licensee__in=spoken_for_by(account_id)).first()


def request_for_staff(request_id: int) -> AccessRequest | None:
    """Return any request; None when there is none."""
    return _requests().filter(pk=request_id).first()


def requests_waiting() -> list[AccessRequest]:
    """Return what waits for an officer, oldest first."""
    return list(_requests().filter(state=RequestState.ASKED).order_by("asked_at", "pk")[:LIST_LENGTH])


def requests_refused() -> list[AccessRequest]:
    """Return what was refused, newest first: who asked for what, under which clause, and why not."""
    return list(_requests().filter(state=RequestState.REFUSED).order_by("-decided_at", "-pk")[:LIST_LENGTH])


def _requests() -> QuerySet[AccessRequest]:
    return AccessRequest.objects.select_related("licensee__organization", "asked_by", "decided_by").prefetch_related(
        "recipients", "releases"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One version of the terms, and for how many licensees it is in force."""

    text: AgreementText
    in_force: int


def agreement_texts() -> list[TextLine]:
    """Return every version of the terms, newest first."""
    counted: dict[int, int] = {}
    for text_id in Agreement.objects.filter(ended_at=None).values_list("text_id", flat=True):
        counted[text_id] = counted.get(text_id, 0) + 1
    return [TextLine(text=text, in_force=counted.get(text.pk, 0)) for text in AgreementText.objects.all()]


def agreement_text(version: int) -> tuple[AgreementText, AgreementText | None] | None:
    """Return a version and the one before it, if any; None when there is no such version."""
    text = AgreementText.objects.filter(version=version).first()
    if text is None:
        return None
    return text, AgreementText.objects.filter(version__lt=version).order_by("-version").first()


def possible_contacts() -> QuerySet[User]:
    """Return those who hold the licensee's role."""
    return User.objects.filter(role_grants__role=Role.LICENSEE.value, role_grants__ended_at=None).order_by("pseudonym")


def possible_recipients() -> QuerySet[Organization]:
    """Return everybody in the register."""
    return Organization.objects.order_by("name")
