"""One look at all voters: test each, allow for taste, correct for how many were tested, and name who stands out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from apps.integrity.domain.ballots import Ballots, Flags, ballots_of
from apps.integrity.domain.calibration import LEAST_POOL, surviving, taste, tempered
from apps.integrity.domain.voter_tests import Outlier, Side, VoterTest, outliers
from apps.rankings.domain.votes import Votes

_ROUNDS: Final = 6
_ASIDE: Final = 0.001
_MOST_ASIDE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A voter who stands out; ``p_value`` allows for taste, and every test that was made is in ``tests``."""

    voter: int
    p_value: float
    strongest: Outlier
    tests: tuple[Outlier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What one look found.

    ``tested`` counts voters, ``votes`` their votes with a winner, ``aside`` the voters whose votes were kept out of the
    yardstick; ``position`` is the worth of standing left in log-odds, ``taste`` is τ² by test, ``threshold`` the
    largest p-value that was flagged, or 0. ``p_values`` has every test made: voter, test, p.
    """

    flagged: tuple[Flagged, ...] = ()
    tested: int = 0
    votes: int = 0
    aside: int = 0
    position: float = 0.0
    taste: Mapping[str, float] = field(default_factory=dict)
    threshold: float = 0.0
    p_values: tuple[tuple[int, VoterTest, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Everybody tested once against one yardstick."""

    found: list[Outlier]
    taste: dict[str, float]
    p_values: list[float]

    def far_out(self, voters: int) -> Flags:
        """Mark the voters (bool, voters) whose votes should be kept out of the yardstick."""
        marked = np.zeros(voters, bool)
        for line, p_value in zip(self.found, self.p_values, strict=True):
            # Votes like a coin's flatten the fit, so on that side a voter's own taste is no excuse.
            flattens = line.test is VoterTest.POSITION or line.side is Side.LOW
            if (line.p_value if flattens else p_value) < _ASIDE:
                marked[line.voter] = True
        return marked


def sweep_voters(
    votes: Votes,
    *,
    fresh: Flags | None = None,
    alpha: float,
    min_votes: int,
    draws: int,
    rng: np.random.Generator,
) -> SweepResult:
    """Test every voter with at least ``min_votes`` votes that have a winner.

    All votes enter the fit; only those marked ``fresh`` (bool, in the order of ``votes``) are held against a voter,
    so that what a person has looked at once is not brought up again. ``alpha`` is the share of false flags that the
    correction allows. The same votes and the same ``rng`` give the same answer.

    A few people who vote like a coin flatten the fit, and everybody who votes with care then looks too good to be
    true. So whoever lies far out is set aside, the fit made again without them, and everybody tested anew, until it
    settles. Being set aside is no accusation: it only keeps a vote out of the yardstick.
    """
    aside = np.zeros(votes.contributors, bool)
    ballots = ballots_of(votes)
    for _ in range(_ROUNDS):
        if ballots is None:
            return SweepResult()
        # The normal approximation is good enough to choose the yardstick by.
        far_out = _round(ballots, fresh, min_votes, 0, rng).far_out(votes.contributors)
        if (far_out == aside).all() or far_out.mean() > _MOST_ASIDE:
            break
        aside, ballots = far_out, ballots_of(votes, aside=far_out)
    if ballots is None:
        return SweepResult()
    return _result(ballots, _round(ballots, fresh, min_votes, draws, rng), alpha, int(aside.sum()))


def _round(ballots: Ballots, fresh: Flags | None, min_votes: int, draws: int, rng: np.random.Generator) -> _Round:
    is_fresh = np.ones(len(ballots.left_won), bool) if fresh is None else fresh[ballots.rows]
    found = list(outliers(ballots, counted=is_fresh, min_votes=min_votes, draws=draws, rng=rng))
    tastes = {test.value: _taste_in(found, test) for test in VoterTest}
    p_values = [tempered(line.statistic, line.votes, tastes[line.test.value]) for line in found]
    return _Round(found=found, taste=tastes, p_values=p_values)


def _taste_in(found: list[Outlier], test: VoterTest) -> float:
    """Measure how much honest voters differ, for the likelihood on the side where careless ones are not found."""
    told = [line for line in found if line.test is test]
    if len(told) < LEAST_POOL:
        return 0.0
    if test is VoterTest.LIKELIHOOD:
        told = [line for line in told if line.side is Side.HIGH]
    return taste([line.statistic for line in told], [line.votes for line in told])


def _result(ballots: Ballots, last: _Round, alpha: float, aside: int) -> SweepResult:
    survives = surviving(last.p_values, rate=alpha)
    by_voter: dict[int, list[tuple[float, Outlier]]] = {}
    for line, p_value in zip(last.found, last.p_values, strict=True):
        by_voter.setdefault(line.voter, []).append((p_value, line))
    stand_out = sorted({line.voter for line, out in zip(last.found, survives, strict=True) if out})
    return SweepResult(
        flagged=tuple(_flagged(voter, by_voter[voter]) for voter in stand_out),
        tested=len(by_voter),
        votes=sum(lines[0][1].votes for lines in by_voter.values()),
        aside=aside,
        position=ballots.position,
        taste=last.taste,
        threshold=max((p for p, out in zip(last.p_values, survives, strict=True) if out), default=0.0),
        p_values=tuple((line.voter, line.test, p) for line, p in zip(last.found, last.p_values, strict=True)),
    )


def _flagged(voter: int, lines: list[tuple[float, Outlier]]) -> Flagged:
    p_value, strongest = min(lines, key=lambda line: line[0])
    return Flagged(voter=voter, p_value=p_value, strongest=strongest, tests=tuple(line for _p, line in lines))
