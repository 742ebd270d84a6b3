"""Tidying up: attempts whose process died, editions that are due, and folders that belong to nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.flows.building import build_due_editions
from apps.licensing.flows.offers import tend_offers
from apps.licensing.flows.rewriting import rewrite_editions
from apps.licensing.flows.writing import prove_editions
from apps.licensing.gateways import EditionStore
from apps.licensing.queries import folders_in_use, holding_the_build_lock, orphaned_attempts
from apps.licensing.queries.editions import release_of
from apps.licensing.services import close_interrupted

# Sealing a million battles takes a minute or two.
PATIENCE: Final = timedelta(minutes=15)


def sweep(*, actor: Actor, clock: Callable[[], datetime] = timezone.now, store: EditionStore | None = None) -> int:
    """Close orphaned attempts, build what is due, remove what nobody uses; return how many editions were built."""
    where = store or EditionStore()
    for attempt_id in orphaned_attempts(before=clock() - PATIENCE):
        close_interrupted(actor=actor, attempt_id=attempt_id, now=clock())
    built = build_due_editions(actor=actor, clock=clock, store=where)
    tend_offers(actor=actor, clock=clock, rewrite=partial(rewrite_editions, clock=clock, store=where))
    rewrite_editions(actor=actor, clock=clock, store=where)
    prove_editions(store=where)
    for name in where.left_behind():
        with holding_the_build_lock(release_of(name)) as is_ours:
            if is_ours:
                where.discard(name)
    # The folders first and the releases second, so that nothing sealed in between is taken for left over.
    there = where.names()
    in_use = folders_in_use()
    for name in there:
        if name not in in_use:
            where.remove(name)
    return built
