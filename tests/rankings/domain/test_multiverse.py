"""The multiverse: every combination's ranks are those of the board fitted by itself, and bands hold them all."""

from dataclasses import replace

import numpy as np
import pytest

from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import FitMethod, Ties
from apps.rankings.domain.multiverse import IN_FORCE, Universe, multiverse
from apps.rankings.domain.targets import Target, under_target
from apps.rankings.domain.votes import Outcome
from tests.rankings.domain.boards import plain, votes_of, world


@pytest.mark.parametrize("cap", [None, 0.05])
def test_every_board_is_the_one_that_is_fitted_by_itself(cap: float | None) -> None:
    votes = world(11, votes=700, models=8, style=2, spread=0.15, uneven=True)
    rng = np.random.default_rng(2)
    probability = rng.uniform(0.02, 0.2, len(votes))
    exclusions = {IN_FORCE: np.ones(len(votes), bool), "stricter": rng.random(len(votes)) < 0.7}
    method = FitMethod(style=votes.style_names, cap=cap)
    found = multiverse(votes, method, probability=probability, exclusions=exclusions)
    assert len(found.ranks) == 3 * 2 * 2 * 2
    assert not found.impossible
    for universe, ranks in found.ranks.items():
        kept = exclusions[universe.exclusion]
        aimed = under_target(votes.take(kept), probability[kept], universe.target)
        alone = plain(cap=cap, ties=universe.ties, style=votes.style_names if universe.styled else ())
        assert ranks == {line.model: line.rank for line in fit_board(aimed, alone).models}, universe
    assert found.moved > 0
    for band in found.bands:
        there = {universe: ranks[band.model] for universe, ranks in found.ranks.items()}
        assert (band.best, band.worst) == (min(there.values()), max(there.values()))
        assert all(there[universe] == band.best for universe in band.best_in)
        assert all(there[universe] == band.worst for universe in band.worst_in)
        assert len(band.best_in) == sum(rank == band.best for rank in there.values())


def test_a_band_names_the_choice_that_gives_it() -> None:
    # x leads y while "both bad" counts as half a win for each; without ties y leads.
    said = ["ada: x < y", "bob: y < x", "eve: y > x", "ada: x > z", "bob: z > x", "eve: z > y", "ada: y > z"]
    said += ["bob: y > z", *["ada: x ~ z"] * 5, *["bob: y > z"] * 2, *["eve: z > x"] * 2]
    found = multiverse(votes_of(*said), FitMethod())
    assert {universe.ties for universe in found.ranks} == set(Ties)
    band = {one.model: one for one in found.bands}["x"]
    direct = {ties: fit_board(votes_of(*said), plain(ties=ties)).of("x").rank for ties in Ties}
    assert {universe.ties: found.ranks[universe]["x"] for universe in found.ranks} == direct
    assert (band.best, band.worst) == (min(direct.values()), max(direct.values()))


def test_a_model_that_some_rule_cannot_rank_is_told_where() -> None:
    votes = votes_of("ada: x > y", "bob: y > x", "ada: new = x", "bob: x = new")
    found = multiverse(votes, FitMethod())
    new = {band.model: band for band in found.bands}["new"]
    assert [universe.ties for universe in new.unranked_in] == [Ties.DROP]
    assert new.best == 1
    never = multiverse(votes_of("ada: x > y", "bob: y > x", "ada: top > x"), FitMethod())
    assert {band.model: (band.best, band.worst) for band in never.bands}["top"] == (None, None)


def test_a_combination_without_a_board_says_why() -> None:
    votes = votes_of("ada: x = y", "bob: y ~ x")
    found = multiverse(votes, FitMethod())
    without = Universe(Ties.DROP, False, Target.AS_DRAWN, IN_FORCE)
    assert "No vote counts" in found.impossible[without]
    assert len(found.ranks) == 2
    held = multiverse(votes, FitMethod(cap=0.3))
    assert not held.ranks
    assert sum("contributors or more" in why for why in held.impossible.values()) == 2


def test_votes_of_nobody_known_count_only_where_they_do_on_the_board() -> None:
    votes = world(11, votes=300, models=4)
    assert votes.contributor is not None
    nobody = np.arange(300) < 150
    last = [line.model for line in fit_board(votes.take(~nobody), plain()).models][-1]
    # Whoever is not known always prefers the model that is last among the others.
    code = votes.models.index(last)
    said = np.where(votes.model_a == code, Outcome.A, np.where(votes.model_b == code, Outcome.B, votes.outcome))
    half = replace(
        votes,
        outcome=np.where(nobody, said, votes.outcome).astype(np.int8),
        contributor=np.where(nobody, -1, votes.contributor).astype(np.int32),
    )
    clustered = multiverse(half, FitMethod()).ranks
    assert clustered == multiverse(half.take(~nobody), FitMethod()).ranks
    assert multiverse(half, plain(intervals="hc0")).ranks != clustered


def test_rows_that_stand_for_several_votes_count_as_several() -> None:
    votes = world(12, votes=200, models=4)
    twice = replace(votes, counts=np.where(votes.outcome == Outcome.A, 3, 1))
    spelled = votes.take(np.repeat(np.arange(200), np.where(votes.outcome == Outcome.A, 3, 1)))
    assert multiverse(twice, FitMethod(cap=0.2)).ranks == multiverse(spelled, FitMethod(cap=0.2)).ranks
    assert multiverse(twice, FitMethod()).ranks == multiverse(spelled, FitMethod()).ranks
