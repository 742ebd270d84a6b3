"""Votes summed in blocks: any threads, any cut into partitions and any layout in memory give the same bits."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.rankings.domain import design, passes, scores
from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.fit import fit_board, fit_partitions
from apps.rankings.domain.kernels import chosen_kernels, numpy_kernels
from apps.rankings.domain.method import FitMethod, Intervals
from apps.rankings.domain.votes import MalformedVotes, Votes
from tests.rankings.domain.boards import plain, world

KINDS = [Intervals.HC0, Intervals.CR1, Intervals.CV3]


def in_parts(votes: Votes, cuts: list[int]) -> Iterator[Votes]:
    """Cut votes where told; some parts may be empty."""
    edges = [0, *sorted(cut % (len(votes) + 1) for cut in cuts), len(votes)]
    return (votes.take(np.arange(begin, end)) for begin, end in pairwise(edges))


def same_bits(one: BoardResult, other: BoardResult) -> None:
    assert one == other
    if one.evidence is not None and other.evidence is not None:
        for name in ("theta", "beta", "gradient", "hessian", "middle", "covariance"):
            np.testing.assert_array_equal(getattr(one.evidence, name), getattr(other.evidence, name))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 10_000),
    st.integers(0, 2),
    st.sampled_from(KINDS),
    st.lists(st.integers(0, 10_000), max_size=5),
    st.booleans(),
)
def test_any_cut_into_partitions_gives_the_same_bits(
    seed: int, style: int, kind: Intervals, cuts: list[int], capped: bool
) -> None:
    votes = world(seed, votes=300, style=style, uneven=True)
    if style and votes.style is not None:
        spoiled = votes.style.copy()
        spoiled[seed % 300, 0] = np.nan
        votes = replace(votes, style=spoiled)
    method = plain(intervals=kind, style=votes.style_names, cap=0.2 if capped else None)
    same_bits(fit_partitions(lambda: in_parts(votes, cuts), method), fit_board(votes, method))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 512 votes, and samples from 2048 votes on: a small board goes every large one's way."""
    for module in (design, scores):
        if hasattr(module, "BLOCK"):
            monkeypatch.setattr(module, "BLOCK", 512)
    monkeypatch.setattr("apps.rankings.domain.tally.BLOCK", 512)
    monkeypatch.setattr("apps.rankings.domain.estimate._SAMPLED", 2048)
    monkeypatch.setattr(scores, "GROUPS", 7)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", [0, 3])
def test_a_board_of_many_blocks(kind: Intervals, style: int, monkeypatch: pytest.MonkeyPatch) -> None:
    votes = world(7, votes=6000, models=8, contributors=60, style=style)
    method = plain(intervals=kind, style=votes.style_names)
    monkeypatch.setattr(passes, "threads", lambda: 1)
    expected = fit_board(votes, method)
    # Neither the number of threads changes a bit, nor cuts within blocks, nor several passes over the contributors.
    monkeypatch.setattr(passes, "threads", lambda: 3)
    same_bits(fit_board(votes, method), expected)
    same_bits(fit_partitions(lambda: in_parts(votes, [100, 512, 3333]), method), expected)
    monkeypatch.setattr(scores, "_BYTES", 8 * 8 * 7)
    monkeypatch.setattr(scores, "_BYTES_A_VOTE", 0)
    assert fit_board(votes, method).models == expected.models
    # One block for all of them adds in another order: the published integers stay.
    monkeypatch.undo()
    assert fit_board(votes, method).models == expected.models
    assert fit_board(votes, method, kernels=numpy_kernels()).models == expected.models


def test_it_does_not_matter_how_the_style_lies_in_memory() -> None:
    votes = world(3, style=2)
    assert votes.style is not None
    wide = np.zeros((len(votes), 5))
    wide[:, [1, 3]] = votes.style
    method = plain(style=votes.style_names)
    expected = fit_board(votes, method)
    for layout in (np.asfortranarray(votes.style), wide[:, 1:4:2], votes.style[::-1].copy()[::-1]):
        same_bits(fit_board(replace(votes, style=layout), method), expected)


def test_columns_that_cannot_be_written_compile_nothing() -> None:
    votes = world(3, style=1)
    columns = {}
    for name in ("model_a", "model_b", "outcome", "contributor", "position", "style"):
        column = getattr(votes, name).copy()
        column.flags.writeable = False
        columns[name] = column
    method = plain(style=votes.style_names)
    expected = fit_board(votes, method)
    loops = [getattr(chosen_kernels(), name) for name in ("encode", "newton_block", "climb", "meet", "add_scores")]
    before = [len(loop.signatures) for loop in loops]
    same_bits(fit_board(replace(votes, **columns), method), expected)
    assert [len(loop.signatures) for loop in loops] == before


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_style_values_of_any_size_give_the_same_board(size: float) -> None:
    votes = world(4, style=1)
    assert votes.style is not None
    found = fit_board(replace(votes, style=votes.style * size), plain(style=votes.style_names))
    expected = fit_board(votes, plain(style=votes.style_names))
    for line in expected.models:
        assert found.of(line.model).rating == pytest.approx(line.rating, abs=1)
    assert found.style[0].scale == pytest.approx(expected.style[0].scale * size)


def test_no_partition_at_all_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(MalformedVotes, match="no part"):
        fit_partitions(lambda: iter(()), FitMethod())
    assert not fit_partitions(lambda: iter([world(1, votes=0)]), FitMethod())
