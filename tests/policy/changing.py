"""How people in tests change the rulebook: one proposes, past releases are judged, another decides."""

from datetime import datetime

from django.utils import timezone

from apps.accounts.models import User
from apps.licensing.flows import back_test
from apps.policy.domain.changes import ClauseChange
from apps.policy.models import PolicyProposal
from apps.policy.queries import clause, newest_version
from apps.policy.services import adopt_version, propose_version


def other(number: str, **parameters: object) -> ClauseChange:
    """Return a clause of the newest version with other numbers."""
    return ClauseChange.of(clause(number, version=newest_version().number), **parameters)


def proposed(by: User, *changes: ClauseChange, reason: str = "It should be so") -> PolicyProposal:
    """Let somebody propose something."""
    return propose_version(actor=by.as_actor(), changes=changes, reason=reason, now=timezone.now())


def judged(by: User, *changes: ClauseChange) -> PolicyProposal:
    """Let somebody propose something, and judge every past release under it."""
    proposal = proposed(by, *changes)
    assert back_test(actor=by.as_actor(), proposal=proposal)
    return proposal


def adopted_by(second: User, proposal: PolicyProposal, *, now: datetime | None = None) -> PolicyProposal:
    """Let a second person adopt a proposal, having signed in just now."""
    moment = now or timezone.now()
    return adopt_version(actor=second.as_actor(reauthenticated_at=moment), proposal=proposal, now=moment)


def change(first: User, second: User, *changes: ClauseChange) -> PolicyProposal:
    """Let two people change the rulebook."""
    return adopted_by(second, judged(first, *changes))
