"""Davidson's model of ties: the maximum that a general optimiser finds, and how it compares with the board."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from apps.battles.domain.formats import read_battles
from apps.rankings.domain.davidson import NoDavidson, fit_davidson
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.intake import gather
from apps.rankings.domain.votes import Outcome, Votes
from tests.rankings.domain.boards import LLMFAO, needs_llmfao, plain, votes_of, world


def by_optimiser(votes: Votes) -> tuple[np.ndarray, float, float]:
    """Maximise the likelihood as the paper writes it, vote by vote."""
    models = len(votes.models)
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights
    weights = weights if votes.counts is None else weights * votes.counts

    a, b, said = votes.model_a, votes.model_b, np.minimum(votes.outcome, 2)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        pi, nu = np.exp(np.append(point[:-1], 0.0)), np.exp(point[-1])
        parts = np.column_stack([pi[a], pi[b], nu * np.sqrt(pi[a] * pi[b])])
        chance = parts / parts.sum(axis=1, keepdims=True)
        missed = weights[:, None] * (np.eye(3)[said] - chance)
        slope = np.bincount(a, missed[:, 0] + missed[:, 2] / 2, models)
        slope += np.bincount(b, missed[:, 1] + missed[:, 2] / 2, models)
        value = float((weights * np.log(chance[np.arange(len(said)), said])).sum())
        return -value, -np.append(slope[:-1], missed[:, 2].sum())

    found = minimize(loss, np.zeros(models), jac=True, method="BFGS", options={"gtol": 1e-4})
    theta = np.append(found.x[:-1], 0.0)
    return theta - theta.mean(), float(np.exp(found.x[-1])), -float(found.fun)


@pytest.mark.parametrize("case", ["plain", "weighted", "counted"])
def test_it_is_the_maximum_that_an_optimiser_finds(case: str) -> None:
    votes = world(21, votes=600, models=6, contributors=30)
    if case == "weighted":
        votes = replace(votes, weights=np.linspace(0.5, 2.0, 600))
    if case == "counted":
        votes = replace(votes, counts=np.arange(600) % 4 + 1)
    board = fit_board(votes, plain())
    found = fit_davidson(votes, board)
    theta, nu, value = by_optimiser(votes)
    np.testing.assert_allclose(found.theta, theta, atol=1e-4)
    assert found.nu == pytest.approx(nu, rel=1e-4)
    assert found.log_likelihood == pytest.approx(value, rel=1e-9)
    assert found.log_likelihood >= value - 1e-9
    assert found.votes == votes.total
    assert found.ties == votes.number(votes.outcome >= Outcome.BOTH_GOOD)


@needs_llmfao
def test_real_votes_agree_with_the_optimiser() -> None:
    votes = gather(read_battles(LLMFAO)).votes
    board = fit_board(votes, plain())
    found = fit_davidson(votes, board)
    theta, nu, value = by_optimiser(votes)
    np.testing.assert_allclose(found.theta, theta, atol=1e-3)
    assert found.nu == pytest.approx(nu, rel=1e-4)
    assert found.log_likelihood == pytest.approx(value, rel=1e-9)
    assert found.log_likelihood >= value - 1e-9
    assert 0.5 < found.scale < 1.0
    assert found.largest_gap < 0.1


def test_half_wins_shrink_the_ratings_and_move_no_rank() -> None:
    votes = world(22, votes=4000, models=6, contributors=300)
    board = fit_board(votes, plain())
    found = fit_davidson(votes, board)
    assert 0.4 < found.scale < 0.95, "A tie as half a win for each pulls the sides together."
    assert found.moved == 0
    assert found.largest_gap < 0.05
    chances = found.chances("model a", "model b")
    assert sum(chances.values()) == pytest.approx(1.0)
    assert found.chances("model b", "model a")["first"] == pytest.approx(chances["second"])


def test_the_way_a_row_is_written_changes_nothing() -> None:
    votes = world(23, votes=300, models=4)
    flipped = replace(
        votes,
        model_a=votes.model_b,
        model_b=votes.model_a,
        outcome=np.where(votes.outcome < 2, 1 - votes.outcome, votes.outcome),
    )
    one, other = (fit_davidson(each, fit_board(each, plain())) for each in (votes, flipped))
    np.testing.assert_array_equal(one.theta, other.theta)


def test_votes_on_unranked_models_are_left_out() -> None:
    said = ["a: x > y", "b: y > x", "a: x = y", "b: y > z", "a: z > x", "a: top > x"]
    votes = votes_of(*said)
    found = fit_davidson(votes, fit_board(votes, plain()))
    assert found.models == ("x", "y", "z")
    assert (found.votes, found.ties) == (5, 1)


def test_what_has_no_estimate_is_refused_by_name() -> None:
    decided = votes_of("a: x > y", "b: y > x")
    with pytest.raises(NoDavidson, match="all of one kind"):
        fit_davidson(decided, fit_board(decided, plain()))
    tied = votes_of("a: x = y", "b: y ~ x")
    with pytest.raises(NoDavidson, match="all of one kind"):
        fit_davidson(tied, fit_board(tied, plain()))
    nothing = votes_of("a: x > y")
    with pytest.raises(NoDavidson, match="no board"):
        fit_davidson(nothing, fit_board(nothing, plain()))
    # Ties alone bind y to the others here, so that x and y are ranked; whoever ties always is no less finite.
    bound = votes_of("a: x = y", "b: x = y", "a: x > z", "b: z > x")
    assert fit_davidson(bound, fit_board(bound, plain())).nu > 0
