"""An act on a release is begun in one transaction and done in another, so that no attempt goes unrecorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.permissions import has_lately_proved_identity
from apps.audit.services import ReauthenticationNeeded, record
from apps.licensing.domain.tally import Tally
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Act, Attempt, AttemptState, Licensee, Offer, Release, ReleaseState
from apps.licensing.permissions import may_approve, may_license, may_open


class Events(NamedTuple):
    """What the log says of an attempt; that it succeeded is told by the act's own entry."""

    attempted: LicensingEvent
    refused: LicensingEvent
    interrupted: LicensingEvent


EVENTS: Final[Mapping[str, Events]] = {
    Act.DRAFT: Events(LicensingEvent.DRAFT_ATTEMPTED, LicensingEvent.DRAFT_REFUSED, LicensingEvent.DRAFT_INTERRUPTED),
    Act.SEAL: Events(LicensingEvent.SEAL_ATTEMPTED, LicensingEvent.SEAL_REFUSED, LicensingEvent.SEAL_INTERRUPTED),
    Act.APPROVE: Events(
        LicensingEvent.APPROVE_ATTEMPTED, LicensingEvent.APPROVE_REFUSED, LicensingEvent.APPROVE_INTERRUPTED
    ),
    Act.OPEN: Events(LicensingEvent.OPEN_ATTEMPTED, LicensingEvent.OPEN_REFUSED, LicensingEvent.OPEN_INTERRUPTED),
}


class SealingUnderWay(Refused):
    """Somebody is sealing this release right now."""


class ActUnderWay(Refused):
    """Somebody is doing this with the release right now."""


class AttemptIsOver(Refused):
    """The attempt was closed before, or the release is no draft any more."""


@transaction.atomic
def attempt_drafting(*, actor: Actor, licensee_id: int, request: str = "", now: datetime) -> Attempt:
    """Put down that somebody is about to draft a release for a licensee; ``request`` names what it is drafted from.

    Raises:
        NotPermitted: when the actor is no licensing officer.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers draft releases."))
    licensee = Licensee.objects.get(pk=licensee_id)
    return _begin(actor, Act.DRAFT, now=now, licensee=licensee, facts={"request": request} if request else None)


@transaction.atomic
def attempt_sealing(*, actor: Actor, release_id: int, is_strict: bool, now: datetime) -> Attempt:
    """Put down that somebody is about to seal a draft; whatever becomes of it, this stays.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        AttemptIsOver: when the release is no draft.
        SealingUnderWay: when an attempt is open.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers seal releases."))
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if release.state != ReleaseState.DRAFT:
        raise AttemptIsOver(
            _("Release %(number)d is %(state)s; only a draft is sealed.")
            % {"number": release.pk, "state": release.get_state_display()},
            subject=release.ref,
        )
    try:
        return _begin(
            actor, Act.SEAL, now=now, release=release, facts={"asked": release.asked, "all_or_nothing": is_strict}
        )
    except ActUnderWay as open_one:
        raise SealingUnderWay(
            _("Somebody is sealing this release right now. Reload the page in a moment."), subject=release.ref
        ) from open_one


@transaction.atomic
def attempt_approval(*, actor: Actor, offer_id: int, digest: str, now: datetime) -> Attempt:
    """Put down that an approver is about to say yes to what this digest names.

    Raises:
        NotPermitted: when the actor is no approver.
        ReauthenticationNeeded: when they proved too long ago who they are.
        ActUnderWay: when somebody else is approving it at this moment.
    """
    if not may_approve(actor) or actor.account_id is None:
        raise NotPermitted(_("Only approvers approve."))
    require_reauthenticated(actor, now)
    offer = Offer.objects.select_related("release").get(pk=offer_id)
    return _begin(actor, Act.APPROVE, now=now, release=offer.release, offer=offer, facts={"digest": digest[:64]})


@transaction.atomic
def attempt_opening(*, actor: Actor, offer_id: int, now: datetime) -> Attempt:
    """Put down that an offer is about to be opened.

    Raises:
        NotPermitted: when the actor is neither the platform nor a licensing officer.
        ActUnderWay: when somebody else is opening it at this moment.
    """
    if not may_open(actor):
        raise NotPermitted(_("Offers are opened by the platform and by licensing officers."))
    offer = Offer.objects.select_related("release").get(pk=offer_id)
    return _begin(actor, Act.OPEN, now=now, release=offer.release, offer=offer)


def require_reauthenticated(actor: Actor, now: datetime) -> None:
    """Raise ``ReauthenticationNeeded`` unless the actor lately proved who they are."""
    if not has_lately_proved_identity(actor, now):
        raise ReauthenticationNeeded(_("Sign in again first: this decides about what others entrusted to us."))


