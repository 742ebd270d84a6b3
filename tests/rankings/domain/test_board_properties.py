"""What may be done to the votes without changing the board, and what changes it in a known way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.kernels import chosen_kernels, numpy_kernels
from apps.rankings.domain.method import Anchor, FitMethod, Intervals, Ties
from apps.rankings.domain.votes import Outcome, Votes
from tests.rankings.domain.boards import plain, world

KINDS = st.sampled_from([Intervals.HC0, Intervals.CR1, Intervals.CV3, Intervals.AUTO])
SEEDS = st.integers(0, 10_000)
SWAPPED = np.array([Outcome.B, Outcome.A, Outcome.BOTH_GOOD, Outcome.BOTH_BAD], np.int8)

gently = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> Votes:
    """Draw a board, connected or not, with or without style."""
    return world(
        draw(SEEDS),
        votes=draw(st.integers(0, 300)),
        models=draw(st.integers(2, 6)),
        contributors=draw(st.integers(1, 30)),
        style=draw(st.integers(0, 2)),
        spread=draw(st.sampled_from([0.0, 0.5, 3.0])),
        uneven=draw(st.booleans()),
    )


def styled(votes: Votes, kind: Intervals, ties: Ties = Ties.HALF, draws: int = 0) -> FitMethod:
    return plain(intervals=kind, style=votes.style_names, ties=ties, draws=draws)


def assert_same(found: BoardResult, expected: BoardResult, *, names: dict[str, str] | None = None) -> None:
    """Compare what is published, with room for one last digit where sums were added in another order."""
    translate = names or {}
    assert len(found.models) == len(expected.models)
    for line in expected.models:
        other = found.of(translate.get(line.model, line.model))
        assert (other.votes, other.contributors) == (line.votes, line.contributors)
        for number, same in ((other.rating, line.rating), (other.lower, line.lower), (other.upper, line.upper)):
            assert (number is None) == (same is None)
            assert abs((number or 0) - (same or 0)) <= 1 + 1e-9 * abs(same or 0)
    assert {m.model: m.why for m in found.unranked} == {
        translate.get(m.model, m.model): m.why for m in expected.unranked
    }
    assert found.left_out == expected.left_out


@gently
@given(worlds(), KINDS, SEEDS)
def test_the_order_of_the_votes_does_not_matter(votes: Votes, kind: Intervals, seed: int) -> None:
    shuffled = votes.take(np.random.default_rng(seed).permutation(len(votes)))
    assert_same(fit_board(shuffled, styled(votes, kind)), fit_board(votes, styled(votes, kind)))


@gently
@given(worlds(), KINDS, SEEDS)
def test_names_do_not_matter(votes: Votes, kind: Intervals, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(votes.models)).astype(np.int32)
    new_names = {name: votes.models[order[place]] for place, name in enumerate(votes.models)}
    renamed = replace(votes, model_a=order[votes.model_a], model_b=order[votes.model_b])
    found, expected = fit_board(renamed, styled(votes, kind)), fit_board(votes, styled(votes, kind))
    if {line.model for line in found.models} != {new_names[line.model] for line in expected.models}:
        # Of two groups that never met, with as many models and votes each, only the alphabet can choose.
        assert len(found.models) == len(expected.models) < len(votes.models) - 1
        return
    assert_same(found, expected, names=new_names)


@gently
@given(worlds(), KINDS, SEEDS)
def test_the_way_a_vote_is_written_does_not_matter(votes: Votes, kind: Intervals, seed: int) -> None:
    turned = np.random.default_rng(seed).random(len(votes)) < 0.5
    assert votes.position is not None
    written_again = replace(
        votes,
        model_a=np.where(turned, votes.model_b, votes.model_a),
        model_b=np.where(turned, votes.model_a, votes.model_b),
        outcome=np.where(turned, SWAPPED[votes.outcome], votes.outcome),
        position=np.where(turned, -votes.position, votes.position),
        style=None if votes.style is None else np.where(turned[:, None], -votes.style, votes.style),
    )
    # Not only the published digits agree: every bit does.
    assert fit_board(written_again, styled(votes, kind)) == fit_board(votes, styled(votes, kind))


def test_turning_only_the_models_would_be_noticed() -> None:
    votes = world(3, style=1)
    wrong = replace(votes, model_a=votes.model_b, model_b=votes.model_a)
    assert fit_board(wrong, styled(votes, Intervals.CR1)) != fit_board(votes, styled(votes, Intervals.CR1))


@gently
@given(SEEDS, st.integers(0, 2))
def test_twice_as_many_people_halve_the_variance(seed: int, style: int) -> None:
    votes = world(seed, style=style)
    twice = votes.take(np.tile(np.arange(len(votes)), 2))
    assert votes.contributor is not None
    again = replace(
        twice,
        contributor=np.concatenate([votes.contributor, votes.contributor + votes.contributors]),
        contributors=2 * votes.contributors,
    )
    assert variances(again) == pytest.approx(variances(votes) / 2, rel=1e-6)


@gently
@given(SEEDS, st.integers(0, 2), st.sampled_from([Intervals.CR1, Intervals.CV3]))
def test_the_same_people_saying_it_twice_prove_nothing(seed: int, style: int, kind: Intervals) -> None:
    votes = world(seed, style=style)
    twice = votes.take(np.tile(np.arange(len(votes)), 2))
    assert variances(twice, kind) == pytest.approx(variances(votes, kind), rel=1e-6)


def variances(votes: Votes, kind: Intervals = Intervals.CR1) -> np.ndarray:
    """Return each model's variance before the small-sample correction."""
    board = fit_board(votes, styled(votes, kind))
    assert board.evidence is not None
    correction = board.parameters["correction"]
    assert isinstance(correction, float)
    return np.diag(board.evidence.covariance) / correction


