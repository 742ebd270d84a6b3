"""Everything that writes the rulebook, and the gate before others' words."""

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
from apps.policy.services.reading import DailyReadingReached, NotForThisPurpose, close_readings, read_content
from apps.policy.services.testing import Tested, keep_back_test

__all__ = [
    "BackTestMissing",
    "DailyReadingReached",
    "NotForThisPurpose",
    "NothingChanges",
    "ProposalIsOver",
    "ProposalIsStale",
    "Tested",
    "TwoPeopleNeeded",
    "UnfitChange",
    "UnfitReason",
    "adopt_version",
    "close_readings",
    "keep_back_test",
    "propose_version",
    "read_content",
    "reject_version",
    "withdraw_proposal",
]
