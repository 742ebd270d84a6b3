"""Segments against the whole: shared contributors, scales, own preferences, and sentences after three nights."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtr

from apps.rankings.domain.comparing import (
    CannotCompare,
    Compared,
    Finding,
    Kind,
    Night,
    Statement,
    appearing,
    benjamini_hochberg,
    best_for,
    compare,
    findings,
    night_of,
)
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.influence import Influence, NoInfluence, influence
from apps.rankings.domain.method import POINTS, FitMethod, Intervals, Ties
from apps.rankings.domain.votes import Outcome, Votes
from tests.rankings.domain.boards import plain, votes_of, world
from tests.rankings.domain.sampled import written


def influence_of(votes: Votes, method: FitMethod) -> Influence:
    return influence(votes, fit_board(votes, method), method)


@pytest.mark.parametrize("kind", [Intervals.CR1, Intervals.CV3])
@pytest.mark.parametrize("case", ["plain", "capped", "counted", "without ties"])
def test_the_steps_of_all_contributors_make_the_board_s_covariance(kind: Intervals, case: str) -> None:
    votes = world(4, uneven=True, contributors=30)
    method = plain(intervals=kind)
    if case == "capped":
        method = replace(method, cap=0.06)
    if case == "without ties":
        method = replace(method, ties=Ties.DROP)
    if case == "counted":
        votes = replace(votes, counts=np.arange(len(votes)) % 3 + 1, weights=np.linspace(0.5, 2, len(votes)))
    board = fit_board(votes, method)
    assert board.evidence is not None
    own = influence(votes, board, method)
    np.testing.assert_allclose(own.covariance, board.evidence.covariance, rtol=1e-6, atol=1e-12)
    assert own.effective == pytest.approx(board.parameters["effective_number"], abs=1e-5)


def electorate(
    rng: np.random.Generator, *, people: int, each: int, strength: np.ndarray, taste: float = 0.2, first: int = 0
) -> dict[str, np.ndarray]:
    """Let people with tastes of their own vote on models of these strengths."""
    many, votes = len(strength), people * each
    who = np.repeat(np.arange(people), each)
    a = rng.integers(0, many, votes)
    b = (a + rng.integers(1, many, votes)) % many
    own = strength + rng.normal(size=(people, many)) * taste
    chance = 1 / (1 + np.exp(own[who, b] - own[who, a]))
    outcome = np.where(rng.random(votes) < chance, Outcome.A, Outcome.B)
    return {"model_a": a, "model_b": b, "outcome": outcome, "contributor": who + first}


def two_groups(seed: int, mine: np.ndarray, others: np.ndarray, *, people: int = 60) -> tuple[Votes, Votes]:
    """Return the votes of one segment, and of everybody: the segment and twice as many others."""
    rng = np.random.default_rng(seed)
    parts = [electorate(rng, people=people, each=30, strength=mine)]
    parts.append(electorate(rng, people=2 * people, each=30, strength=others, first=people))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    names = tuple(f"model {place}" for place in range(len(mine)))
    whole = written(names, **joined)
    return whole.take(np.asarray(whole.contributor) < people), whole


def compared(seed: int, mine: np.ndarray, others: np.ndarray, name: str = "language=pt") -> Compared:
    part, whole = two_groups(seed, mine, others)
    method = plain(intervals="auto")
    return compare(name, influence_of(part, method), influence_of(whole, method))


STRENGTH = np.array([0.8, 0.4, 0.1, -0.3, -1.0])


def test_a_segment_that_only_tells_the_answers_apart_better_differs_in_scale_alone() -> None:
    scales, tails = [], []
    for seed in range(25):
        one = compared(seed, 1.6 * STRENGTH, 0.8 * STRENGTH)
        assert float(one.delta.mean()) == pytest.approx(0, abs=1e-9)
        scales.append(one.scale)
        tails.append(one.p)
    # The whole is one third of the segment, so that its strengths are near 1.05 times these.
    assert np.mean(scales) == pytest.approx(1.55, abs=0.1)
    assert np.std(scales) < 2 * np.mean([one.scale_error for one in [compared(0, 1.6 * STRENGTH, 0.8 * STRENGTH)]])
    assert np.count_nonzero(np.array(tails) < 0.05) <= 4, "Without the scale nearly all of these would differ."
    one = compared(1, 1.6 * STRENGTH, 0.8 * STRENGTH)
    assert one.on_the_whole_s_scale(155.0) == pytest.approx(155.0 / one.scale)


def board_by_hand(theta: np.ndarray, error: float, *, first: int) -> Influence:
    """Make a board whose ratings err alike and apart: one person for each model moves it alone."""
    models = tuple(f"model {place}" for place in range(len(theta)))
    return Influence(
        models=models,
        known=models,
        theta=theta - theta.mean(),
        people=np.arange(first, first + len(theta), dtype=np.int32),
        steps=error * np.eye(len(theta)),
        effective=200.0,
    )


def test_with_equal_errors_on_both_sides_the_scale_is_that_of_orthogonal_regression() -> None:
    x, y = STRENGTH, 1.4 * STRENGTH + np.array([0.3, -0.4, 0.2, 0.1, -0.2])
    one = compare("x", board_by_hand(y, 0.2, first=0), board_by_hand(x, 0.2, first=50))
    xx, yy, xy = np.var(x), np.var(y), np.cov(x, y, bias=True)[0, 1]
    assert one.scale == pytest.approx((yy - xx + np.sqrt((yy - xx) ** 2 + 4 * xy**2)) / (2 * xy), rel=1e-5)
    left = y - y.mean() - one.scale * (x - x.mean())
    assert one.statistic == pytest.approx(float(left @ left) / (0.04 * (1 + one.scale**2)), rel=1e-6)
    assert np.trace(one.covariance) == pytest.approx(0.04 * (1 + one.scale**2) * 3, rel=1e-6)


def test_people_who_move_both_boards_cancel_out_of_the_difference() -> None:
    y = STRENGTH + np.array([0.3, -0.4, 0.2, 0.1, -0.2])
    shared = compare("x", board_by_hand(y, 0.2, first=0), board_by_hand(STRENGTH, 0.1, first=0))
    apart = 0.2 - shared.scale * 0.1
    assert np.trace(shared.covariance) == pytest.approx(3 * apart**2, rel=1e-6)


def test_tests_of_alike_segments_are_as_often_wrong_as_they_say() -> None:
    tails = np.array([compared(seed, STRENGTH, STRENGTH).p for seed in range(40)])
    assert np.count_nonzero(tails < 0.05) <= 6
    assert 0.3 < tails.mean() < 0.7, (
        "Contributors of the segment are in the whole as well; without that p would pile up."
    )


def test_a_preference_of_its_own_is_found_with_its_size() -> None:
    mine = STRENGTH + np.array([0.0, 0.0, 1.2, 0.0, 0.0])
    one = compared(3, mine, STRENGTH)
    assert one.p < 1e-4
    model, p, effect = best_for(one)
    assert model == "model 2"
    assert p < 0.01
    assert 60 < effect < 250
    found = findings([one])
    assert {(finding.statement.kind, finding.holds) for finding in found} == {
        (Kind.DIFFERS, True),
        (Kind.BEST_FOR, True),
    }


def test_the_best_everywhere_is_no_news_in_a_segment() -> None:
    one = compared(5, STRENGTH + np.array([0.6, 0, 0, 0, 0]), STRENGTH + np.array([0.6, 0, 0, 0, 0]))
    model, p, _ = best_for(one)
    assert model == "model 0"
    gaps = one.theta[0] - np.delete(one.theta, 0)
    assert gaps.min() * POINTS > 50, "It is first in the segment beyond doubt."
    assert p > 0.05


def test_a_favourite_that_is_not_surely_first_is_not_called_best() -> None:
    mine = STRENGTH + np.array([0.0, 0.0, 0.75, 0.0, 0.0])
    one = compared(6, mine, STRENGTH)
    spread = one.covariance[2, 2]
    assert stdtr(one.degrees, -one.delta[2] / np.sqrt(spread)) < 0.01, "It is liked more here than elsewhere."
    assert best_for(one)[1] > 0.05


def test_what_cannot_be_compared_is_refused_by_name() -> None:
    method = plain(intervals="auto")
    part, whole = two_groups(1, STRENGTH, STRENGTH)
    everything = influence_of(whole, method)
    with pytest.raises(CannotCompare, match="is the whole"):
        compare("everyone", everything, everything)
    two = part.take((part.model_a < 2) & (part.model_b < 2))
    with pytest.raises(CannotCompare, match="2 models"):
        compare("x", influence_of(two, method), everything)
    few = part.take(np.asarray(part.contributor) < 7)
    with pytest.raises(CannotCompare, match="too few"):
        compare("x", replace(influence_of(few, method), effective=3.9), everything)
    turned = replace(everything, theta=-everything.theta)
    with pytest.raises(CannotCompare, match="nothing in common"):
        compare("x", turned, influence_of(part, method))
    styled = world(1, style=1)
    with pytest.raises(NoInfluence):
        influence_of(styled, plain(style=styled.style_names))
    with pytest.raises(NoInfluence):
        influence_of(replace(whole, contributor=None), method)


def test_a_model_that_rests_on_one_person_is_not_compared() -> None:
    said = [f"p{person}: {pair}" for person in range(12) for pair in ("x > y", "y > x", "y > z", "z > x")]
    method = plain(intervals="cr1")
    own = influence_of(votes_of(*said, "mallory: new > x", "mallory: y > new"), method)
    assert own.models == ("new", "x", "y", "z")
    assert own.known == ("x", "y", "z")
    board = board_by_hand(STRENGTH, 0.2, first=0)
    unsure = replace(board_by_hand(STRENGTH[::-1], 0.2, first=50), known=board.models[1:])
    with pytest.raises(CannotCompare, match="nothing in common"):
        compare("x", unsure, board)
    fine = replace(unsure, theta=board.theta * 1.1 + 0.02 * np.arange(5) ** 2)
    assert compare("x", fine, board).models == board.models[1:]
    assert compare("x", board, fine).models == board.models[1:]


def test_benjamini_and_hochberg_s_own_example() -> None:
    # The fifteen p-values of their section 3.2; at 5 % four are rejected, where Bonferroni rejects three.
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    shuffled = np.random.default_rng(0).permutation(15)
    rejected = benjamini_hochberg(np.array(p)[shuffled], 0.05)
    assert sorted(np.array(p)[shuffled][rejected]) == p[:4]
    assert not benjamini_hochberg(np.array([]), 0.05).any()
    assert benjamini_hochberg(np.array([0.04, 0.05]), 0.05).all(), "The larger one carries the smaller one along."


def test_all_statements_of_a_snapshot_are_one_family() -> None:
    clear = compared(3, STRENGTH + np.array([0, 0, 1.2, 0, 0]), STRENGTH)
    weak = replace(clear, segment="country=BR", p=0.03, delta=clear.delta * 0.01)
    alone = {f.statement: f.holds for f in findings([clear, weak])}
    assert alone[Statement(kind=Kind.DIFFERS, segment="country=BR")]
    crowd = [replace(weak, segment=f"country={place}", p=0.9) for place in range(40)]
    among = {f.statement: f.holds for f in findings([clear, weak, *crowd])}
    assert not among[Statement(kind=Kind.DIFFERS, segment="country=BR")]


BEST = Statement(kind=Kind.BEST_FOR, segment="language=pt", model="model 2")


def night(*held: Statement, refreshed: bool = True) -> Night:
    made = [Finding(statement=statement, p=0.001, holds=True, effect=10.0) for statement in held]
    made.append(Finding(statement=replace(BEST, model="model 9"), p=0.5, holds=False, effect=1.0))
    return night_of(made, {"language=pt": refreshed})


def test_a_sentence_appears_after_three_nights_in_a_row() -> None:
    assert appearing([night(BEST), night(BEST)]) == []
    assert appearing([night(BEST), night(BEST), night(BEST)]) == [BEST]
    assert appearing([night(BEST), night(), night(BEST), night(BEST)]) == []
    assert appearing([night(BEST), night(BEST), night(BEST), night()]) == []
    other = replace(BEST, model="model 3")
    assert appearing([night(BEST), night(other), night(BEST)]) == []
    assert appearing([]) == []


def test_a_night_without_a_new_board_neither_counts_nor_breaks_the_row() -> None:
    stale = night(BEST, refreshed=False)
    assert appearing([night(BEST), stale, stale]) == []
    assert appearing([night(BEST), stale, night(BEST), stale, night(BEST)]) == [BEST]
    silent = night(refreshed=False)
    assert appearing([night(BEST), night(BEST), silent, night(BEST)]) == [BEST]
