"""Boards at the edge: every one gets a clear answer, never a traceback and never a number that is none."""

import json
from dataclasses import replace

import numpy as np
import pytest

from apps.rankings.domain.board import BoardResult, as_json
from apps.rankings.domain.fit import fit_board, fit_segments
from apps.rankings.domain.graph import WhyUnranked
from apps.rankings.domain.kernels import Kernels, chosen_kernels, numpy_kernels
from apps.rankings.domain.method import Anchor, FitMethod, Intervals, Ties
from apps.rankings.domain.table import board_text
from apps.rankings.domain.votes import MalformedVotes, Votes
from tests.rankings.domain.boards import plain, votes_of, world

EVERY_KIND = pytest.mark.parametrize("kind", [Intervals.AUTO, Intervals.HC0, Intervals.CR1, Intervals.CV3])


@pytest.fixture(params=["compiled", "numpy"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    return chosen_kernels() if request.param == "compiled" else numpy_kernels()


def clear(board: BoardResult) -> BoardResult:
    """Check that the board can be published and read; JSON without NaN, text without emptiness."""
    json.dumps(as_json(board), allow_nan=False)
    assert "nan" not in board_text(board, title="board", width=80).replace("finance", "").lower().split()
    assert bool(board.models) == (board.why_empty is None)
    return board


def reasons(board: BoardResult) -> dict[str, WhyUnranked]:
    return {model.model: model.why for model in board.unranked}


def none_of(*models: str) -> Votes:
    nothing = np.zeros(0, np.int32)
    return Votes(models=models, model_a=nothing, model_b=nothing, outcome=nothing.astype(np.int8))


@EVERY_KIND
def test_no_votes(kind: Intervals, kernels: Kernels) -> None:
    board = clear(fit_board(none_of("x", "y"), FitMethod(intervals=kind), kernels=kernels))
    assert board.why_empty == "No vote counts, so nothing can be ranked."
    assert reasons(board) == {"x": WhyUnranked.NO_VOTES, "y": WhyUnranked.NO_VOTES}
    assert not clear(fit_board(none_of(), FitMethod(intervals=kind), kernels=kernels))


@EVERY_KIND
def test_one_model(kind: Intervals, kernels: Kernels) -> None:
    assert clear(fit_board(none_of("x"), FitMethod(intervals=kind), kernels=kernels)).why_empty == (
        "One model alone has no rank."
    )


@EVERY_KIND
def test_two_models(kind: Intervals, kernels: Kernels) -> None:
    said = [f"p{person}: x {'>' if person % 3 else '<'} y" for person in range(30)]
    board = clear(fit_board(votes_of(*said), FitMethod(intervals=kind), kernels=kernels))
    # Two of three votes are odds of two: 400 log10(2) points apart, which two models share around the mean.
    assert board.of("x").rating == pytest.approx(1e9 + 200e6 * np.log10(2), abs=1)
    assert board.of("x").rating + board.of("y").rating == 2_000_000_000
    assert board.of("x").lower is not None


@EVERY_KIND
def test_two_models_of_which_one_always_wins(kind: Intervals, kernels: Kernels) -> None:
    said = [f"p{person}: x > y" for person in range(10)]
    board = clear(fit_board(votes_of(*said), FitMethod(intervals=kind), kernels=kernels))
    assert not board
    assert reasons(board) == {"x": WhyUnranked.ALWAYS_WINS, "y": WhyUnranked.ALWAYS_LOSES}


@EVERY_KIND
def test_the_invincible_the_hopeless_and_the_strangers_are_named(kind: Intervals, kernels: Kernels) -> None:
    said = [f"p{person}: {pair}" for person in range(8) for pair in ("x > y", "y > z", "z > x", "top > x", "y > last")]
    said += [f"p{person}: far {'><'[person % 2]} off" for person in range(8)]
    board = clear(fit_board(votes_of(*said, "p1: last > under"), FitMethod(intervals=kind), kernels=kernels))
    assert {line.model for line in board.models} == {"x", "y", "z"}
    assert reasons(board) == {
        "top": WhyUnranked.ALWAYS_WINS,
        "last": WhyUnranked.ALWAYS_LOSES,
        "under": WhyUnranked.ALWAYS_LOSES,
        "far": WhyUnranked.NOT_CONNECTED,
        "off": WhyUnranked.NOT_CONNECTED,
    }
    assert board.votes == 24
    assert board.left_out == {"model-not-ranked": 25}
    assert {line.rating for line in board.models} == {1_000_000_000}, "A circle of wins is a draw."


def test_a_tie_is_half_a_loss_and_makes_the_invincible_comparable() -> None:
    said = ["p1: x > y", "p2: x = y"]
    assert fit_board(votes_of(*said), FitMethod(ties=Ties.HALF))
    assert not fit_board(votes_of(*said), FitMethod(ties=Ties.DROP))
    both_bad = ["p1: x > y", "p2: x ~ y"]
    assert fit_board(votes_of(*both_bad), FitMethod(ties=Ties.HALF))
    assert fit_board(votes_of(*both_bad), FitMethod(ties=Ties.DROP_BOTH_BAD)).left_out == {"both-bad": 1}
    assert fit_board(votes_of(*both_bad), FitMethod(ties=Ties.DROP)).left_out == {"both-bad": 1}
    assert fit_board(votes_of(*said), FitMethod(ties=Ties.DROP)).left_out == {"tie": 1}


@EVERY_KIND
def test_all_ties(kind: Intervals, kernels: Kernels) -> None:
    said = [f"p{person}: {pair}" for person in range(10) for pair in ("x = y", "y ~ z", "x = z")]
    board = clear(fit_board(votes_of(*said), FitMethod(intervals=kind), kernels=kernels))
    assert {(line.rating, line.rank, line.rank_low, line.rank_high) for line in board.models} == {
        (1_000_000_000, 1, 1, 3)
    }
    assert board.why_no_intervals == "Every vote says the same, so nothing shows how much votes vary."
    dropped = clear(fit_board(votes_of(*said), FitMethod(intervals=kind, ties=Ties.DROP), kernels=kernels))
    assert not dropped
    assert dropped.left_out == {"tie": 20, "both-bad": 10}


@EVERY_KIND
def test_a_style_column_that_never_differs_is_dropped_by_name(kind: Intervals, kernels: Kernels) -> None:
    votes = world(2, style=1)
    constant = replace(votes, style=np.zeros((len(votes), 1)), position=None)
    board = clear(fit_board(constant, plain(style=("style 0",), intervals=kind), kernels=kernels))
    assert board.parameters["dropped_style"] == {"style 0": "constant: the same on both sides of every vote"}
    without = fit_board(replace(constant, style=None, style_names=()), plain(intervals=kind), kernels=kernels)
    assert [line.rating for line in board.models] == [line.rating for line in without.models]


@EVERY_KIND
def test_a_style_column_that_follows_from_others_is_dropped_by_name(kind: Intervals, kernels: Kernels) -> None:
    votes = world(2, style=2)
    assert votes.style is not None
    merit = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    of_models = merit[votes.model_a] - merit[votes.model_b]
    twin = replace(
        votes,
        style=np.column_stack([votes.style, 3 * votes.style[:, 0], of_models]),
        style_names=("first", "second", "twin", "of models"),
    )
    board = clear(fit_board(twin, plain(style=twin.style_names, intervals=kind), kernels=kernels))
    assert [effect.name for effect in board.style] == ["first", "second", "position"]
    dropped = board.parameters["dropped_style"]
    assert isinstance(dropped, dict)
    assert set(dropped) == {"twin", "of models"}
    assert any("twin" in note for note in board.notes)
    kept = fit_board(votes, plain(style=votes.style_names, intervals=kind), kernels=kernels)
    assert [line.rating for line in board.models] == pytest.approx([line.rating for line in kept.models], abs=1)


@EVERY_KIND
def test_values_that_are_no_numbers_cost_their_votes_and_nothing_else(kind: Intervals) -> None:
    votes = world(2, style=1)
    assert votes.style is not None
    spoiled = votes.style.copy()
    spoiled[:4, 0] = [np.nan, np.inf, -np.inf, np.nan]
    method = plain(style=votes.style_names, intervals=kind)
    board = clear(fit_board(replace(votes, style=spoiled), method))
    assert board.left_out == {"no-style-value": 4}
    assert [line.rating for line in board.models] == [
        line.rating for line in fit_board(votes.take(np.arange(4, len(votes))), method).models
    ]
    nothing_left = clear(fit_board(replace(votes, style=np.full_like(spoiled, np.nan)), method))
    assert not nothing_left


def test_a_style_column_that_decides_every_vote_has_no_finite_worth(kernels: Kernels) -> None:
    votes = world(2, style=1)
    decisive = np.array([1.0, -1.0, 0.0, 0.0])[votes.outcome][:, None]
    no_ties = votes.outcome < 2
    board = clear(
        fit_board(
            replace(votes, style=decisive, position=None).take(no_ties), plain(style=("style 0",)), kernels=kernels
        )
    )
    assert not board
    assert board.why_empty is not None
    assert "style 0" in board.why_empty


def test_an_anchor_that_is_not_ranked_leaves_the_mean_and_says_so() -> None:
    said = [f"p{person}: {pair}" for person in range(8) for pair in ("x > y", "y > x", "top > x")]
    board = clear(fit_board(votes_of(*said), FitMethod(anchor=Anchor("top"))))
    assert board.parameters["anchor_used"] is False
    assert any("top is not ranked" in note for note in board.notes)
    assert board.of("x").rating == 1_000_000_000


def test_a_cap_that_cannot_be_kept_shows_no_board() -> None:
    votes = world(1, contributors=10)
    assert clear(fit_board(votes, FitMethod(cap=0.1)))
    refused = clear(fit_board(votes, FitMethod(cap=0.09)))
    assert not refused
    assert refused.why_empty is not None
    assert "12 contributors" in refused.why_empty
    unknown = clear(fit_board(replace(votes, contributor=None), FitMethod(cap=0.1)))
    assert not unknown


def test_extreme_odds_settle() -> None:
    said = [f"p{vote % 50}: x > y" for vote in range(20_000)]
    board = clear(fit_board(votes_of(*said, "p1: y > x"), plain()))
    assert (board.of("x").rating - board.of("y").rating) / 1e6 == pytest.approx(400 * np.log10(20_000), abs=1e-5)


def test_segments_are_the_boards_of_their_votes() -> None:
    votes = world(4, votes=900, style=1)
    codes = np.random.default_rng(4).integers(-1, 3, len(votes)).astype(np.int32)
    method = plain(style=votes.style_names)
    boards = fit_segments(votes, codes, ("de", "en", "pt", "nobody"), method)
    assert list(boards) == ["de", "en", "pt", "nobody"]
    assert not clear(boards["nobody"])
    assert votes.style is not None
    scale = float(np.sqrt(np.mean(votes.style**2)))
    for place, name in enumerate(("de", "en", "pt")):
        alone = fit_board(votes.take(codes == place), replace(method, scales={"style 0": scale}))
        assert boards[name].votes == alone.votes
        assert [line.rating for line in boards[name].models] == pytest.approx(
            [line.rating for line in alone.models], abs=1
        )
        assert boards[name].style[0].scale == pytest.approx(scale)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"model_a": [0, 1]}, "shape"),
        ({"model_a": [0, 1, 9]}, "outside of models"),
        ({"model_a": [1, 2, 0]}, "against itself"),
        ({"outcome": [0, 1, 4]}, "outcome"),
        ({"weights": [1.0, -1.0, 1.0]}, "weight"),
        ({"weights": [1.0, np.nan, 1.0]}, "weight"),
        ({"counts": [1, 0, 1]}, "count"),
        ({"counts": [1.5, 1.0, 1.0]}, "counts"),
        ({"position": [1, 2, 1]}, "position"),
        ({"contributor": [0, 1, 2], "contributors": 2}, "contributor"),
        ({"style_names": ("length",)}, "style"),
        ({"models": ("x", "x", "y")}, "same name"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(changes: dict[str, object], complaint: str) -> None:
    fine: dict[str, object] = {
        "models": ("x", "y", "z"),
        "model_a": [0, 1, 2],
        "model_b": [1, 2, 0],
        "outcome": [0, 1, 2],
    }
    Votes(**fine)  # type: ignore[arg-type]
    arrays = {
        name: np.array(value) if isinstance(value, list) else value for name, value in {**fine, **changes}.items()
    }
    with pytest.raises(MalformedVotes, match=complaint):
        Votes(**arrays)  # type: ignore[arg-type]
