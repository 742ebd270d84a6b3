"""Pairs on segments' boards are told once enough people voted on them, and anew once enough did so since."""

import numpy as np

from apps.rankings.domain.pair_facts import PairCells, pairs_told


def told(rows: list[tuple[int, int, int, int, int]], before: dict[tuple[int, int, int], int], least: int) -> PairCells:
    """Tell pairs of rows (board, model a, model b, outcome, person); a vote's id is its place."""
    board, a, b, outcome, people = (np.array(column) for column in zip(*rows, strict=True))
    return pairs_told(
        board.astype(np.int32),
        (a.astype(np.int32), b.astype(np.int32)),
        outcome.astype(np.int8),
        people.astype(np.int32),
        np.arange(len(rows)),
        before,
        many=4,
        least=least,
    )


def test_a_pair_needs_people_not_votes_and_counts_both_directions_in_tens() -> None:
    # Three people on the pair (0, 3) of board 1, written both ways; one person with many votes on (1, 2).
    rows = [(1, 0, 3, 0, person % 3) for person in range(16)] + [(1, 3, 0, 0, 0)] * 4 + [(1, 3, 0, 2, 1)] * 6
    rows += [(1, 1, 2, 0, 5)] * 40 + [(0, 0, 3, 1, person) for person in range(2)]
    found = told(rows, {}, 3)
    assert (found.boards.tolist(), found.low.tolist(), found.high.tolist()) == ([1], [0], [3])
    # 16 won, 4 lost, 6 both good.
    assert found.counts.tolist() == [[20, 0, 10, 0]]
    assert told(rows, {}, 2).boards.tolist() == [0, 1]


def test_what_was_told_changes_only_for_enough_people_that_voted_since() -> None:
    rows = [(0, 0, 1, 0, person) for person in range(10)] + [(0, 0, 1, 1, person) for person in (3, 3, 3, 4)]
    assert told(rows, {(0, 0, 1): 9}, 3).boards.tolist() == [], "two people came since, one of them thrice"
    assert told(rows, {(0, 0, 1): 9}, 2).boards.tolist() == [0]
    assert told(rows, {(0, 0, 1): 8}, 3).boards.tolist() == [0]
    assert told(rows, {(1, 0, 1): 9, (0, 0, 2): 9}, 3).boards.tolist() == [0], "others' bounds are none of its own"
