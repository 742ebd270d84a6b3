"""The engine agrees with statsmodels on the full design matrix, on real votes and on drawn ones."""

from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm

from apps.battles.domain.formats import read_battles
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.intake import gather
from apps.rankings.domain.method import MICRO, POINTS, FitMethod, Intervals, Ties
from apps.rankings.domain.votes import Votes
from tests.rankings.domain.boards import LLMFAO, design_of, needs_llmfao, plain, world

NORMAL = 1.959963984540054


@cache
def real_votes(*style: str) -> Votes:
    return gather(read_battles(LLMFAO), style=style).votes


def independently(votes: Votes, kind: Intervals, ties: Ties = Ties.HALF) -> tuple[np.ndarray, ...]:
    """Return ratings, half widths, style coefficients and their half widths, in points, by statsmodels."""
    x, score, who = design_of(votes, ties=ties)
    models = len(votes.models)
    model = sm.GLM(score, x[:, 1:], family=sm.families.Binomial())
    cluster = {"cov_type": "cluster", "cov_kwds": {"groups": who}}
    found = model.fit(
        tol=1e-14, maxiter=200, tol_criterion="params", **(cluster if kind is Intervals.CR1 else {"cov_type": "HC0"})
    )
    to_mean = (np.eye(models) - 1 / models)[:, 1:]
    strengths, covariance = found.params[: models - 1], np.asarray(found.cov_params())
    block = to_mean @ covariance[: models - 1, : models - 1] @ to_mean.T
    return (
        1000 + POINTS * to_mean @ strengths,
        POINTS * NORMAL * np.sqrt(np.diag(block)),
        POINTS * found.params[models - 1 :],
        POINTS * NORMAL * np.sqrt(np.diag(covariance)[models - 1 :]),
    )


def ours(votes: Votes, method: FitMethod) -> tuple[np.ndarray, ...]:
    board = fit_board(votes, method)
    lines = [board.of(model) for model in votes.models]
    return (
        np.array([line.rating / MICRO for line in lines]),
        np.array([((line.upper or 0) - (line.lower or 0)) / 2 / MICRO for line in lines]),
        np.array([effect.coefficient / MICRO for effect in board.style]),
        np.array([((effect.upper or 0) - (effect.lower or 0)) / 2 / MICRO for effect in board.style]),
    )


@needs_llmfao
@pytest.mark.parametrize("style", [(), ("length",), ("length", "duration")], ids=["plain", "length", "both"])
@pytest.mark.parametrize("kind", [Intervals.CR1, Intervals.HC0])
def test_real_votes_agree_with_statsmodels(style: tuple[str, ...], kind: Intervals) -> None:
    votes = real_votes(*style)
    assert (len(votes.models), votes.total, votes.contributors) == (59, 8931, 124)
    expected = independently(votes, kind)
    found = ours(votes, plain(intervals=kind, style=style))
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found[2], expected[2], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[3], expected[3], rtol=0, atol=1e-4)
    assert len(found[2]) == (len(style) + 1 if style else 0)


@needs_llmfao
def test_dropped_ties_agree_too_and_differ_from_half_wins() -> None:
    votes = real_votes()
    expected = independently(votes, Intervals.CR1, Ties.DROP)
    found = ours(votes, plain(ties=Ties.DROP))
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-4)
    # The agreement above is worth something only if another rule for ties would have been noticed.
    assert np.abs(found[0] - independently(votes, Intervals.CR1)[0]).max() > 10


@needs_llmfao
def test_the_interval_is_that_of_contributors_and_not_of_votes() -> None:
    votes = real_votes()
    by_contributor = independently(votes, Intervals.CR1)[1]
    by_vote = ours(votes, plain(intervals=Intervals.HC0))[1]
    assert np.abs(by_contributor - by_vote).max() > 1


@pytest.mark.parametrize("seed", range(5))
def test_drawn_votes_agree_with_statsmodels(seed: int) -> None:
    votes = world(seed, votes=3000, models=12, contributors=300, style=3)
    expected = independently(votes, Intervals.CR1)
    found = ours(votes, plain(style=votes.style_names))
    for place, tolerance in enumerate((1e-6, 1e-4, 1e-6, 1e-4)):
        np.testing.assert_allclose(found[place], expected[place], rtol=0, atol=tolerance)
