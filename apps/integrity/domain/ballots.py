"""What the tests of voters are given: the decided votes as parallel columns, and what others' votes lead to expect."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import FitMethod, Intervals, Ties
from apps.rankings.domain.votes import Outcome, Votes

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]

# Expected shares are kept this far from 0 and 1: no single vote is ever impossible.
_LEAST_CHANCE: Final = 1e-6
# A little information of our own about every model, for the case that one voter alone knows a model.
_RIDGE: Final = 0.01
_STEPS: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ballots:
    """n votes with a winner, sorted by voter.

    ``starts`` (int32, voters + 1) says where each voter's votes begin, ``rows`` (int64, n) where each stood among the
    votes given; ``left_won`` (bool, n) says which side was chosen, ``expected`` (float64, n) the chance of the left
    side as the votes of everybody else lead to expect it. ``position`` is the worth of standing left to everybody, in
    log-odds.
    """

    starts: Codes
    rows: NDArray[np.int64]
    left_won: Flags
    expected: Floats
    position: float

    @property
    def voters(self) -> int:
        """How many voters there are, those without a vote included."""
        return len(self.starts) - 1

    def of(self, voter: int) -> slice:
        """Return where a voter's votes lie."""
        return slice(int(self.starts[voter]), int(self.starts[voter + 1]))


def ballots_of(votes: Votes, *, aside: Flags | None = None) -> Ballots | None:
    """Return the votes that say which side was better, with what everybody else's votes lead to expect.

    A tie says nothing here: under Davidson's model (1970) the winner of a vote that has one follows Bradley-Terry
    whatever the share of ties, so people who tie often and people who never do are judged alike. Each voter's own
    votes are taken out of the fit by one Newton step; those of voters set ``aside`` (bool, voters) do not enter it at
    all, but are in the answer. None when no board can be fitted.

    ``votes.contributor`` must name a voter for each vote, and ``model_a`` be the model on the left.
    """
    if votes.contributor is None:
        raise ValueError("Voters cannot be tested by votes of nobody.")
    if aside is None:
        aside = np.zeros(votes.contributors, bool)
    board = fit_board(
        votes.with_style(()).take(~aside[votes.contributor]),
        FitMethod(ties=Ties.DROP, intervals=Intervals.NONE, draws=0),
    )
    if board.evidence is None:
        return None
    ranked = {name: place for place, name in enumerate(board.evidence.models)}
    place = np.array([ranked.get(name, -1) for name in votes.models], dtype=np.int32)
    has_winner = (votes.outcome == Outcome.A) | (votes.outcome == Outcome.B)
    kept = has_winner & (place[votes.model_a] >= 0) & (place[votes.model_b] >= 0)
    order = np.flatnonzero(kept)[np.argsort(votes.contributor[kept], kind="stable")]
    left, right = place[votes.model_a[order]], place[votes.model_b[order]]
    left_won = np.asarray(votes.outcome[order] == Outcome.A)
    voter = votes.contributor[order]
    starts = np.searchsorted(voter, np.arange(votes.contributors + 1)).astype(np.int32)
    theta = board.evidence.theta
    in_fit = ~aside[voter]
    if not in_fit.any():
        return None
    position = _position_effect((theta[left] - theta[right])[in_fit], left_won[in_fit])
    information = board.evidence.hessian[: len(theta), : len(theta)]
    expected = _by_others(theta, information, position, starts, left, right, left_won, aside)
    return Ballots(starts=starts, rows=order, left_won=left_won, expected=expected, position=position)


def _chance(log_odds: Floats) -> Floats:
    return np.clip(1 / (1 + np.exp(-log_odds)), _LEAST_CHANCE, 1 - _LEAST_CHANCE)


def _position_effect(gaps: Floats, left_won: Flags) -> float:
    """Return the maximum likelihood worth of standing left, the models' gaps being known (Newton, one dimension)."""
    effect = 0.0
    for _ in range(_STEPS):
        chance = _chance(gaps + effect)
        effect += float((left_won - chance).sum() / (chance * (1 - chance)).sum())
    return effect


def _by_others(
    theta: Floats,
    information: Floats,
    position: float,
    starts: Codes,
    left: Codes,
    right: Codes,
    left_won: Flags,
    aside: Flags,
) -> Floats:
    """Return each vote's expected left share under a fit without its voter's votes.

    At the maximum θ the scores of all votes add up to zero, so those of the others are minus the voter's own, g. One
    Newton step from there leads to θ − (H − H_v)⁻¹ g (Cook 1977 for the linear case; Pregibon 1981 for this one).
    """
    models = len(theta)
    chance = _chance(theta[left] - theta[right] + position)
    residual, spread = left_won - chance, chance * (1 - chance)
    # Adding a constant everywhere fixes the mean of the ratings and changes no gap between them.
    whole = information + np.trace(information) / (models * models) + _RIDGE * np.eye(models)
    expected = chance.copy()
    for voter in np.flatnonzero((np.diff(starts) > 0) & ~aside).tolist():
        own = slice(int(starts[voter]), int(starts[voter + 1]))
        a, b = left[own], right[own]
        gradient = np.bincount(a, residual[own], models) - np.bincount(b, residual[own], models)
        met = np.bincount(a * models + b, spread[own], models * models).reshape(models, models)
        met = met + met.T
        own_information = np.diag(met.sum(axis=1)) - met
        others = theta - np.linalg.solve(whole - own_information, gradient)
        expected[own] = _chance(others[a] - others[b] + position)
    return expected
