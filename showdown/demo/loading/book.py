"""What became of the rulebook in the demo: one change that holds, one that waits, and one that somebody must decide."""

from datetime import datetime, timedelta
from typing import Final

from apps.licensing.flows import back_test
from apps.policy.domain.changes import ClauseChange
from apps.policy.models import PolicyProposal
from apps.policy.queries import clause, newest_version
from apps.policy.services import adopt_version, propose_version
from showdown.demo.loading.stage import Stage

_BETWEEN: Final = timedelta(minutes=1)


def open_the_book(stage: Stage, *, now: datetime) -> None:
    """Let Margaret, Radia and Katherine change the rulebook, an hour before now."""
    at = now - timedelta(hours=1)
    change = _proposed(stage, "margaret", "Five days are long for what is urgent.", "W11", at, urgent_days=3)
    _adopt(stage, "radia", change, at + 2 * _BETWEEN)
    change = _proposed(stage, "radia", "Those who help out at weekends vote more on one day.", "B5", at, per_day=250)
    _adopt(stage, "katherine", change, at + 4 * _BETWEEN)
    _proposed(
        stage, "margaret", "Sixty days are the floor, and a quarter of a year is kinder.", "W1", at, min_age_days=90
    )


def _proposed(stage: Stage, name: str, reason: str, number: str, at: datetime, **parameters: int) -> PolicyProposal:
    was = clause(number, version=newest_version().number)
    proposal = propose_version(
        actor=stage.actor(name), changes=[ClauseChange.of(was, **parameters)], reason=reason, now=at
    )
    back_test(actor=stage.actor(name), proposal=proposal, clock=lambda: at + _BETWEEN)
    return proposal


def _adopt(stage: Stage, name: str, proposal: PolicyProposal, at: datetime) -> None:
    adopt_version(actor=stage.actor(name, reauthenticated_at=at), proposal=proposal, now=at)
