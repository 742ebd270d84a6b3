"""No network above a quarter, no contributor above their cap, and as much of everybody's weight kept as that allows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.network_cap import held, under_caps
from apps.rankings.domain.votes import Outcome
from apps.rankings.domain.weights import CapTooLow, capped
from tests.rankings.domain.boards import plain, world

PEOPLE = st.lists(st.tuples(st.integers(1, 3000), st.integers(-1, 7)), min_size=1, max_size=50)


@settings(max_examples=50, deadline=None)
@given(PEOPLE, st.sampled_from([None, 0.02, 0.1, 0.5]), st.sampled_from([0.1, 0.25, 0.5]))
def test_the_factors_are_the_largest_fixed_point(people: list[tuple[int, int]], cap: float | None, q: float) -> None:
    n = np.array([amount for amount, _ in people], float)
    networks = np.array([network for _, network in people], np.int32)
    c = 1.0 if cap is None else cap

    def together(total: float) -> tuple[np.ndarray, float]:
        own = np.minimum(n, c * total)
        y = np.bincount(networks[networks >= 0], own[networks >= 0], 8)
        scale = np.divide(np.minimum(y, q * total), y, out=np.ones(8), where=y > 0)
        own = np.where(networks >= 0, own * scale[networks], own)
        return own, float(own.sum())

    # Bisection for the largest total that the caps leave unchanged; the sum is concave in it.
    low, high = 0.0, float(n.sum())
    if together(high)[1] < high:
        slopes = np.geomspace(1e-7, 1, 60) * high
        fits = [total for total in slopes if together(float(total))[1] >= total * (1 - 1e-12)]
        if not fits or max(fits) < 1e-6 * high:
            with pytest.raises(CapTooLow):
                held(n, networks, cap=cap, network_cap=q)
            return
        low = max(fits)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if together(middle)[1] >= middle * (1 - 1e-13) else (low, middle)
    found = held(n, networks, cap=cap, network_cap=q)
    assert found.total == pytest.approx(high, rel=1e-6)
    np.testing.assert_allclose(found.factors * n, together(found.total)[0], rtol=1e-6)
    assert (found.factors * n).sum() == pytest.approx(found.total, rel=1e-9)
    y = np.bincount(networks[networks >= 0], (found.factors * n)[networks >= 0], 8)
    assert y.max(initial=0) <= q * found.total * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=10, max_size=60))
def test_without_networks_it_is_the_contributors_cap(amounts: list[int]) -> None:
    n = np.array(amounts, float)
    nobody = np.full(len(n), -1, np.int32)
    np.testing.assert_allclose(held(n, nobody, cap=0.1).factors, capped(n, 0.1), rtol=1e-9)


def test_one_network_alone_cannot_make_a_board() -> None:
    with pytest.raises(CapTooLow, match="4 networks or people of none"):
        held(np.ones(100), np.zeros(100, np.int32), cap=0.02)
    with pytest.raises(CapTooLow):
        held(np.ones(90), (np.arange(90) % 3).astype(np.int32), cap=None)
    even = held(np.ones(100), (np.arange(100) % 4).astype(np.int32), cap=0.02)
    assert even.factors.tolist() == [1.0] * 100


def test_a_large_network_is_brought_down_to_a_quarter_of_what_is_left() -> None:
    networks = np.array([0] * 60 + list(range(1, 41)), np.int32)
    found = held(np.ones(100), networks, cap=None)
    assert found.networks.tolist() == [True] + [False] * 40
    assert found.total == pytest.approx(40 / 0.75)
    assert found.factors[0] == pytest.approx(found.total * 0.25 / 60)
    assert found.factors[60:].tolist() == [1.0] * 40


def test_a_network_that_votes_as_one_moves_a_board_by_no_more_than_its_quarter() -> None:
    votes = world(7, votes=600, models=4, contributors=120)
    assert votes.contributor is not None
    # Two thirds of the people belong to one network, and all of it says that model d is better than model a.
    of_one = np.asarray(votes.contributor) < 80
    networks = np.where(np.arange(120) < 80, 0, 1 + np.arange(120) % 8).astype(np.int32)
    turned = replace(
        votes,
        model_a=np.where(of_one, 0, votes.model_a),
        model_b=np.where(of_one, 3, votes.model_b),
        outcome=np.where(of_one, Outcome.B, votes.outcome),
        position=None,
    )
    free = fit_board(turned, plain(cap=0.02))
    bound = under_caps(turned, networks, cap=0.02)
    fitted = fit_board(bound, plain())
    assert bound.weights is not None
    amounts = np.bincount(np.asarray(bound.contributor), bound.weights, 120)
    assert amounts[:80].sum() == pytest.approx(0.25 * amounts.sum())
    assert amounts.max() <= 0.02 * amounts.sum() * (1 + 1e-9)
    gap = (fitted.of("model d").rating - fitted.of("model a").rating) / 1e6
    assert gap < 0.6 * (free.of("model d").rating - free.of("model a").rating) / 1e6
    effective = fitted.parameters["effective_number"]
    assert effective == pytest.approx(amounts.sum() ** 2 / (amounts**2).sum(), rel=1e-4), "The sandwich weighs alike."


def test_it_looks_at_how_much_and_never_at_what() -> None:
    votes = world(8, uneven=True)
    networks = (np.arange(40) % 5).astype(np.int32)
    turned = replace(votes, outcome=np.where(votes.outcome < 2, 1 - votes.outcome, votes.outcome).astype(np.int8))
    one, other = (under_caps(each, networks, cap=0.05).weights for each in (votes, turned))
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    loose = under_caps(votes, np.full(40, -1, np.int32), cap=None)
    assert loose.weights is None
    with pytest.raises(CapTooLow, match="who voted"):
        under_caps(replace(votes, contributor=None), networks, cap=0.05)


def test_votes_of_nobody_known_and_rows_for_several_votes() -> None:
    votes = world(8, votes=100, contributors=10)
    assert votes.contributor is not None
    some = replace(votes, contributor=np.where(np.arange(100) < 20, -1, votes.contributor), counts=np.full(100, 3))
    networks = (np.arange(10) % 5).astype(np.int32)
    found = under_caps(some, networks, cap=0.15)
    assert len(found) == 80
    assert found.weights is not None
    amounts = np.bincount(np.asarray(found.contributor), found.weights * 3, 10)
    assert amounts.max() <= 0.15 * amounts.sum() * (1 + 1e-9)
    assert held(np.zeros(3), np.zeros(3, np.int32), cap=0.1).factors.tolist() == [1.0, 1.0, 1.0]
