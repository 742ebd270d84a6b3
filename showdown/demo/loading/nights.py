"""Nights on which the boards were computed: the same run that beat asks for, at the time that it had then."""

from datetime import date, datetime

from apps.audit.domain.actor import Actor
from apps.rankings.flows import recompute_open_run
from apps.rankings.services import request_refit

_ASKS = Actor.system("rankings.nightly")
_COMPUTES = Actor.system("rankings.refit")


def rank(*, now: datetime, night: date | None = None) -> None:
    """Compute and publish the boards from the votes cast until ``now`` that count then."""
    request_refit(actor=_ASKS, now=now, night=night)
    recompute_open_run(actor=_COMPUTES, clock=lambda: now)
