"""Sealing and cancelling as a person asks for them: attempted, then done or refused, each written down."""

from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Release
from apps.licensing.queries.editions import folders_of
from apps.licensing.services import (
    Sealing,
    TakenOut,
    attempt_sealing,
    cancel_release,
    close_interrupted,
    close_refused,
    seal_release,
)

Clock = Callable[[], datetime]


def seal(*, actor: Actor, release_id: int, mode: Sealing, clock: Clock = timezone.now) -> Release:
    """Seal a draft; a refusal is written beside the attempt before it goes on to whoever asked.

    Sealed all or nothing, a refused draft ends as refused; otherwise it stays a draft.

    Raises:
        NotPermitted, AttemptIsOver, SealingUnderWay, LicenseeSuspended, ReleaseChanged: as the services say.
        TakenOut: with the clause, and how many battles it takes out.
    """
    is_strict = mode is Sealing.ALL_OR_NOTHING
    attempt = attempt_sealing(actor=actor, release_id=release_id, is_strict=is_strict, now=clock())
    try:
        return seal_release(actor=actor, attempt_id=attempt.pk, mode=mode, now=clock())
    except Refused as refused:
        close_refused(
            actor=actor,
            attempt_id=attempt.pk,
            refused=refused,
            tally=refused.tally if isinstance(refused, TakenOut) else None,
            ends_release=is_strict,
            now=clock(),
        )
        raise
    except DatabaseError:
        # A deadlock or a lost connection; when even this cannot be written, the sweeper will.
        close_interrupted(actor=actor, attempt_id=attempt.pk, now=clock())
        raise


def cancel(*, actor: Actor, release_id: int, clock: Clock = timezone.now, store: EditionStore | None = None) -> Release:
    """Cancel a release, and take its editions off the disk. Raises as ``cancel_release`` does."""
    release = cancel_release(actor=actor, release_id=release_id, now=clock())
    where = store or EditionStore()
    for folder in folders_of(release_id):
        where.remove(folder)
    return release
