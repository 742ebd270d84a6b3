"""What every act on a release shares: it was attempted, and however it ends, that is written beside the attempt."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import DatabaseError

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.licensing.models import Attempt
from apps.licensing.services import TakenOut, close_interrupted, close_refused

Clock = Callable[[], datetime]


@contextmanager
def closing(attempt: Attempt, *, actor: Actor, clock: Clock, ends_release: bool = False) -> Iterator[None]:
    """Act within an attempt; a refusal is written beside it before it goes on to whoever asked."""
    try:
        yield
    except Refused as refused:
        close_refused(
            actor=actor,
            attempt_id=attempt.pk,
            refused=refused,
            tally=refused.tally if isinstance(refused, TakenOut) else None,
            ends_release=ends_release,
            now=clock(),
        )
        raise
    except DatabaseError:
        # A deadlock or a lost connection; when even this cannot be written, the sweeper will.
        close_interrupted(actor=actor, attempt_id=attempt.pk, now=clock())
        raise
