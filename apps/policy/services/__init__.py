"""Everything that writes the rulebook."""

from apps.policy.services.deciding import (
    BackTestMissing,
    ProposalIsOver,
    ProposalIsStale,
    TwoPeopleNeeded,
    adopt_version,
    reject_version,
    withdraw_proposal,
)
from apps.policy.services.proposing import NothingChanges, UnfitChange, UnfitReason, propose_version
from apps.policy.services.testing import Tested, keep_back_test

__all__ = [
    "BackTestMissing",
    "NothingChanges",
    "ProposalIsOver",
    "ProposalIsStale",
    "Tested",
    "TwoPeopleNeeded",
    "UnfitChange",
    "UnfitReason",
    "adopt_version",
    "keep_back_test",
    "propose_version",
    "reject_version",
    "withdraw_proposal",
]
