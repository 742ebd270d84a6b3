"""Boards as if contributors were divided like a population, and the file that says how it is divided."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.membership import Column, coded
from apps.rankings.domain.population import MalformedPopulation, Population, read_population
from apps.rankings.domain.post_stratification import NobodyToWeigh, as_raked, rake
from tests.rankings.domain.boards import plain, world
from tests.rankings.domain.sampled import written

TODAY = date(2026, 1, 1)
HEAD = "attribute,value,share,source,date\n"


def population(**margins: dict[str, float]) -> Population:
    lines = [
        f"{attribute},{value},{share},An invented office,2025-01-01"
        for attribute, shares in margins.items()
        for value, share in shares.items()
    ]
    return read_population(HEAD + "\n".join(lines), today=TODAY)


def people(**attributes: str) -> dict[str, Column]:
    return {name: coded(np.array([{"-": ""}.get(c, c) for c in text], object)) for name, text in attributes.items()}


def test_two_margins_are_met_at_once() -> None:
    crowd = people(country="aaaabbb", age="yyoyyoo")
    raked = rake(crowd, population(country={"a": 0.5, "b": 0.5}, age={"y": 0.6, "o": 0.4}))
    assert raked.converged
    assert raked.largest_gap < 1e-7
    assert raked.weights[:4].sum() == pytest.approx(3.5)
    assert raked.weights[[0, 1, 3, 4]].sum() == pytest.approx(0.6 * 7)
    assert "settled" in raked.sentence
    assert raked.design_effect == pytest.approx(7 * (raked.weights**2).sum() / raked.weights.sum() ** 2)
    assert raked.effective == pytest.approx(7 / raked.design_effect)


def test_raking_keeps_the_odds_ratio() -> None:
    crowd = people(country="aaaaabbbbb", age="yyyooyoooo")
    raked = rake(crowd, population(country={"a": 0.3, "b": 0.7}, age={"y": 0.5, "o": 0.5}))
    ay, ao, by, bo = (raked.weights[s].sum() for s in (slice(0, 3), slice(3, 5), slice(5, 6), slice(6, 10)))
    assert ay * bo / (ao * by) == pytest.approx(3 * 4 / (2 * 1), rel=1e-6)


def test_no_weight_leaves_its_bounds_and_the_gap_is_told() -> None:
    crowd = people(country="a" * 99 + "b")
    raked = rake(crowd, population(country={"a": 0.5, "b": 0.5}))
    assert raked.weights[-1] == 5.0
    assert raked.weights.min() >= 0.2
    assert raked.trimmed == 1
    assert raked.largest_gap > 0.3
    assert "1 weights at a bound" in raked.sentence
    assert raked.converged


def test_groups_that_nobody_belongs_to_are_named_with_their_share() -> None:
    crowd = people(country="aab")
    raked = rake(crowd, population(country={"a": 0.3, "b": 0.3, "c": 0.4}))
    assert [(one.value, one.share) for one in raked.unreachable] == [("c", 0.4)]
    assert [(one.value, one.target) for one in raked.groups] == [("a", 0.5), ("b", 0.5)]
    assert raked.weights.tolist() == pytest.approx([0.75, 0.75, 1.5])


def test_whoever_cannot_be_placed_weighs_nothing() -> None:
    crowd = people(country="aab-z")
    raked = rake(crowd, population(country={"a": 0.5, "b": 0.5}))
    assert raked.placed.tolist() == [True, True, True, False, False]
    assert raked.weights[3:].tolist() == [0.0, 0.0]
    with pytest.raises(NobodyToWeigh, match="country"):
        rake(people(country="--z"), population(country={"a": 1.0}))


def test_a_raking_that_is_stopped_says_so() -> None:
    crowd = people(country="aaaaabbbbb", age="yyyooyoooo")
    raked = rake(crowd, population(country={"a": 0.3, "b": 0.7}, age={"y": 0.5, "o": 0.5}), rounds=1)
    assert not raked.converged
    assert "did not settle" in raked.sentence


def test_every_person_weighs_what_the_raking_says_however_much_they_vote() -> None:
    votes = world(3, uneven=True, contributors=20)
    assert votes.contributor is not None
    countries = Column(("a", "b"), (np.arange(20) % 4 == 0).astype(np.int32))
    raked = rake({"country": countries}, population(country={"a": 0.5, "b": 0.5}))
    weighted = as_raked(votes, raked)
    assert weighted.weights is not None
    amounts = np.bincount(votes.contributor, weighted.weights, 20)
    np.testing.assert_allclose(amounts / amounts.sum(), raked.weights / raked.weights.sum())
    assert weighted.weights.mean() == pytest.approx(1.0)
    board = fit_board(weighted, plain())
    assert board.parameters["effective_number"] == pytest.approx(raked.effective, rel=1e-5)
    aimed = as_raked(replace(votes, weights=np.linspace(0.5, 2, len(votes))), raked)
    again = np.bincount(votes.contributor, np.asarray(aimed.weights), 20)
    np.testing.assert_allclose(again / again.sum(), raked.weights / raked.weights.sum())


def test_votes_of_people_who_cannot_be_placed_are_left_out() -> None:
    votes = written(("x", "y"), [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1], contributor=[0, 1, -1, 2])
    raked = rake(people(country="a-b"), population(country={"a": 0.5, "b": 0.5}))
    left = as_raked(votes, raked)
    assert np.asarray(left.contributor).tolist() == [0, 2]
    with pytest.raises(ValueError, match="who voted"):
        as_raked(replace(votes, contributor=None), raked)


def test_both_forms_of_the_file_say_the_same() -> None:
    text = HEAD + "country,BR,0.75,An office,2025-01-01\ncountry,PT,0.25,An office,2025-01-01\n"
    entries = [
        {"attribute": "country", "value": "BR", "share": 0.75, "source": "An office", "date": "2025-01-01"},
        {"attribute": "country", "value": "PT", "share": "0.25", "source": "An office", "date": "2025-01-01"},
    ]
    assert read_population(text, today=TODAY) == read_population(json.dumps({"margins": entries}), today=TODAY)
    assert read_population("\ufeff" + text, today=TODAY).margins[0].on == date(2025, 1, 1)


def test_rounded_shares_are_made_whole() -> None:
    margin = population(country={"a": 0.333, "b": 0.333, "c": 0.333}).margins[0]
    assert sum(margin.shares.values()) == pytest.approx(1.0)


GOOD = "country,BR,1,An office,2025-01-01"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no attribute, value, share, source, date"),
        (HEAD, "no lines"),
        ("attribute,value,share,source\ncountry,BR,1,x", "no date"),
        (HEAD + "country,BR,1,,2025-01-01", "Line 2: there is no source"),
        (HEAD + "country,BR,half,An office,2025-01-01", "Line 2: half is no number"),
        (HEAD + "country,BR,nan,An office,2025-01-01", "not above 0"),
        (HEAD + "country,BR,50,An office,2025-01-01", "not above 0 and at most 1"),
        (HEAD + "country,BR,1,An office,01.01.2025", "no date such as"),
        (HEAD + "country,BR,1,An office,2026-01-02", "in the future"),
        (HEAD + GOOD + "\n" + GOOD, "Line 3: country BR stands there twice"),
        (HEAD + GOOD + "\ncountry,PT,0.1,Another,2025-01-01", "two sources or dates"),
        (HEAD + "country,BR,0.9,An office,2025-01-01", "make 0.9000 together"),
        ('{"margins": 3}', "one object for each value"),
        ("[1]", "one object for each value"),
        ('{"margins": [3]}', "Entry 1: it is not an object"),
        ("{nothing", "not JSON"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_what_to_change(text: str, complaint: str) -> None:
    with pytest.raises(MalformedPopulation, match=complaint):
        read_population(text, today=TODAY)
