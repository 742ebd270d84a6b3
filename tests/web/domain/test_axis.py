"""The axis fits its data, and a reader can count on its ticks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.web.domain.axis import Axis

SCORES = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


def test_ticks_of_a_board_are_round_and_inside_it() -> None:
    axis = Axis.fitting([1012 - 14, 1187 + 14])
    assert axis.ticks == (1000.0, 1050.0, 1100.0, 1150.0, 1200.0)
    assert axis.decimals == 0


def test_the_ends_of_the_data_are_not_the_ends_of_the_axis() -> None:
    axis = Axis.fitting([900.0, 1300.0])
    assert 0.0 < axis.share(900.0) < 10.0
    assert 90.0 < axis.share(1300.0) < 100.0


def test_small_steps_keep_the_decimals_that_tell_them_apart() -> None:
    axis = Axis.fitting([0.1, 0.3])
    assert axis.ticks == (0.1, 0.15, 0.2, 0.25, 0.3)
    assert axis.decimals == 2


def test_no_model_at_all_still_gives_an_axis() -> None:
    axis = Axis.fitting([])
    assert axis.ticks == ()
    assert axis.share(0.5) == 50.0


def test_a_single_score_stands_in_the_middle() -> None:
    assert Axis.fitting([1000.0, 1000.0]).share(1000.0) == pytest.approx(50.0)
    assert Axis.fitting([0.0]).share(0.0) == pytest.approx(50.0)


def test_scores_that_differ_by_nothing_anyone_could_see_still_get_an_axis() -> None:
    axis = Axis.fitting([0.0, 5e-324])
    assert axis.start < 0.0 < axis.end


def test_what_lies_outside_is_cut_at_the_edge() -> None:
    axis = Axis.fitting([0.0, 100.0])
    assert axis.share(-1e9) == 0.0
    assert axis.share(1e9) == 100.0


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, 1e300])
def test_a_broken_score_is_refused_instead_of_flattening_the_others(broken: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Axis.fitting([1000.0, broken])


def test_an_axis_that_runs_backwards_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="smaller to a larger"):
        Axis(2.0, 1.0)


@given(st.lists(SCORES, min_size=1, max_size=30))
def test_every_score_keeps_its_place_and_its_order(scores: list[float]) -> None:
    axis = Axis.fitting(scores)
    assert all(axis.start < score < axis.end for score in scores)
    shares = [axis.share(score) for score in sorted(scores)]
    assert shares == sorted(shares)
    assert list(axis.ticks) == sorted(set(axis.ticks))
    assert all(axis.start <= tick <= axis.end for tick in axis.ticks)
    # Few enough that their numbers do not touch, whatever the data.
    assert len(axis.ticks) <= 7


@given(SCORES, st.floats(min_value=0.01, max_value=1e5))
def test_an_interval_is_never_without_a_tick_near_it(lowest: float, width: float) -> None:
    assert len(Axis.fitting([lowest, lowest + width]).ticks) >= 2
