"""From p-values to flags: taste is allowed for, and so is the number of voters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.integrity.domain.calibration import surviving, taste, tempered


def test_taste_is_measured_although_some_cheat() -> None:
    rng = np.random.default_rng(4)
    votes = rng.integers(30, 300, 4000)
    statistics = rng.normal(0, np.sqrt(1 + 0.02 * votes))
    statistics[:120] = 25.0
    assert taste(statistics.tolist(), votes.tolist()) == pytest.approx(0.02, rel=0.2)


def test_where_nobody_differs_there_is_no_taste() -> None:
    rng = np.random.default_rng(5)
    assert taste(rng.normal(0, 0.9, 500).tolist(), [100] * 500) == 0.0
    assert taste([], []) == 0.0


def test_taste_makes_a_statistic_less_unusual_and_never_more() -> None:
    plain, allowed = tempered(-4.0, 100, 0.0), tempered(-4.0, 100, 0.03)
    assert plain == pytest.approx(6.334e-5, rel=1e-3)
    assert allowed == pytest.approx(0.0455, rel=1e-2)


def test_the_example_of_benjamini_and_hochberg() -> None:
    # Table 1 of their article of 1995: at 5 % four of fifteen survive, the largest being .0095.
    p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    ]  # fmt: skip
    shuffled = np.random.default_rng(1).permutation(15)
    survives = surviving([p_values[place] for place in shuffled], rate=0.05)
    assert sorted(p_values[place] for place in shuffled[survives]) == p_values[:4]


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.0001, 0.2))
def test_whoever_is_less_usual_than_a_survivor_survives(p_values: list[float], rate: float) -> None:
    survives = surviving(p_values, rate=rate)
    assert len(survives) == len(p_values)
    for p_value, is_flagged in zip(p_values, survives, strict=True):
        assert not is_flagged or p_value <= rate
        if is_flagged:
            assert all(flag for other, flag in zip(p_values, survives, strict=True) if other <= p_value)
