"""Boards that may be shown: enough contributors, wide remainders, changes only in company, and rounded numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.rankings.domain.membership import (
    Column,
    DeclaredList,
    Holdings,
    NotOnTheList,
    coded,
    holdings,
    membership_of,
    vote_marks,
)
from apps.rankings.domain.showing import (
    PairStanding,
    Showing,
    ShowingRules,
    Standing,
    WhyHidden,
    changed_contributors,
    decide,
    in_tens,
    pairs_told_anew,
    remainder,
    tens,
    whole_points,
)

BY_BOTH = DeclaredList.of(("country", "language"), [("country", "language")])
RULES = ShowingRules(least=10, least_effective=6.0)


def held_by(*rows: tuple[int, str, str], declared: DeclaredList = BY_BOTH, ids: list[int] | None = None) -> Holdings:
    """Hold votes given as (person, country, language)."""
    people = np.array([row[0] for row in rows], np.int64)
    columns = {
        "country": coded(np.array([row[1] for row in rows], object)),
        "language": coded(np.array([row[2] for row in rows], object)),
    }
    numbers = np.arange(len(rows)) if ids is None else np.array(ids)
    marks = vote_marks(numbers, np.zeros(len(rows), np.int8))
    return holdings(membership_of(columns, declared, len(rows)), people, marks)


def shown(held: Holdings, last: dict[str, Standing] | None = None) -> dict[str, Showing]:
    return {one.board: one for one in decide(held, last or {}, RULES)}


def crowd(first: int, number: int, country: str, language: str) -> list[tuple[int, str, str]]:
    return [(person, country, language) for person in range(first, first + number)]


def test_the_declared_list_names_its_boards_and_no_others() -> None:
    declared = DeclaredList.of(("country", "language", "age_band"), [("language", "country")])
    assert declared.name_of({}) == "everyone"
    assert declared.name_of({"country": "BR"}) == "country=BR"
    assert declared.name_of({"language": "pt", "country": "BR"}) == "country=BR,language=pt"
    with pytest.raises(NotOnTheList, match="age_band, country"):
        declared.name_of({"country": "BR", "age_band": "50+"})
    with pytest.raises(NotOnTheList):
        declared.name_of({"country": "BR", "language": "pt", "age_band": "50+"})
    with pytest.raises(ValueError, match="twice"):
        DeclaredList.of(("country", "language"), [("language", "country"), ("country", "language")])


def test_every_vote_is_in_the_boards_of_its_values() -> None:
    columns = {
        "country": coded(np.array(["BR", "", "PT", "BR"], object)),
        "language": coded(np.array(["pt", "pt", "", "en"], object)),
    }
    rows = {name: at.tolist() for name, at in membership_of(columns, BY_BOTH, 4).rows()}
    assert rows == {
        "everyone": [0, 1, 2, 3],
        "country=BR": [0, 3],
        "country=PT": [2],
        "language=en": [3],
        "language=pt": [0, 1],
        "country=BR,language=en": [3],
        "country=BR,language=pt": [0],
    }


def test_too_few_contributors_hide_a_board() -> None:
    boards = shown(held_by(*crowd(0, 9, "PT", ""), *crowd(20, 10, "BR", ""), *crowd(40, 10, "US", "")))
    assert boards["country=PT"].hidden is WhyHidden.TOO_FEW
    assert boards["country=BR"].hidden is None
    assert boards["everyone"].hidden is None


def test_one_loud_voice_hides_a_board_of_ten() -> None:
    loud = [(0, "BR", "")] * 40
    boards = shown(held_by(*loud, *crowd(1, 9, "BR", ""), *crowd(20, 30, "PT", "")))
    assert boards["country=BR"].contributors == 10
    assert boards["country=BR"].hidden is WhyHidden.TOO_FEW_EFFECTIVE


def test_a_remainder_of_a_few_hides_the_board_within_and_an_empty_one_does_not() -> None:
    few = shown(held_by(*crowd(0, 30, "BR", ""), *crowd(30, 9, "PT", "")))
    assert few["country=BR"].hidden is WhyHidden.REMAINDER
    assert few["country=BR"].within == "everyone"
    assert shown(held_by(*crowd(0, 30, "BR", "")))["country=BR"].hidden is None
    assert shown(held_by(*crowd(0, 30, "BR", ""), *crowd(30, 10, "PT", "")))["country=BR"].hidden is None


def test_a_person_on_both_sides_stands_in_the_remainder_too() -> None:
    both = [(person, "", language) for person in range(12) for language in ("pt", "en")]
    assert shown(held_by(*both))["language=pt"].hidden is None
    nearly = [row for row in both if row[0] >= 3 or row[2] == "pt"]
    assert shown(held_by(*nearly))["language=pt"].hidden is WhyHidden.REMAINDER


def test_a_pair_is_looked_at_within_both_of_its_halves() -> None:
    votes = [*crowd(0, 20, "BR", "pt"), *crowd(20, 4, "BR", "en"), *crowd(30, 15, "US", "en")]
    boards = shown(held_by(*votes))
    assert boards["country=BR,language=pt"].within == "country=BR"
    assert boards["country=BR"].hidden is None
    assert boards["country=US,language=en"].within == "language=en"


def test_boards_that_happen_to_lie_in_each_other_are_guarded_as_well() -> None:
    # Nobody declared that Portuguese speakers contain the Brazilians, but tonight they do, and four more.
    declared = DeclaredList.of(("country", "language"))
    votes = [
        *crowd(0, 20, "BR", "pt"),
        *crowd(20, 4, "PT", "pt"),
        *crowd(30, 15, "US", "en"),
        *crowd(50, 9, "PT", "en"),
    ]
    boards = shown(held_by(*votes, declared=declared))
    assert boards["country=BR"].hidden is WhyHidden.REMAINDER
    assert boards["country=BR"].within == "language=pt"
    assert boards["country=PT"].hidden is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.sampled_from(["BR", "PT", ""]), st.sampled_from(["pt", "en", ""]))))
def test_who_holds_what_is_what_sets_say(rows: list[tuple[int, str, str]]) -> None:
    held = held_by(*rows)
    inside = {name: {at for at, row in enumerate(rows) if name == "everyone" or _in(name, row)} for name in held.boards}
    for name, mine in zip(held.boards, held.held, strict=True):
        people = sorted({rows[at][0] for at in inside[name]})
        assert mine.people.tolist() == people
        assert mine.votes.tolist() == [sum(rows[at][0] == person for at in inside[name]) for person in people]
    expected = {(a, b) for a in held.boards for b in held.boards if a != b and inside[a] <= inside[b]}
    found = {(held.boards[a], held.boards[b]) for a, b in zip(*held.within, strict=True)}
    assert found == expected
    for a, b in expected:
        beyond = {rows[at][0] for at in inside[b] - inside[a]}
        assert remainder(held.held[held.boards.index(a)], held.held[held.boards.index(b)]) == len(beyond)


def _in(name: str, row: tuple[int, str, str]) -> bool:
    wanted = dict(part.split("=") for part in name.split(","))
    return wanted.get("country", row[1]) == row[1] and wanted.get("language", row[2]) == row[2]


def test_values_beyond_any_table_are_numbered_all_the_same() -> None:
    many = tuple(str(value) for value in range(3000))
    first = np.array([0, 2999, -1, 0], np.int32)
    columns = {"country": Column(many, first), "language": Column(many, first[::-1].copy())}
    rows = {name: at.tolist() for name, at in membership_of(columns, BY_BOTH, 4).rows()}
    assert rows["country=0,language=0"] == [0, 3]
    assert len(rows) == 6


def test_a_board_changes_only_when_ten_contributors_changed() -> None:
    rows = [*crowd(0, 30, "BR", ""), *crowd(30, 20, "PT", "")]
    first = held_by(*rows)
    last = {name: Standing.of(held) for name, held in zip(first.boards, first.held, strict=True)}
    assert all(one.refreshes for one in shown(first).values()), "What was never published may be."
    assert not any(one.refreshes for one in shown(first, last).values())

    def after(*more: tuple[int, str, str], without: int = 0) -> dict[str, Showing]:
        ids = [*range(without, len(rows)), *range(1000, 1000 + len(more))]
        return shown(held_by(*rows[without:], *more, ids=ids), last)

    nine = after(*[(person, "BR", "") for person in range(9) for _ in range(5)])
    assert (nine["country=BR"].changed, nine["country=BR"].refreshes) == (9, False)
    ten = after(*crowd(0, 10, "BR", ""))
    assert (ten["country=BR"].changed, ten["country=BR"].refreshes) == (10, True)
    assert (ten["country=PT"].changed, ten["country=PT"].refreshes) == (0, False)
    assert ten["everyone"].refreshes
    mixed = after(*crowd(200, 4, "BR", ""), without=6)
    assert mixed["country=BR"].changed == 10, "Six lost all of their votes and four are new."
    assert mixed["country=BR"].refreshes


def test_a_vote_that_said_something_else_has_changed() -> None:
    ids = np.arange(3)
    one = Standing(np.arange(3), vote_marks(ids, np.array([0, 1, 2])))
    other = Standing(np.arange(3), vote_marks(ids, np.array([0, 1, 3])))
    assert changed_contributors(one, other) == 1
    assert changed_contributors(one, one) == 0


def test_what_a_board_rested_on_is_kept_in_bytes() -> None:
    held = held_by(*crowd(0, 12, "BR", "")).held[0]
    kept = Standing.of(held)
    again = Standing.from_bytes(kept.to_bytes())
    assert changed_contributors(kept, again) == 0
    assert len(kept.to_bytes()) == 12 * 16
    with pytest.raises(ValueError, match="16 bytes"):
        Standing.from_bytes(b"short")


def pair_standing(*rows: tuple[int, int, int]) -> PairStanding:
    """Let votes stand that are given as (pair, person, number of the vote)."""
    pairs, people, ids = (np.array([row[at] for row in rows], np.int64) for at in range(3))
    return PairStanding.of(pairs, people, vote_marks(ids, np.zeros(len(rows), np.int8)))


def test_a_pair_is_told_anew_only_when_ten_people_changed_on_it() -> None:
    first = [(5, person, person) for person in range(12)] + [(6, person, 50 + person) for person in range(12)]
    then = pair_standing(*first)
    assert pairs_told_anew(then, then, 10).tolist() == []
    nine = [(5, person, 100 + 10 * person + more) for person in range(9) for more in range(3)]
    lone = [(6, person, 900 + person) for person in range(3)]
    assert pairs_told_anew(then, pair_standing(*first, *nine, *lone), 10).tolist() == []
    ten = pair_standing(*first, *nine, *lone, (5, 77, 999))
    assert pairs_told_anew(then, ten, 10).tolist() == [5], "On the other pair three people must wait for company."
    gone = pair_standing(*first[10:])
    assert pairs_told_anew(then, gone, 10).tolist() == [5]
    kept = then.moved_on(ten, pairs_told_anew(then, ten, 10))
    assert pairs_told_anew(kept, ten, 1).tolist() == [6], "What was not told yet still counts as changed."
    assert pairs_told_anew(pair_standing(), ten, 10).tolist() == [5, 6], "What was never told may be."


def test_a_hidden_board_never_refreshes() -> None:
    assert not shown(held_by(*crowd(0, 9, "BR", ""), *crowd(20, 30, "PT", "")))["country=BR"].refreshes


def test_numbers_of_segments_are_coarse() -> None:
    assert whole_points(1_234_567_890, 1_200_400_000, 1_270_100_000) == (1_235_000_000, 1_200_000_000, 1_271_000_000)
    assert whole_points(999_600_000, None, None) == (1_000_000_000, None, None)
    assert whole_points(999_600_000, 999_500_000, 999_900_000) == (1_000_000_000, 999_000_000, 1_000_000_000)
    assert [tens(number) for number in (0, 4, 5, 15, 16, 144)] == [0, 0, 0, 20, 20, 140]
    assert in_tens(np.array([[0, 4], [15, 144]])).tolist() == [[0, 0], [20, 140]]


def test_no_votes_make_no_boards() -> None:
    assert decide(held_by(), {}, RULES) == []
