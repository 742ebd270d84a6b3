"""Length and time told together, on a scale that does not move."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import POINTS
from apps.rankings.domain.style_facts import FrozenScales, MalformedScales, NoJointTest, around_zero, told_together
from apps.rankings.domain.votes import Votes
from tests.rankings.domain.boards import design_of, plain, world
from tests.rankings.domain.sampled import written

BOTH = ("style 0", "style 1")
SPRING = {"first": date(2026, 1, 1), "last": date(2026, 3, 31)}


def alike(seed: int, *, contributors: int = 60, votes: int = 1500) -> Votes:
    """Draw votes whose two style columns rise and fall together."""
    made = world(seed, votes=votes, models=5, contributors=contributors, style=2)
    style = np.asarray(made.style).copy()
    style[:, 1] = 0.9 * style[:, 0] + 0.3 * style[:, 1]
    return replace(made, style=style)


def test_the_joint_test_is_the_clustered_wald_test_of_statsmodels() -> None:
    votes = alike(31)
    board = fit_board(votes, plain(style=BOTH))
    found = told_together(votes, board, BOTH)
    x, score, who = design_of(votes)
    fitted = sm.GLM(score, x[:, 1:], family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": who}, tol=1e-12
    )
    chosen = np.zeros((2, x.shape[1] - 1))
    chosen[0, 4] = chosen[1, 5] = 1
    wald = fitted.wald_test(chosen, scalar=True, use_f=False)
    assert found.statistic == pytest.approx(float(wald.statistic), rel=1e-6)
    assert found.p == pytest.approx(float(wald.pvalue), rel=1e-5)
    assert found.degrees is None
    assert found.coefficients == pytest.approx((POINTS * fitted.params[4:6]).tolist(), rel=1e-6)
    assert found.errors == pytest.approx((POINTS * fitted.bse[4:6]).tolist(), rel=1e-6)
    assert found.correlation > 0.8
    assert found.estimates_correlation < -0.8, "What one of them gains the other loses."


def test_few_contributors_make_the_test_more_careful() -> None:
    votes = alike(32, contributors=14, votes=500)
    careful = told_together(votes, fit_board(votes, plain(style=BOTH, intervals="cv3")), BOTH)
    assert careful.degrees is not None
    left = careful.degrees - 1
    rng = np.random.default_rng(0)
    draws = 400_000
    drawn = rng.chisquare(2, draws) / (rng.chisquare(left, draws) / careful.degrees)
    assert careful.p == pytest.approx(float(np.mean(drawn > careful.statistic)), abs=0.004)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_correlation_does_not_depend_on_which_model_a_vote_names_first(seed: int) -> None:
    votes = world(1, votes=60, style=2)
    style = np.asarray(votes.style) + 1.0
    signs = np.where(np.random.default_rng(seed).random(60) < 0.5, 1.0, -1.0)
    one, other = replace(votes, style=style), replace(votes, style=style * signs[:, None])
    assert around_zero(one, *BOTH) == pytest.approx(around_zero(other, *BOTH))


def test_correlations_count_votes_and_pass_over_unknown_values() -> None:
    columns = np.array([[1.0, 2.0], [1.0, -1.0], [np.nan, 5.0]])
    votes = written(("a", "b"), [0, 0, 0], [1, 1, 1], [0, 1, 0], style=columns, counts=[3, 1, 7])
    assert around_zero(votes, *BOTH) == pytest.approx((3 * 2 - 1) / np.sqrt(4 * (3 * 4 + 1)))
    assert around_zero(replace(votes, style=np.zeros((3, 2))), *BOTH) == 0.0


def test_what_cannot_be_tested_together_is_refused_by_name() -> None:
    votes = alike(33)
    with pytest.raises(NoJointTest, match="style 1"):
        told_together(votes, fit_board(votes, plain(style=("style 0",))), BOTH)
    with pytest.raises(NoJointTest, match="second"):
        told_together(votes, fit_board(votes, plain(style=BOTH)), ("style 0",))
    with pytest.raises(NoJointTest, match="not asked for"):
        told_together(votes, fit_board(votes, plain(style=BOTH, intervals="none")), BOTH)


def test_a_frozen_scale_is_a_root_mean_square_and_is_never_centred() -> None:
    votes = world(34, style=2)
    shifted = replace(votes, style=np.asarray(votes.style) + 10.0)
    frozen = FrozenScales.over(shifted, **SPRING)
    assert frozen.scales["style 0"] == pytest.approx(np.sqrt(np.mean(np.asarray(shifted.style)[:, 0] ** 2)))
    assert frozen.votes == len(votes)
    several = np.arange(len(votes)) % 4 + 1
    counted = FrozenScales.over(replace(votes, counts=several), **SPRING)
    spelled = FrozenScales.over(votes.take(np.repeat(np.arange(len(votes)), several)), **SPRING)
    assert counted.votes == spelled.votes == several.sum()
    assert counted.scales == pytest.approx(spelled.scales)
    gone = np.asarray(votes.style).copy()
    gone[:100, 0], gone[:, 1] = np.nan, 0.0
    some = FrozenScales.over(replace(votes, style=gone), **SPRING)
    assert some.scales == {"style 0": pytest.approx(np.sqrt(np.mean(gone[100:, 0] ** 2)))}


def test_a_coefficient_on_a_frozen_scale_means_the_same_in_every_segment() -> None:
    votes = world(35, votes=900, style=1)
    frozen = FrozenScales.over(votes, **SPRING)
    loud = replace(votes, style=np.asarray(votes.style) * 3)
    one, other = (fit_board(each, plain(style=("style 0",), scales=frozen.scales)) for each in (votes, loud))
    assert one.style[0].coefficient == pytest.approx(3 * other.style[0].coefficient, abs=3)
    adrift = fit_board(loud, plain(style=("style 0",)))
    assert adrift.style[0].coefficient == pytest.approx(one.style[0].coefficient, abs=3), "Its own scale hides it."


def test_frozen_scales_read_back_exactly() -> None:
    frozen = FrozenScales.over(world(36, style=2), **SPRING)
    assert FrozenScales.from_json(frozen.to_json()) == frozen
    with pytest.raises(MalformedScales, match="ends before"):
        FrozenScales.over(world(36), first=SPRING["last"], last=SPRING["first"])
    for text in ("", "[]", "{}", frozen.to_json().replace("2026-01-01", "2027-01-01")):
        with pytest.raises(MalformedScales):
            FrozenScales.from_json(text)
    with pytest.raises(MalformedScales, match="positive"):
        FrozenScales.from_json(frozen.to_json().replace('"style 0": 1', '"style 0": -1').replace(": 0.", ": -0."))
