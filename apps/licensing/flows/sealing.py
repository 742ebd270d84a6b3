"""Sealing and cancelling as a person asks for them: attempted, then done or refused, each written down."""

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.flows.attempting import Clock, closing
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Release
from apps.licensing.queries.editions import folders_of
from apps.licensing.services import Sealing, attempt_sealing, cancel_release, seal_release


def seal(*, actor: Actor, release_id: int, mode: Sealing, clock: Clock = timezone.now) -> Release:
    """Seal a draft; a refusal is written beside the attempt before it goes on to whoever asked.

    Sealed all or nothing, a refused draft ends as refused; otherwise it stays a draft.

    Raises:
        NotPermitted, AttemptIsOver, SealingUnderWay, LicenseeSuspended, ReleaseChanged, NotFourPeople: as the services
            say.
        TakenOut: with the clause, and how many battles it takes out.
    """
    is_strict = mode is Sealing.ALL_OR_NOTHING
    attempt = attempt_sealing(actor=actor, release_id=release_id, is_strict=is_strict, now=clock())
    with closing(attempt, actor=actor, clock=clock, ends_release=is_strict):
        return seal_release(actor=actor, attempt_id=attempt.pk, mode=mode, now=clock())


def cancel(*, actor: Actor, release_id: int, clock: Clock = timezone.now, store: EditionStore | None = None) -> Release:
    """Cancel a release, and take its editions off the disk. Raises as ``cancel_release`` does."""
    release = cancel_release(actor=actor, release_id=release_id, now=clock())
    where = store or EditionStore()
    for folder in folders_of(release_id):
        where.remove(folder)
    return release
