"""Drawing: every pair by its probability, sides by an even chance."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.battles.domain.draw import (
    Candidate,
    Draw,
    Stand,
    TooFewModels,
    draw_battle,
    pair_probabilities,
    without_makers,
)

weights = st.lists(st.floats(min_value=0.01, max_value=1000), min_size=2, max_size=12)


def candidates_of(given_weights: list[float]) -> list[Candidate]:
    return [
        Candidate(model_id=number, organization_id=number % 3, stands=(Stand(endpoint_id=number * 10, weight=weight),))
        for number, weight in enumerate(given_weights, start=1)
    ]


def pair_of(draw: Draw) -> frozenset[int]:
    return frozenset((draw.left.model_id, draw.right.model_id))


@given(weights)
def test_the_probabilities_of_all_pairs_make_one(given_weights: list[float]) -> None:
    probabilities = pair_probabilities(candidates_of(given_weights))
    assert len(probabilities) == len(given_weights) * (len(given_weights) - 1) // 2
    assert sum(probabilities.values()) == pytest.approx(1.0)
    assert all(0 < probability <= 1 for probability in probabilities.values())


@given(weights, st.integers())
def test_a_draw_has_two_models_and_logs_the_probability_of_their_pair(given_weights: list[float], seed: int) -> None:
    candidates = candidates_of(given_weights)
    draw = draw_battle(candidates, chance=random.Random(seed))
    assert draw.left.model_id != draw.right.model_id
    assert draw.probability == pytest.approx(pair_probabilities(candidates)[pair_of(draw)])


@given(weights, st.integers())
def test_equal_chance_gives_an_equal_draw(given_weights: list[float], seed: int) -> None:
    candidates = candidates_of(given_weights)
    first, second = (draw_battle(candidates, chance=random.Random(seed)) for _time in range(2))
    assert first == second


def test_pairs_come_as_often_as_their_probability_says_and_sides_evenly() -> None:
    candidates, rounds = candidates_of([5.0, 3.0, 1.0, 0.5]), 40_000
    chance = random.Random(20260914)
    draws = [draw_battle(candidates, chance=chance) for _round in range(rounds)]
    seen = Counter(pair_of(draw) for draw in draws)
    for pair, probability in pair_probabilities(candidates).items():
        # Five standard deviations: a fair draw leaves them once in two million runs, and the seed is fixed anyway.
        allowed = 5 * (rounds * probability * (1 - probability)) ** 0.5
        assert abs(seen[pair] - rounds * probability) < allowed, pair
        lower = min(pair)
        left = sum(draw.left.model_id == lower for draw in draws if pair_of(draw) == pair)
        assert abs(left - seen[pair] / 2) < 5 * (seen[pair] / 4) ** 0.5, pair


def test_a_models_endpoints_share_its_battles_by_weight() -> None:
    stands = (Stand(endpoint_id=1, weight=3.0), Stand(endpoint_id=2, weight=1.0), Stand(endpoint_id=3, weight=0.0))
    candidates = [
        Candidate(model_id=1, organization_id=1, stands=stands),
        Candidate(model_id=2, organization_id=2, stands=(Stand(endpoint_id=9, weight=4.0),)),
    ]
    chance = random.Random(5)
    used: Counter[int] = Counter()
    for _round in range(8_000):
        draw = draw_battle(candidates, chance=chance)
        used[(draw.left if draw.left.model_id == 1 else draw.right).endpoint_id] += 1
    assert used[3] == 0
    assert 0.72 < used[1] / 8_000 < 0.78


@pytest.mark.parametrize("given_weights", [[], [1.0], [1.0, 0.0]])
def test_a_battle_needs_two_models(given_weights: list[float]) -> None:
    with pytest.raises(TooFewModels):
        draw_battle(candidates_of(given_weights), chance=random.Random(1))


class Extreme:
    """A chance that always gives the same number."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


@given(weights, st.sampled_from([0.0, 0.999999999999999944]))
def test_the_ends_of_chance_still_draw_somebody(given_weights: list[float], number: float) -> None:
    draw = draw_battle(candidates_of(given_weights), chance=Extreme(number))
    assert len(pair_of(draw)) == 2


def test_barred_makers_are_left_out_before_the_draw() -> None:
    left = without_makers(candidates_of([1.0] * 9), {0, 2})
    assert {candidate.organization_id for candidate in left} == {1}
