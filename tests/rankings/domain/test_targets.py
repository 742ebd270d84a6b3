"""A board under other opponents than were drawn: the weights follow the logged probabilities, within bounds."""

from dataclasses import replace

import numpy as np
import pytest

from apps.battles.domain.draw import Candidate, Stand, pair_probabilities
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.targets import (
    PairDistribution,
    Target,
    UnusableProbability,
    UnusableTarget,
    aimed_at,
    ratio_weights,
    under_target,
)
from apps.rankings.domain.votes import Outcome, Votes
from tests.rankings.domain.boards import plain
from tests.rankings.domain.sampled import written


def drawn(rng: np.random.Generator, weights: list[float], votes: int) -> tuple[Votes, np.ndarray]:
    """Draw pairs as the platform does, between models that do not follow Bradley and Terry: a wins against b alone."""
    candidates = [
        Candidate(model_id=place, organization_id=place, stands=(Stand(endpoint_id=place, weight=weight),))
        for place, weight in enumerate(weights)
    ]
    chances = {tuple(sorted(pair)): chance for pair, chance in pair_probabilities(candidates).items()}
    pairs = sorted(chances)
    probability = np.array([chances[pair] for pair in pairs])
    which = rng.choice(len(pairs), votes, p=probability / probability.sum())
    a, b = np.array(pairs)[which].T
    first_wins = np.where((a == 0) & (b == 1), 0.9, np.where((a == 0) & (b == 2), 0.35, 0.5))
    outcome = np.where(rng.random(votes) < first_wins, Outcome.A, Outcome.B)
    made = written(("a", "b", "c", "d"), a, b, outcome)
    return made, probability[which]


def test_uneven_draws_are_turned_into_uniform_opponents() -> None:
    rng = np.random.default_rng(1)
    even, even_probability = drawn(rng, [1, 1, 1, 1], 60_000)
    uneven, probability = drawn(rng, [3, 3, 1, 1], 60_000)
    fair = [fit_board(even, plain(intervals="none")).of(name).rating for name in "abcd"]
    as_drawn = [fit_board(uneven, plain(intervals="none")).of(name).rating for name in "abcd"]
    uniform = under_target(uneven, probability, Target.UNIFORM)
    aimed = [fit_board(uniform, plain(intervals="none")).of(name).rating for name in "abcd"]
    off = np.abs(np.array(as_drawn) - fair).max() / 1e6
    left = np.abs(np.array(aimed) - fair).max() / 1e6
    assert off > 40, "Who meets whom matters where nobody follows the model."
    assert left < 12
    assert uniform.weights is not None
    assert uniform.weights.mean() == pytest.approx(1.0)
    same = under_target(even, even_probability, Target.UNIFORM)
    np.testing.assert_allclose(np.asarray(same.weights), 1.0)
    assert under_target(uneven, None, Target.AS_DRAWN) is uneven


def test_no_rare_pair_weighs_more_than_five_times() -> None:
    votes = written(("a", "b", "c"), [0] * 99 + [1], [1] * 99 + [2], [0] * 100)
    probability = np.array([0.98] * 99 + [0.01])
    aimed = aimed_at(votes, probability, PairDistribution.uniform(votes.models))
    weights = np.asarray(aimed.votes.weights)
    assert aimed.trimmed == 1
    assert weights[-1] / weights[0] == pytest.approx(5.0 / (1 / 3 / 0.98))
    assert weights.sum() == pytest.approx(100)
    assert aimed.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    loose = np.asarray(aimed_at(votes, probability, PairDistribution.uniform(votes.models), trim=1e9).votes.weights)
    assert loose[-1] / loose[0] == pytest.approx(98)


def test_rows_that_stand_for_several_votes_weigh_like_them() -> None:
    one_by_one = ratio_weights(np.array([1.0, 1.0, 1.0, 4.0]))
    gathered = ratio_weights(np.array([1.0, 4.0]), np.array([3, 1]))
    assert gathered.tolist() == pytest.approx([one_by_one[0], one_by_one[3]])


def test_weights_multiply_and_pairs_that_never_count_are_left_out() -> None:
    votes = written(("a", "b", "c"), [0, 0, 1], [1, 2, 2], [0, 1, 2])
    target = PairDistribution.declared(("a", "b", "c"), {("a", "b"): 0.25, ("c", "a"): 0.75})
    plainly = aimed_at(votes, np.full(3, 0.5), target)
    assert plainly.kept.tolist() == [True, True, False]
    assert np.asarray(plainly.votes.weights).tolist() == pytest.approx([0.5, 1.5])
    weighted = aimed_at(replace(votes, weights=np.array([2.0, 1.0, 1.0])), np.full(3, 0.5), target)
    assert np.asarray(weighted.votes.weights).tolist() == pytest.approx([1.0, 1.5])


def test_what_cannot_be_weighted_is_refused_by_name() -> None:
    votes = written(("a", "b"), [0, 0], [1, 1], [0, 1])
    uniform = PairDistribution.uniform(votes.models)
    for bad in (0.0, np.nan, 1.5, -0.1):
        with pytest.raises(UnusableProbability, match="1 votes"):
            aimed_at(votes, np.array([0.5, bad]), uniform)
    with pytest.raises(UnusableProbability, match="without"):
        under_target(votes, None, Target.UNIFORM)
    with pytest.raises(UnusableTarget, match="other models"):
        aimed_at(votes, np.full(2, 0.5), PairDistribution.uniform(("a", "z")))
    for shares in ({("a", "b"): 0.7}, {("a", "z"): 1.0}, {("a", "b"): -1.0}, {("a", "b"): 0.5, ("b", "a"): 0.5}):
        with pytest.raises(UnusableTarget):
            PairDistribution.declared(("a", "b"), shares)


def test_uniform_opponents_are_those_with_a_vote() -> None:
    votes = written(("a", "b", "new"), [0, 0], [1, 1], [0, 1])
    assert np.asarray(under_target(votes, np.full(2, 1.0), Target.UNIFORM).weights).tolist() == [1.0, 1.0]
    assert PairDistribution.uniform(("a",)).share.tolist() == [[0.0]]
