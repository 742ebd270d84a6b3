"""The weight cap: nobody holds more than the share, and only numbers of votes decide."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.votes import Outcome
from apps.rankings.domain.weights import CapTooLow, capped, effective_number
from tests.rankings.domain.boards import plain, world

AMOUNTS = st.lists(st.integers(1, 5000), min_size=1, max_size=60)


@given(AMOUNTS, st.floats(0.001, 1.0))
def test_the_factors_are_the_fixed_point(amounts: list[int], cap: float) -> None:
    n = np.array(amounts, float)
    if cap * len(n) < 1 - 1e-9:
        with pytest.raises(CapTooLow):
            capped(n, cap)
        return
    factors = capped(n, max(cap, 1 / len(n)))
    total = float((factors * n).sum())
    assert total > 0
    np.testing.assert_allclose(factors, np.minimum(1.0, max(cap, 1 / len(n)) * total / n), rtol=1e-9)


@given(AMOUNTS)
def test_a_cap_of_everybodys_share_makes_all_equal(amounts: list[int]) -> None:
    n = np.array(amounts, float)
    np.testing.assert_allclose(capped(n, 1 / len(n)) * n, n.min(), rtol=1e-9)


def test_somebody_without_votes_is_not_counted() -> None:
    assert capped(np.array([10.0, 0.0, 10.0]), 0.5).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(CapTooLow):
        capped(np.array([10.0, 0.0, 10.0]), 0.4)
    assert effective_number(np.array([10.0, 0.0, 10.0])) == 2.0
    assert effective_number(np.zeros(3)) == 0.0


def test_mallory_votes_a_hundred_times_and_weighs_as_much_as_the_cap() -> None:
    votes = world(7, votes=600, models=4, contributors=60)
    assert votes.contributor is not None
    swamped = replace(
        votes,
        model_a=np.append(votes.model_a, np.zeros(300, np.int32)),
        model_b=np.append(votes.model_b, np.full(300, 3, np.int32)),
        outcome=np.append(votes.outcome, np.full(300, Outcome.A, np.int8)),
        contributor=np.append(votes.contributor, np.full(300, 60, np.int32)),
        contributors=61,
        position=None,
    )
    honest = fit_board(votes, plain()).of("model a").rating
    attacked = fit_board(swamped, plain()).of("model a").rating
    held = fit_board(swamped, plain(cap=0.02))
    assert attacked - honest > 5 * abs(held.of("model a").rating - honest)
    weight = held.parameters["weight"]
    assert isinstance(weight, float)
    assert weight < 700, "Of 900 votes hardly more than the honest ones count in full."


def test_the_cap_looks_at_how_much_and_never_at_what() -> None:
    votes = world(8, uneven=True)
    assert votes.contributor is not None
    turned = replace(votes, outcome=np.where(votes.outcome < 2, 1 - votes.outcome, votes.outcome).astype(np.int8))
    one, other = fit_board(votes, plain(cap=0.05)), fit_board(turned, plain(cap=0.05))
    assert one.parameters["weight"] == other.parameters["weight"]
    assert one.parameters["weight"] != float(len(votes))
