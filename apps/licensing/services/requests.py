"""What licensees ask for: put down by them, drafted or refused by an officer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.licensing.domain.filters import FilterFault, ReleaseFilters
from apps.licensing.domain.purposes import allows
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import AccessRequest, Attempt, Licensee, LicenseeKey, Release, RequestState
from apps.licensing.permissions import may_license, speaks_for
from apps.licensing.queries.agreements import recipient_ids
from apps.licensing.services.agreements import digest_of
from apps.licensing.services.attempts import attempt_drafting
from apps.licensing.services.drafting import LONGEST_TITLE, MalformedFilters, draft_release
from apps.licensing.services.reading import held_licensee, line_of
from apps.licensing.services.standing import TIES_CLAUSE, RecipientUndeclared, may_receive, require_agreement
from apps.licensing.services.suspending import require_rule
from apps.licensing.services.telling import tell_contact

LONGEST_USE: Final = 1000
LONGEST_REASON: Final = 300
MOST_WAITING: Final = 20


class PurposeNotAgreed(Refused):
    """The agreement does not allow what is asked for."""


class TooManyRequests(Refused):
    """So many requests wait already that nobody would read another one."""


class AlreadyAsked(Refused):
    """The same request waits already."""


class NeededInThePast(Refused):
    """The day by which it is needed is over."""


class NotYourRequest(NotPermitted):
    """The request is another licensee's, or there is none."""


class RequestIsDecided(Refused):
    """The request was drafted, refused or withdrawn before."""


@transaction.atomic
def request_access(
    *,
    actor: Actor,
    licensee_id: int,
    title: str,
    purpose: str,
    use: str,
    wanted: str,
    filters: ReleaseFilters | Mapping[str, Any],
    recipients: Sequence[int],
    needed_by: date | None = None,
    key: LicenseeKey | None = None,
    now: datetime,
) -> AccessRequest:
    """Ask for a release: what for, which battles in words and by filters, and for which of the named recipients.

    ``purpose`` is a code of the agreement's, ``recipients`` are ids of organizations. Whoever asks is the first of the
    four people of a release.

    Raises:
        NotPermitted: when the actor does not speak for the licensee.
        LicenseeSuspended, NoAgreement, AgreementExpired, ControlChanged, RecipientUndeclared: as for a delivery.
        PurposeNotAgreed: when the agreement does not allow the purpose.
        MalformedFilters, UnfitWords, NeededInThePast: when the request cannot be read.
        AlreadyAsked, TooManyRequests: when it waits already, or twenty do.
    """
    licensee = held_licensee(licensee_id)
    if not speaks_for(actor, licensee) or actor.account_id is None:
        raise NotPermitted(_("Only whoever speaks for a licensee asks for it."), subject=licensee.ref)
    may_receive(licensee, at=now)
    agreement = require_agreement(licensee, at=now)
    if not allows(agreement.purposes, purpose):
        raise PurposeNotAgreed(_("Your agreement does not allow this purpose."), subject=licensee.ref)
    asked_for = _read(filters).to_json()
    told = {
        "title": line_of(title, longest=LONGEST_TITLE),
        "purpose": purpose,
        "use": line_of(use, longest=LONGEST_USE),
        "wanted": line_of(wanted, longest=LONGEST_USE),
        "filters": asked_for,
    }
    if needed_by is not None and needed_by < now.astimezone(UTC).date():
        raise NeededInThePast(_("The day by which you need it is over."), subject=licensee.ref)
    chosen = set(recipients)
    if not chosen or not chosen <= recipient_ids(licensee.pk, at=now):
        raise RecipientUndeclared(
            _("Choose among the final recipients that you have named."), clause=TIES_CLAUSE, subject=licensee.ref
        )
    _require_room(licensee, told)
    request = AccessRequest.objects.create(
        licensee=licensee, asked_by_id=actor.account_id, key=key, needed_by=needed_by, asked_at=now, **told
    )
    request.recipients.set(chosen)
    record(
        LicenseeEvent.REQUESTED,
        actor=actor,
        subject=request.ref,
        at=now,
        facts={
            "licensee": licensee.ref,
            "agreement": agreement.ref,
            "purpose": purpose,
            "recipients": [f"organizations.organization:{one}" for one in sorted(chosen)],
            "words": commit_to(f"{told['title']}\n{told['use']}\n{told['wanted']}", subject=request.ref),
            "via": "web" if key is None else "api",
        },
    )
    return request


@transaction.atomic
def withdraw_request(*, actor: Actor, request_id: int, now: datetime) -> AccessRequest:
    """Take a request back before an officer has decided.

    Raises:
        NotYourRequest: when the actor does not speak for its licensee.
        RequestIsDecided: when it was decided.
    """
    request = _waiting(request_id, lambda one: speaks_for(actor, one.licensee))
    _decide(request, RequestState.WITHDRAWN, actor, now)
    record(
        LicenseeEvent.REQUEST_WITHDRAWN,
        actor=actor,
        subject=request.ref,
        at=now,
        facts={"licensee": request.licensee.ref},
    )
    return request