@transaction.atomic
def close_refused(
    *, actor: Actor, attempt_id: int, refused: Refused, tally: Tally | None, ends_release: bool, now: datetime
) -> Attempt:
    """Close an attempt that a clause or a state refused; with ``ends_release`` a draft ends as refused too."""
    release_id = Attempt.objects.values_list("release_id", flat=True).get(pk=attempt_id)
    release = Release.objects.select_for_update(no_key=True).filter(pk=release_id).first()
    attempt = _close(attempt_id, AttemptState.REFUSED, clause=refused.clause or "", code=refused.code, now=now)
    if (
        release is not None
        and ends_release
        and tally is not None
        and refused.clause
        and release.state == ReleaseState.DRAFT
    ):
        release.state = ReleaseState.REFUSED
        release.refused_at, release.refused_clause = now, refused.clause
        release.asked, release.tally = tally.asked, tally.to_json()
        release.save(update_fields=["state", "refused_at", "refused_clause", "asked", "tally"])
    entry = record(
        EVENTS[attempt.act].refused,
        actor=actor,
        subject=_subject(attempt),
        at=now,
        clause=refused.clause,
        facts={
            "attempt": attempt.ref,
            "code": refused.code,
            "ends_release": release is not None and release.state == ReleaseState.REFUSED,
            **({"asked": tally.asked, "taken_out": tally.to_facts()} if tally is not None else {}),
        },
    )
    return _with_entry(attempt, entry.pk)


@transaction.atomic
def close_interrupted(*, actor: Actor, attempt_id: int, now: datetime) -> Attempt:
    """Close an attempt whose process is gone; one that was closed meanwhile, or is at work, stays as it is."""
    attempt = Attempt.objects.select_for_update(skip_locked=True).filter(pk=attempt_id).first()
    if attempt is None or attempt.state != AttemptState.ATTEMPTED:
        return Attempt.objects.get(pk=attempt_id)
    attempt = _close(attempt_id, AttemptState.INTERRUPTED, clause="", code="", now=now)
    entry = record(
        EVENTS[attempt.act].interrupted,
        actor=actor,
        subject=_subject(attempt),
        at=now,
        facts={"attempt": attempt.ref},
    )
    return _with_entry(attempt, entry.pk)


def close_done(attempt_id: int, *, release: Release | None = None, now: datetime) -> Attempt:
    """Close an attempt that succeeded, inside the transaction of its success. Raises ``AttemptIsOver``."""
    attempt = _close(attempt_id, AttemptState.DONE, clause="", code="", now=now)
    if release is not None and attempt.release_id is None:
        attempt.release = release
        attempt.save(update_fields=["release"])
    return attempt


def require_open_attempt(attempt_id: int, act: Act) -> Attempt:
    """Return an attempt at an act that is still open, with its release and offer. Raises ``AttemptIsOver``."""
    attempt = Attempt.objects.select_related("release", "offer").get(pk=attempt_id)
    if attempt.state != AttemptState.ATTEMPTED or attempt.act != act:
        raise AttemptIsOver(_("This attempt was closed before."), subject=attempt.ref)
    return attempt


def _begin(
    actor: Actor,
    act: Act,
    *,
    now: datetime,
    release: Release | None = None,
    offer: Offer | None = None,
    licensee: Licensee | None = None,
    facts: Mapping[str, JSON] | None = None,
) -> Attempt:
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(
                release=release, offer=offer, licensee=licensee, act=act, actor=actor.pseudonym, attempted_at=now
            )
    except IntegrityError as open_one:
        subject = release.ref if release is not None else None
        raise ActUnderWay(
            _("Somebody is at work on this right now. Reload the page in a moment."), subject=subject
        ) from open_one
    record(
        EVENTS[act].attempted,
        actor=actor,
        subject=_subject(attempt),
        at=now,
        facts={"attempt": attempt.ref, **(facts or {})},
    )
    return attempt


def _subject(attempt: Attempt) -> str:
    """What an attempt is about: the offer, else the release, else whom it was for."""
    about = attempt.offer or attempt.release or attempt.licensee
    if about is None:
        raise LookupError("An attempt is about something.")
    return about.ref


def _close(attempt_id: int, state: AttemptState, *, clause: str, code: str, now: datetime) -> Attempt:
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id)
    if attempt.state != AttemptState.ATTEMPTED:
        raise AttemptIsOver(_("This attempt was closed before."), subject=attempt.ref)
    attempt.state, attempt.clause, attempt.code, attempt.closed_at = state, clause, code, now
    attempt.save(update_fields=["state", "clause", "code", "closed_at"])
    return attempt


def _with_entry(attempt: Attempt, entry_id: int) -> Attempt:
    attempt.entry = entry_id
    attempt.save(update_fields=["entry"])
    return attempt
