"""Statements of a snapshot: one family, and shown after three nights in a row on which they held."""

from typing import Any

import pytest

from apps.rankings.domain.sentences import tonight, upwards

NOBODY: frozenset[str] = frozenset()


def said(p: float, segment: str = "language=pt", model: int = 1) -> dict[str, Any]:
    return {"kind": "best-for", "segment": segment, "model": model, "p": p, "effect": 12}


def test_a_sentence_appears_on_the_third_night_in_a_row() -> None:
    told: list[dict[str, Any]] = []
    seen = []
    for p in (0.001, 0.001, 0.2, 0.001, 0.001, 0.001, 0.001):
        told = tonight([said(p)], told, NOBODY)
        seen.append((told[0]["nights"], told[0]["shown"]))
    assert seen == [(1, False), (2, False), (0, False), (1, False), (2, False), (3, True), (4, True)]
    assert tonight([said(0.001, model=2)], told, NOBODY)[0]["nights"] == 1, "another model begins anew"
    assert tonight([], told, NOBODY) == [], "a board that is hidden says nothing"


def test_a_board_that_stands_keeps_its_sentence_and_its_nights_and_stays_in_the_family() -> None:
    told = tonight([said(0.001)], tonight([said(0.001)], [], NOBODY), NOBODY)
    standing = frozenset({"language=pt"})
    assert tonight([], told, standing) == told
    # 0.04 alone is below 5 %, and beside a p-value of 0.9 it is not below half of that.
    alone = tonight([said(0.04, "country=BR")], [], NOBODY)
    beside = tonight([said(0.04, "country=BR")], [{**said(0.9), "holds": False, "nights": 0, "shown": False}], standing)
    assert [one["holds"] for one in alone] == [True]
    assert [one["holds"] for one in beside] == [False, False]


@pytest.mark.parametrize(
    ("p", "as_told"), [(0.47, 0.47), (0.4701, 0.48), (1.0, 1.0), (0.999, 1.0), (0.0, 0.0), (3.21e-9, 3.3e-9)]
)
def test_p_values_are_told_with_two_digits_and_never_smaller(p: float, as_told: float) -> None:
    assert upwards(p) == as_told
