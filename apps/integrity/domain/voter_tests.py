"""The two tests of one voter: whether the votes follow what they are about, and whether they favour a side."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.special import ndtri

from apps.integrity.domain.ballots import Ballots, Flags, Floats
from apps.integrity.domain.tails import TwoValued, rough_tail, tails_of

# Above this, the normal approximation stands: nothing there is near any threshold.
_ROUGH_ABOVE: Final = 0.02
_EVEN: Final = 0.5


class VoterTest(StrEnum):
    """What is tested about a voter."""

    LIKELIHOOD = "likelihood"
    POSITION = "position"


class Side(StrEnum):
    """On which side of what was expected a voter lies."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """What one test says about one voter.

    ``seen`` and ``expected`` are counts a person can read: votes for the side that everybody else's votes favour, or
    votes for the left side. ``statistic`` is the distance in standard deviations, ``p_value`` two-sided; neither is
    corrected for how many voters were tested.
    """

    voter: int
    test: VoterTest
    votes: int
    seen: int
    expected: float
    side: Side
    statistic: float
    p_value: float


def outliers(
    ballots: Ballots, *, counted: Flags, min_votes: int, draws: int, rng: np.random.Generator
) -> Iterator[Outlier]:
    """Test every voter who has at least ``min_votes`` votes with a winner, in the order of the voters.

    ``counted`` marks the votes (bool, n) that may be held against a voter. ``rng`` serves the Monte
    Carlo draws; with no draws every tail is the normal approximation's.
    """
    for voter in range(ballots.voters):
        own = ballots.of(voter)
        rows = np.arange(own.start, own.stop)[counted[own]]
        if len(rows) >= min_votes:
            for test in VoterTest:
                yield _tested(test, voter, ballots.left_won[rows], ballots.expected[rows], draws, rng)


def _tested(
    test: VoterTest, voter: int, left_won: Flags, expected: Floats, draws: int, rng: np.random.Generator
) -> Outlier:
    if test is VoterTest.LIKELIHOOD:
        # The log-likelihood of the voter's own votes, tested on both sides: votes like a coin's are too unlikely,
        # votes that always follow the published ranking too likely (Huang and others 2025).
        parts = TwoValued(first=np.log(expected), second=np.log1p(-expected), chance=expected)
        favoured = np.where(expected >= _EVEN, left_won, ~left_won)
        seen_count, expected_count = int(favoured.sum()), float(np.maximum(expected, 1 - expected).sum())
    else:
        # The number of votes for the left side, whatever stood there.
        parts = TwoValued(first=np.ones(len(expected)), second=np.zeros(len(expected)), chance=expected)
        seen_count, expected_count = int(left_won.sum()), float(expected.sum())
    seen = float(np.where(left_won, parts.first, parts.second).sum())
    smaller = rough_tail(parts, seen)
    if draws and smaller < _ROUGH_ABOVE:
        tails = tails_of(parts, seen, draws=draws, rng=rng)
        smaller, is_low = min(tails.lower, tails.upper), tails.is_low
    else:
        is_low = seen <= parts.mean
    # The distance that a normal sum of the same tail would have, so that small samples are told on the same scale.
    distance = float(-ndtri(min(0.5, smaller)))
    return Outlier(
        voter=voter,
        test=test,
        votes=len(expected),
        seen=seen_count,
        expected=expected_count,
        side=Side.LOW if is_low else Side.HIGH,
        statistic=-distance if is_low else distance,
        p_value=min(1.0, 2 * smaller),
    )
