"""Who beat whom, which battles ended without a vote, and who is missing."""

from dataclasses import replace

import numpy as np
import pytest

from apps.rankings.domain.comparison_facts import completion, coverage, head_to_head, pairs_of
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.membership import Column, coded
from apps.rankings.domain.network_cap import under_caps
from apps.rankings.domain.votes import Outcome
from tests.rankings.domain.boards import plain, votes_of, world
from tests.rankings.domain.sampled import written


def test_every_pair_is_counted_from_both_sides() -> None:
    votes = votes_of("ada: x > y", "bob: y > x", "ada: y < x", "eve: x = y", "ada: y ~ x", "bob: x < z")
    found = head_to_head(votes)
    assert found.models == ("x", "y", "z")
    assert found.counts[0, 1].tolist() == [2, 1, 1, 1]
    assert found.counts[1, 0].tolist() == [1, 2, 1, 1]
    assert found.counts[0, 2].tolist() == [0, 1, 0, 0]
    assert found.counts[2, 1].tolist() == [0, 0, 0, 0]
    assert found.contributors.tolist() == [[0, 3, 1], [3, 0, 0], [1, 0, 0]]
    np.testing.assert_array_equal(found.weighted, found.counts)


def test_the_plain_board_follows_from_the_weighted_counts() -> None:
    votes = world(41, uneven=True)
    capped = under_caps(votes, np.full(40, -1, np.int32), cap=0.05)
    found = head_to_head(capped)
    assert found.counts.sum() == 2 * len(votes)
    assert found.weighted.sum() == pytest.approx(2 * float(np.asarray(capped.weights).sum()))
    first, second, kind = np.nonzero(found.counts)
    above = first < second
    first, second, kind = first[above], second[above], kind[above]
    again = written(
        votes.models,
        first,
        second,
        np.array([Outcome.A, Outcome.B, Outcome.BOTH_GOOD, Outcome.BOTH_BAD])[kind],
        counts=found.counts[first, second, kind],
        weights=found.weighted[first, second, kind] / found.counts[first, second, kind],
    )
    published = [(line.model, line.rating) for line in fit_board(capped, plain()).models]
    assert [(line.model, line.rating) for line in fit_board(again, plain(intervals="none")).models] == published


def test_rows_that_stand_for_several_votes_count_as_several() -> None:
    votes = replace(votes_of("ada: x > y", "bob: y > x"), counts=np.array([3, 2]), contributor=np.array([0, -1]))
    found = head_to_head(votes)
    assert found.counts[0, 1].tolist() == [3, 2, 0, 0]
    assert found.contributors[0, 1] == 1
    assert head_to_head(replace(votes, contributor=None)).contributors.sum() == 0


def test_a_segment_tells_tens() -> None:
    votes = replace(votes_of("ada: x > y", "bob: y > x"), counts=np.array([17, 4]))
    found = head_to_head(votes).for_a_segment()
    assert found.counts[0, 1].tolist() == [20, 0, 0, 0]
    assert found.contributors.tolist() == [[0, 0], [0, 0]]
    assert not found.weighted.any(), "Weights of few people would tell what the tens hide."


def test_battles_without_a_vote_are_told_by_pair_mode_and_segment() -> None:
    pairs = pairs_of(("a", "b", "c"), np.array([0, 1, 2, 2], np.int32), np.array([1, 0, 0, 0], np.int32))
    assert pairs.values == ("a / b", "a / c")
    voted = np.array([True, False, True, True])
    told = {one.group: (one.shown, one.voted, one.rate) for one in completion(pairs, voted)}
    assert told == {"a / b": (2, 1, 0.5), "a / c": (2, 2, 1.0)}
    modes = coded(np.array(["drawn", "in-flow", "", "drawn"], object))
    assert {one.group: (one.shown, one.voted) for one in completion(modes, voted)} == {
        "drawn": (2, 2),
        "in-flow": (1, 0),
    }
    nothing = completion(Column(("x",), np.zeros(0, np.int32)), np.zeros(0, bool))
    assert nothing[0].rate is None
    many = completion(Column(("x",), np.zeros(96, np.int32)), np.ones(96, bool))[0].in_tens()
    assert (many.shown, many.voted) == (100, 100)


def test_coverage_says_who_is_missing() -> None:
    languages = coded(np.array(["pt", "pt", "en", "en", "", "pt"], object))
    people = np.array([0, 0, 0, 1, 2, 3], np.int32)
    told = {one.group: one for one in coverage(languages, people, {"pt": 0.8, "en": 0.1, "sw": 0.1})}
    assert list(told) == ["en", "pt", "sw"]
    assert (told["pt"].votes, told["pt"].contributors) == (3, 2)
    assert told["pt"].share_of_votes == pytest.approx(0.6)
    assert told["pt"].share_of_contributors == pytest.approx(2 / 3)
    # Two more of five make four of five.
    assert told["pt"].lack == 2
    assert told["en"].lack == 0
    assert (told["sw"].votes, told["sw"].contributors, told["sw"].lack) == (0, 0, 1)
    bare = {one.group: one for one in coverage(languages, people, {"pt": 1.0})}
    assert bare["en"].target is None
    assert bare["pt"].lack is None
    nobody = coverage(Column((), np.zeros(0, np.int32)), np.zeros(0, np.int32), {"pt": 0.5})
    assert nobody[0].share_of_contributors == 0.0
