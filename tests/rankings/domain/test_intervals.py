"""Clustered intervals: the jackknife against dense algebra, the rule that chooses, and the honest silences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.intervals import choose
from apps.rankings.domain.kernels import Kernels, chosen_kernels, numpy_kernels
from apps.rankings.domain.method import MICRO, POINTS, FitMethod, Intervals
from apps.rankings.domain.votes import Votes
from tests.rankings.domain.boards import design_of, plain, votes_of, world


def jackknife_by_hand(votes: Votes, point: np.ndarray) -> np.ndarray:
    """Return CV3's covariance at ``point`` from dense pseudo-inverses, one contributor after the other."""
    x, score, who = design_of(votes)
    chance = 1 / (1 + np.exp(-(x @ point)))
    information = (x * (chance * (1 - chance))[:, None]).T @ x
    total = np.zeros_like(information)
    people = np.unique(who)
    for person in people:
        mine = x[who == person]
        p = chance[who == person]
        rest = information - (mine * (p * (1 - p))[:, None]).T @ mine
        step = np.linalg.pinv(rest, rcond=1e-10) @ (mine.T @ (score[who == person] - p))
        total += np.outer(step, step)
    covariance: np.ndarray = total * (len(people) - 1) / len(people)
    return covariance


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 2),
    # A few contributors with many votes each, then many with few: the two ways of leaving one out.
    st.sampled_from([10, 200]),
    st.sampled_from([chosen_kernels, numpy_kernels]),
)
def test_the_jackknife_is_that_of_dense_algebra(seed: int, style: int, contributors: int, loops: object) -> None:
    votes = world(seed, votes=600, models=6, contributors=contributors, style=style)
    kernels = loops() if callable(loops) else None
    assert isinstance(kernels, Kernels)
    board = fit_board(votes, plain(intervals=Intervals.CV3, style=votes.style_names), kernels=kernels)
    assert board.evidence is not None
    expected = jackknife_by_hand(votes, np.concatenate([board.evidence.theta, board.evidence.beta]))
    np.testing.assert_allclose(board.evidence.covariance, expected, rtol=1e-7, atol=1e-12)
    n_eff = board.parameters["effective_number"]
    assert isinstance(n_eff, float)
    half = stdtrit(n_eff - 1, 0.975) * np.sqrt(expected[0, 0]) * POINTS
    line = board.of(votes.models[0])
    assert line.upper is not None
    assert (line.upper - line.rating) / MICRO == pytest.approx(half, rel=1e-5)


def test_the_rule_that_chooses() -> None:
    assert choose(None) is Intervals.HC0
    assert choose(np.ones(500)) is Intervals.CR1
    assert choose(np.ones(499)) is Intervals.CV3
    one_large = np.ones(600)
    one_large[0] = 20.0
    assert choose(one_large) is Intervals.CV3, "20 of 619 is more than 2 %."
    one_large[0] = 12.0
    assert choose(one_large) is Intervals.CR1
    absent = np.concatenate([np.ones(499), np.zeros(100)])
    assert choose(absent) is Intervals.CV3, "Somebody without a vote is no contributor."


@pytest.mark.parametrize("kind", [Intervals.AUTO, Intervals.CR1, Intervals.CV3])
def test_five_contributors_are_too_few_for_any_interval(kind: Intervals) -> None:
    board = fit_board(world(1, contributors=5), FitMethod(intervals=kind))
    assert board.models
    assert board.why_no_intervals is not None
    assert "contributors" in board.why_no_intervals
    assert {(line.lower, line.upper) for line in board.models} == {(None, None)}
    assert {(line.rank_low, line.rank_high) for line in board.models} == {(1, 5)}


def test_one_loud_contributor_among_many_leaves_few_effective_ones() -> None:
    votes = world(1, votes=600, contributors=40)
    assert votes.contributor is not None
    loud = replace(votes, contributor=np.where(np.arange(600) < 400, 0, votes.contributor))
    board = fit_board(loud, FitMethod())
    assert board.contributors > 30
    assert board.why_no_intervals is not None
    capped = fit_board(loud, FitMethod(cap=0.05))
    assert capped.why_no_intervals is None, "With the cap nobody weighs that much."


def test_votes_without_contributors_are_taken_one_by_one_and_the_board_says_so() -> None:
    votes = replace(world(1), contributor=None, contributors=0)
    asked_for_more = fit_board(votes, plain(intervals=Intervals.CR1))
    assert asked_for_more.parameters["intervals"] == "hc0"
    assert any("Contributors are unknown" in note for note in asked_for_more.notes)
    assert fit_board(votes, plain(intervals=Intervals.AUTO)).parameters["intervals"] == "hc0"


def test_votes_of_nobody_known_are_left_out_where_contributors_matter() -> None:
    votes = world(1)
    assert votes.contributor is not None
    anonymous = replace(votes, contributor=np.where(np.arange(len(votes)) < 30, -1, votes.contributor))
    assert fit_board(anonymous, plain(intervals=Intervals.CR1)).left_out == {"no-contributor": 30}
    counted = fit_board(anonymous, plain(intervals=Intervals.HC0))
    assert counted.left_out == {}
    assert counted.votes == len(votes)


def around(*pairs: str, people: int = 9) -> list[str]:
    """Let each of some people say every pair, and every third of them the other way round each time."""
    turn = str.maketrans("<>", "><")
    return [
        f"p{person}: {pair.translate(turn) if (person + place) % 3 == 0 else pair}"
        for person in range(people)
        for place, pair in enumerate(pairs)
    ]


@pytest.mark.parametrize("kind", [Intervals.CR1, Intervals.CV3])
def test_a_model_that_only_one_person_ever_judged_has_no_interval(kind: Intervals) -> None:
    crowd = around("x > y", "y > x", "y > z", "z > y", "x > z")
    board = fit_board(votes_of(*crowd, "mallory: new > x", "mallory: y > new"), FitMethod(intervals=kind))
    assert board.of("new").lower is None
    assert (board.of("new").rank_low, board.of("new").rank_high) == (1, 4)
    for model in ("x", "y", "z"):
        assert board.of(model).lower is not None
    assert any("new" in note for note in board.notes)
    seconded = votes_of(*crowd, "mallory: new > x", "mallory: y > new", "ada: new < z", "ada: new > y")
    assert fit_board(seconded, FitMethod(intervals=kind)).of("new").lower is not None


@pytest.mark.parametrize("kind", [Intervals.CR1, Intervals.CV3])
def test_a_bridge_that_one_person_built_carries_no_interval_for_the_smaller_bank(kind: Intervals) -> None:
    banks = around("a > b", "b > a", "b > c", "c > a") + around("x > y", "y > x")
    board = fit_board(votes_of(*banks, "mallory: a > x", "mallory: y > b"), FitMethod(intervals=kind))
    silent = {line.model for line in board.models if line.lower is None}
    assert silent == {"x", "y"}


def test_a_style_column_that_one_person_carries_has_no_interval_under_the_jackknife() -> None:
    votes = world(5, style=1)
    assert votes.contributor is not None
    assert votes.style is not None
    alone = replace(votes, style=np.where(votes.contributor[:, None] == 3, votes.style, 0.0))
    board = fit_board(alone, plain(intervals=Intervals.CV3, style=votes.style_names))
    effect = {effect.name: effect for effect in board.style}
    assert effect["style 0"].lower is None
    assert effect["position"].lower is not None
    assert all(line.lower is not None for line in board.models)
