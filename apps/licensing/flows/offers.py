"""Approving and opening as people and the platform ask for it, and what is due on offers without anybody asking."""

import logging
from collections.abc import Callable

from django.db import DatabaseError
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.licensing.flows.attempting import Clock, closing
from apps.licensing.models import Offer
from apps.licensing.queries import (
    finished_offers,
    offers_due_to_open,
    offers_holding_rows,
    overdue_objections,
)
from apps.licensing.services import (
    admit_waiting_objections,
    approve_offer,
    attempt_approval,
    attempt_opening,
    escalate_objection,
    hold_back_small_combinations,
    offer_is_built,
    open_offer,
    take_back_unfit_rows,
    tell_halts,
)

Rewrite = Callable[..., object]

_log = logging.getLogger(__name__)


def approve(*, actor: Actor, offer_id: int, digest: str, clock: Clock = timezone.now) -> Offer:
    """Approve what a digest names. Raises as ``approve_offer`` does."""
    attempt = attempt_approval(actor=actor, offer_id=offer_id, digest=digest, now=clock())
    with closing(attempt, actor=actor, clock=clock):
        return approve_offer(actor=actor, offer_id=offer_id, digest=digest, now=clock(), attempt_id=attempt.pk)


def open_now(*, actor: Actor, offer_id: int, clock: Clock = timezone.now) -> Offer:
    """Open an offer whose lock is over. Raises as ``open_offer`` does."""
    attempt = attempt_opening(actor=actor, offer_id=offer_id, now=clock())
    with closing(attempt, actor=actor, clock=clock):
        return open_offer(actor=actor, offer_id=offer_id, now=clock(), attempt_id=attempt.pk)


def tend_offers(*, actor: Actor, clock: Clock = timezone.now, rewrite: Rewrite | None = None) -> int:
    """Do what is due: offers built, rows taken back, objections overdue, locks over; return how many were opened.

    ``rewrite(actor=…, offer_id=…)`` writes the editions of an offer anew without the rows that were taken back.
    """
    for offer_id in finished_offers():
        offer_is_built(actor=actor, offer_id=offer_id, now=clock())
    take_back_unfit_rows(actor=actor, now=clock())
    tell_halts(actor=actor, now=clock())
    admit_waiting_objections(actor=actor, now=clock())
    if rewrite is not None:
        for offer_id in offers_holding_rows():
            rewrite(actor=actor, offer_id=offer_id)
    for objection_id in overdue_objections(now=clock()):
        escalate_objection(actor=actor, objection_id=objection_id, now=clock())
    opened = 0
    due = offers_due_to_open()
    if due and rewrite is not None and hold_back_small_combinations(actor=actor, now=clock()):
        rewrite(actor=actor)
    for offer_id in due:
        try:
            open_now(actor=actor, offer_id=offer_id, clock=clock)
        except Refused:
            # The attempt says why; it is tried again in a day, or by an officer before.
            continue
        except DatabaseError as error:
            # One offer that the database cannot open, whatever the reason, holds no other one up.
            _log.error("Offer %d was not opened: %s", offer_id, type(error).__name__)
            continue
        opened += 1
    return opened
