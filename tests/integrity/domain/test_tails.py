"""Tails of sums: right where they can be counted out, and right far out where plain draws see nothing."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.integrity.domain.tails import NOTHING_TO_TELL, TwoValued, rough_tail, tails_of

chances = st.lists(st.floats(0.02, 0.98), min_size=2, max_size=9)


def counted_out(parts: TwoValued, seen: float) -> tuple[float, float]:
    """Add up the chances of every outcome at or below, and at or above, what was seen."""
    lower = upper = 0.0
    for which in itertools.product([True, False], repeat=len(parts.chance)):
        chosen = np.array(which)
        total = float(np.where(chosen, parts.first, parts.second).sum())
        chance = float(np.where(chosen, parts.chance, 1 - parts.chance).prod())
        lower += chance if total <= seen + 1e-9 else 0
        upper += chance if total >= seen - 1e-9 else 0
    return lower, upper


@given(chances, st.data())
@settings(max_examples=60, deadline=None)
def test_the_smaller_tail_is_the_one_counted_out(given_chances: list[float], data: st.DataObject) -> None:
    chance = np.array(given_chances)
    parts = TwoValued(first=np.log(chance), second=np.log1p(-chance), chance=chance)
    which = np.array(data.draw(st.lists(st.booleans(), min_size=len(chance), max_size=len(chance))))
    seen = float(np.where(which, parts.first, parts.second).sum())
    if parts.variance < 1e-3:
        return
    lower, upper = counted_out(parts, seen)
    found = tails_of(parts, seen, draws=20_000, rng=np.random.default_rng(1))
    told = found.lower if seen <= parts.mean else found.upper
    truth = lower if seen <= parts.mean else upper
    assert told == pytest.approx(truth, rel=0.15, abs=1e-12)


def test_sixty_times_the_same_side_has_the_chance_of_sixty_coins() -> None:
    parts = TwoValued(first=np.ones(60), second=np.zeros(60), chance=np.full(60, 0.5))
    found = tails_of(parts, 60.0, draws=20_000, rng=np.random.default_rng(1))
    assert found.upper == pytest.approx(2.0**-60, rel=0.05)
    assert not found.is_low
    assert found.two_sided == 2 * found.upper


def test_a_tail_far_out_is_told_to_a_few_per_cent() -> None:
    parts = TwoValued(first=np.ones(200), second=np.zeros(200), chance=np.full(200, 0.5))
    truth = sum(math.comb(200, k) for k in range(58)) / 2**200
    found = tails_of(parts, 57.0, draws=20_000, rng=np.random.default_rng(2))
    assert truth < 1e-9
    assert found.lower == pytest.approx(truth, rel=0.05)
    assert found.is_low


def test_coins_that_say_nothing_are_never_unusual() -> None:
    # With equal models every vote is as likely as the other, so the likelihood cannot tell anything.
    even = np.full(40, 0.5)
    parts = TwoValued(first=np.log(even), second=np.log1p(-even), chance=even)
    assert tails_of(parts, float(parts.first.sum()), draws=100, rng=np.random.default_rng(1)) is NOTHING_TO_TELL
    assert rough_tail(parts, float(parts.first.sum())) == 1.0


def test_the_same_seed_gives_the_same_tail() -> None:
    chance = np.linspace(0.2, 0.9, 50)
    parts = TwoValued(first=np.log(chance), second=np.log1p(-chance), chance=chance)
    seen = float(parts.second.sum())
    tails = [tails_of(parts, seen, draws=500, rng=np.random.default_rng(9)) for _ in range(2)]
    assert tails[0] == tails[1]
