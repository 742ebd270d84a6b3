"""The rank spread: for all models at once, and not wider than it must be."""

import numpy as np
import pytest

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.kernels import chosen_kernels, numpy_kernels
from apps.rankings.domain.method import Intervals
from apps.rankings.domain.spread import rank_bounds, significantly_better
from tests.rankings.domain.boards import plain, world

DRAWS = 499


def better(
    theta: list[float], error: float, *, draws: int = DRAWS, degrees: float | None = None, seed: int = 1
) -> np.ndarray:
    models = len(theta)
    covariance = error**2 * (np.eye(models) - 1 / models)
    return significantly_better(
        np.array(theta),
        covariance,
        np.ones(models, bool),
        degrees=degrees,
        level=0.95,
        draws=draws,
        seed=seed,
        kernels=chosen_kernels(),
    )


@pytest.mark.parametrize("draws", [0, DRAWS])
def test_clear_distances_give_one_rank_each_and_none_gives_all(draws: int) -> None:
    low, high = rank_bounds(better([2.0, 1.0, 0.0, -3.0], 0.05, draws=draws))
    assert low.tolist() == high.tolist() == [1, 2, 3, 4]
    low, high = rank_bounds(better([0.01, 0.0, 0.0, -0.01], 0.05, draws=draws))
    assert low.tolist() == [1] * 4
    assert high.tolist() == [4] * 4


def test_two_groups_know_their_half_of_the_table() -> None:
    low, high = rank_bounds(better([1.0, 1.01, 0.0, 0.01], 0.05))
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [(1, 2), (1, 2), (3, 4), (3, 4)]


def test_what_is_settled_makes_the_rest_easier_to_tell() -> None:
    lead = 3.27 * np.sqrt(2)
    near = [lead, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert not better([*near, *[0.0] * 6], 1.0, draws=4999)[0, 1], "Among 132 contrasts this one is nothing special."
    far_away = better([*near, *[-40.0] * 6], 1.0, draws=4999)
    assert far_away[:6, 6:].all()
    assert far_away[0, 1], "Among the 96 that are left it is."
    assert not far_away[1:6, 1:6].any()


def test_max_t_knows_the_correlations_that_holm_must_ignore() -> None:
    theta = list(np.linspace(0, 1, 12))
    by_bootstrap, by_holm = better(theta, 0.12), better(theta, 0.12, draws=0)
    assert by_bootstrap.sum() > by_holm.sum() > 0
    assert not (by_holm & ~by_bootstrap).any()


def test_few_contributors_widen_the_spread() -> None:
    theta = list(np.linspace(0, 1, 8))
    for draws in (0, DRAWS):
        assert better(theta, 0.1, draws=draws).sum() > better(theta, 0.1, draws=draws, degrees=6.0).sum()


def test_a_seed_repeats_itself_on_both_sets_of_loops() -> None:
    votes = world(11, models=8)
    method = plain(intervals=Intervals.CR1, draws=DRAWS, seed=5)
    assert fit_board(votes, method, kernels=numpy_kernels()).models == fit_board(votes, method).models


@pytest.mark.parametrize("draws", [0, 199])
def test_equal_models_are_rarely_told_apart(draws: int) -> None:
    """Of boards without any difference about one in twenty may show one; three times that would be a fault."""
    rng = np.random.default_rng(20)
    wrong = 0
    boards = 400
    for board in range(boards):
        estimate = rng.normal(size=10)
        estimate -= estimate.mean()
        wrong += bool(better(list(estimate), 1.0, draws=draws, seed=board).any())
    assert wrong / boards < 0.09
    # Holm is cautious here by its nature; the bootstrap must use what it is allowed.
    assert wrong / boards > (0.02 if draws else 0.0)
