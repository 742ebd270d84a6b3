"""How often intervals hold what they promise, with voters who are alike with themselves and unlike in number.

The table of all cases: ``python -m pytest -m slow -s tests/rankings/domain/test_simulated_coverage.py``
"""

import sys
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import ndtri

from apps.rankings.domain.estimate import fill
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import MICRO, POINTS
from apps.rankings.domain.votes import Votes
from tests.rankings.domain.boards import plain
from tests.rankings.domain.sampled import Electorate, shares

STRENGTH = np.array([0.9, 0.6, 0.3, 0.1, -0.1, -0.3, -0.6, -0.9])


@dataclass(frozen=True)
class Covered:
    """The share of intervals around the truth: by the board's own rule, clustered CR1, and with votes as if alone."""

    auto: float
    cr1: float
    usual: float
    kind: object
    effective: float


def covered(people: int, largest: float, *, votes: int, repetitions: int, models: int = 8) -> Covered:
    electorate = Electorate(shares=shares(people, largest), strength=STRENGTH[:models], taste=0.6)
    truth = electorate.truth()
    held = np.zeros(3)
    made = 0
    board = None
    for repetition in range(repetitions):
        cast = electorate.vote(np.random.default_rng([people, round(100 * largest), repetition]), votes)
        board = fit_board(cast, plain(intervals="auto"))
        evidence = board.evidence
        assert evidence is not None
        assert len(board.models) == models, "Every model is ranked in every repetition."
        off = np.abs(evidence.theta - truth)
        lines = {line.model: line for line in board.models}
        half = np.array([_half(lines[name].upper, lines[name].rating) for name in evidence.models])
        inverse = np.linalg.inv(fill(evidence.hessian, models))
        groups, n = board.contributors, board.votes
        factor = groups / (groups - 1) * (n - 1) / (n - models + 1)
        cr1 = np.sqrt(np.diag(inverse @ evidence.middle @ inverse) * factor)
        held += [np.sum(off <= half), np.sum(off <= 1.96 * cr1), np.sum(off <= _usual(cast, evidence.theta, inverse))]
        made += models
    assert board is not None
    n_eff = board.parameters["effective_number"]
    assert isinstance(n_eff, float)
    auto, cr1_share, usual = (held / made).tolist()
    return Covered(auto, cr1_share, usual, board.parameters["intervals"], n_eff)


def _half(upper: int | None, rating: int) -> float:
    assert upper is not None
    return (upper - rating) / MICRO / POINTS


def _usual(votes: Votes, theta: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Return half the interval of the sandwich that takes every vote for one of somebody else."""
    chance = 1 / (1 + np.exp(theta[votes.model_b] - theta[votes.model_a]))
    square = (np.array([1.0, 0.0, 0.5, 0.5])[votes.outcome] - chance) ** 2
    models = len(theta)
    met = np.bincount(votes.model_a * models + votes.model_b, square, models * models).reshape(models, models)
    met = met + met.T
    middle = np.diag(met.sum(axis=0)) - met
    half: np.ndarray = float(ndtri(0.975)) * np.sqrt(np.diag(inverse @ middle @ inverse))
    return half


def test_a_small_board_s_intervals_hold_where_the_usual_ones_do_not() -> None:
    found = covered(30, 0.2, votes=1200, repetitions=60, models=6)
    assert found.kind == "cv3"
    assert 0.91 <= found.auto <= 0.99
    assert found.usual < 0.85


CASES = [
    *((600, largest, 6000) for largest in (0.01, 0.08, 0.17)),
    *((people, largest, 60 * people) for people in (12, 30, 100) for largest in (0.15, 0.3)),
]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("people", "largest", "votes"), CASES)
def test_intervals_cover_what_they_promise(people: int, largest: float, votes: int) -> None:
    found = covered(people, largest, votes=votes, repetitions=600)
    sys.stdout.write(
        f"\n{people} contributors, the most active with {largest:.0%} of {votes} votes (n_eff {found.effective:.1f}): "
        f"{found.kind} {found.auto:.1%}, cr1 {found.cr1:.1%}, every vote alone {found.usual:.1%}\n"
    )
    assert 0.93 <= found.auto <= 0.97
    assert found.usual < found.auto - 0.01