@transaction.atomic
def refuse_request(*, actor: Actor, request_id: int, clause_number: str, reason: str, now: datetime) -> AccessRequest:
    """Refuse a request under a clause; who asked for what, and why not, is public from then on.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        RequestIsDecided: when it was decided.
        UnknownRule: when there is no such clause.
        UnfitWords: without a reason.
    """
    request = _waiting(request_id, lambda _one: may_license(actor))
    require_rule(clause_number)
    words = line_of(reason, longest=LONGEST_REASON)
    request.refused_clause, request.refused_because = clause_number, words
    _decide(request, RequestState.REFUSED, actor, now, "refused_clause", "refused_because")
    record(
        LicenseeEvent.REQUEST_REFUSED,
        actor=actor,
        subject=request.ref,
        at=now,
        clause=clause_number,
        facts={"licensee": request.licensee.ref, "reason_digest": digest_of(words)},
    )
    tell_contact(
        actor=actor,
        licensee=request.licensee,
        subject=_("Your request %(number)d is refused") % {"number": request.pk},
        body=words,
        address=reverse("licensing:own_request", args=[request.pk]),
        now=now,
    )
    return request


@transaction.atomic
def attempt_drafting_request(*, actor: Actor, request_id: int, now: datetime) -> Attempt:
    """Put down that an officer is about to draft what a request asks for.

    Raises:
        NotYourRequest: when there is no such request.
        NotPermitted: when the actor is no licensing officer.
    """
    request = AccessRequest.objects.filter(pk=request_id).first()
    if request is None:
        raise NotYourRequest(_("There is no such request of yours to decide."))
    return attempt_drafting(actor=actor, licensee_id=request.licensee_id, request=request.ref, now=now)


@transaction.atomic
def draft_from_request(*, actor: Actor, request_id: int, now: datetime, attempt_id: int | None = None) -> Release:
    """Draft the release that a request asks for; what may leave is decided at sealing.

    ``attempt_id`` is the attempt that the flow put down before, which is closed as done.

    Raises:
        NotPermitted: when the actor is no licensing officer, or is who asked.
        RequestIsDecided: when it was decided.
        NothingMatches: when the filters ask for nothing that exists.
        LicenseeSuspended: when the licensee is.
    """
    request = _waiting(request_id, lambda _one: may_license(actor))
    if request.asked_by_id == actor.account_id:
        raise NotPermitted(_("Whoever asked does not draft."), clause="W4", subject=request.ref)
    release = draft_release(
        actor=actor,
        licensee=request.licensee,
        title=request.title,
        filters=request.filters,
        now=now,
        attempt_id=attempt_id,
    )
    release.request = request
    release.save(update_fields=["request"])
    _decide(request, RequestState.DRAFTED, actor, now)
    record(
        LicenseeEvent.REQUEST_DRAFTED,
        actor=actor,
        subject=request.ref,
        at=now,
        facts={"licensee": request.licensee.ref, "release": release.ref},
    )
    tell_contact(
        actor=actor,
        licensee=request.licensee,
        subject=_("A release is drafted from your request %(number)d") % {"number": request.pk},
        body=_("What may leave is decided by the clauses when it is sealed."),
        address=reverse("licensing:own_request", args=[request.pk]),
        now=now,
    )
    return release


def _read(filters: ReleaseFilters | Mapping[str, Any]) -> ReleaseFilters:
    if isinstance(filters, ReleaseFilters):
        return filters
    try:
        return ReleaseFilters.from_json(filters)
    except FilterFault as fault:
        raise MalformedFilters(f"{fault.field}: {fault}") from fault


def _require_room(licensee: Licensee, told: Mapping[str, Any]) -> None:
    waiting = AccessRequest.objects.filter(licensee=licensee, state=RequestState.ASKED)
    same = waiting.filter(title=told["title"], purpose=told["purpose"], filters=told["filters"]).first()
    if same is not None:
        raise AlreadyAsked(
            _("Request %(number)d asks for the same and waits already.") % {"number": same.pk}, subject=same.ref
        )
    if waiting.count() >= MOST_WAITING:
        raise TooManyRequests(_("Twenty of your requests wait already."), subject=licensee.ref)


def _waiting(request_id: int, is_theirs: Callable[[AccessRequest], bool]) -> AccessRequest:
    request = (
        AccessRequest.objects.select_for_update(of=("self",)).select_related("licensee").filter(pk=request_id).first()
    )
    if request is None or not is_theirs(request):
        raise NotYourRequest(_("There is no such request of yours to decide."))
    if request.state != RequestState.ASKED:
        raise RequestIsDecided(_("Request %(number)d is decided.") % {"number": request.pk}, subject=request.ref)
    return request


def _decide(request: AccessRequest, state: RequestState, actor: Actor, now: datetime, *more: str) -> None:
    request.state, request.decided_by_id, request.decided_at = state, actor.account_id, now
    request.save(update_fields=["state", "decided_by", "decided_at", *more])
