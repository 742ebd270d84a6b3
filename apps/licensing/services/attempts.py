"""An act on a release is begun in one transaction and done in another, so that no attempt goes unrecorded."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.tally import Tally
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Attempt, AttemptState, Release, ReleaseState
from apps.licensing.permissions import may_license

SEAL = "seal"


class SealingUnderWay(Refused):
    """Somebody is sealing this release right now."""


class AttemptIsOver(Refused):
    """The attempt was closed before, or the release is no draft any more."""


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
        with transaction.atomic():
            attempt = Attempt.objects.create(release=release, act=SEAL, actor=actor.pseudonym, attempted_at=now)
    except IntegrityError as open_one:
        raise SealingUnderWay(
            _("Somebody is sealing this release right now. Reload the page in a moment."), subject=release.ref
        ) from open_one
    record(
        LicensingEvent.SEAL_ATTEMPTED,
        actor=actor,
        subject=release.ref,
        at=now,
        facts={"attempt": attempt.ref, "asked": release.asked, "all_or_nothing": is_strict},
    )
    return attempt


@transaction.atomic
def close_refused(
    *, actor: Actor, attempt_id: int, refused: Refused, tally: Tally | None, ends_release: bool, now: datetime
) -> Attempt:
    """Close an attempt that a clause or a state refused; with ``ends_release`` the draft ends as refused too."""
    release_id = Attempt.objects.values_list("release_id", flat=True).get(pk=attempt_id)
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    attempt = _close(attempt_id, AttemptState.REFUSED, clause=refused.clause or "", now=now)
    if ends_release and tally is not None and refused.clause and release.state == ReleaseState.DRAFT:
        release.state = ReleaseState.REFUSED
        release.refused_at, release.refused_clause = now, refused.clause
        release.asked, release.tally = tally.asked, tally.to_json()
        release.save(update_fields=["state", "refused_at", "refused_clause", "asked", "tally"])
    record(
        LicensingEvent.SEAL_REFUSED,
        actor=actor,
        subject=release.ref,
        at=now,
        clause=refused.clause,
        facts={
            "attempt": attempt.ref,
            "code": refused.code,
            "ends_release": release.state == ReleaseState.REFUSED,
            **({"asked": tally.asked, "taken_out": tally.to_facts()} if tally is not None else {}),
        },
    )
    return attempt


@transaction.atomic
def close_interrupted(*, actor: Actor, attempt_id: int, now: datetime) -> Attempt:
    """Close an attempt whose process is gone; one that was closed meanwhile, or is at work, stays as it is."""
    attempt = Attempt.objects.select_for_update(skip_locked=True).filter(pk=attempt_id).first()
    if attempt is None or attempt.state != AttemptState.ATTEMPTED:
        return Attempt.objects.get(pk=attempt_id)
    release = Release.objects.get(pk=attempt.release_id)
    attempt = _close(attempt_id, AttemptState.INTERRUPTED, clause="", now=now)
    record(LicensingEvent.SEAL_INTERRUPTED, actor=actor, subject=release.ref, at=now, facts={"attempt": attempt.ref})
    return attempt


def close_done(attempt_id: int, *, now: datetime) -> Attempt:
    """Close an attempt that succeeded, inside the transaction of its success. Raises ``AttemptIsOver``."""
    return _close(attempt_id, AttemptState.DONE, clause="", now=now)


def _close(attempt_id: int, state: AttemptState, *, clause: str, now: datetime) -> Attempt:
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id)
    if attempt.state != AttemptState.ATTEMPTED:
        raise AttemptIsOver(_("This attempt was closed before."), subject=attempt.ref)
    attempt.state, attempt.clause, attempt.closed_at = state, clause, now
    attempt.save(update_fields=["state", "clause", "closed_at"])
    return attempt