@gently
@given(worlds(), KINDS, st.sampled_from(list(Ties)))
def test_both_sets_of_loops_publish_the_same(votes: Votes, kind: Intervals, ties: Ties) -> None:
    method = styled(votes, kind, ties, draws=99)
    compiled = fit_board(votes, method, kernels=chosen_kernels())
    assert compiled.kernels == "numba"
    assert_same(fit_board(votes, method, kernels=numpy_kernels()), compiled)


@gently
@given(SEEDS, st.integers(0, 1))
def test_a_count_stands_for_as_many_rows(seed: int, style: int) -> None:
    votes = world(seed, style=style)
    counts = np.random.default_rng(seed).integers(1, 4, len(votes))
    written_out = votes.take(np.repeat(np.arange(len(votes)), counts))
    for kind in (Intervals.HC0, Intervals.CR1):
        method = styled(votes, kind)
        assert_same(fit_board(replace(votes, counts=counts), method), fit_board(written_out, method))


@gently
@given(worlds(), KINDS, st.sampled_from([0, 199]))
def test_a_rank_lies_inside_its_spread(votes: Votes, kind: Intervals, draws: int) -> None:
    board = fit_board(votes, styled(votes, kind, draws=draws))
    for line in board.models:
        assert 1 <= line.rank_low <= line.rank <= line.rank_high <= len(board.models)
        if line.lower is not None and line.upper is not None:
            assert line.lower <= line.rating <= line.upper


@gently
@given(SEEDS, st.integers(0, 4))
def test_an_anchor_moves_the_board_and_no_distance(seed: int, place: int) -> None:
    votes = world(seed)
    free = fit_board(votes, plain())
    held = fit_board(votes, plain(anchor=Anchor(votes.models[place], 1200.0)))
    assert held.of(votes.models[place]).rating == 1_200_000_000
    shift = held.models[0].rating - free.models[0].rating
    for line in free.models:
        moved = held.of(line.model)
        assert moved.rating - line.rating == pytest.approx(shift, abs=2)
        assert (moved.upper or 0) - (moved.lower or 0) == pytest.approx((line.upper or 0) - (line.lower or 0), abs=2)
    assert sum(line.rating for line in free.models) == pytest.approx(1_000_000_000 * len(free.models), abs=5)
