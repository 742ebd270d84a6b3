"""Everybody's plain board under every combination of choices that could have been made otherwise."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.multiverse import IN_FORCE, Universe, multiverse
from apps.rankings.domain.targets import Target
from apps.rankings.domain.votes import Flags, Votes
from apps.rankings.flows.everybody import everybodys_votes
from apps.rankings.flows.fact import Fact
from apps.rankings.flows.fitting import fit_method
from apps.rankings.flows.gathering import NightInput, gather_again
from apps.rankings.models import FactKind, Method
from apps.rankings.queries import CountedVotes, counted_of

#: The rules beside the one in force: nobody's votes were left out by a decision; what was sold since is left out.
NOBODY_EXCLUDED: Final = "nobody-excluded"
WITHOUT_SOLD: Final = "without-sold"
_EXCLUDED: Final = "excluded"


def ranks_by_method(night: NightInput, counted: CountedVotes, rules: Mapping[str, Any]) -> Fact:
    """Return every model's rank under each combination of tie rule, style, target and exclusion, and its band."""
    counted, exclusions = _with_the_excluded(night, counted)
    votes = everybodys_votes(counted, rules)
    ranks: dict[Universe, Mapping[str, int]] = {}
    if votes is not None:
        ranks = _ranks(votes, counted, exclusions, rules)
    ids = dict(zip(counted.votes.models, counted.model_ids, strict=True))
    universes = sorted(ranks, key=lambda one: _order(one, str(rules["ties"])))
    lists = {ids[name]: [ranks[one].get(name) for one in universes] for name in counted.votes.models}
    data = {
        "combinations": [
            {"ties": one.ties.value, "style": one.styled, "target": one.target.value, "exclusions": one.exclusion}
            for one in universes
        ],
        "models": [_band(model, row) for model, row in lists.items() if any(rank is not None for rank in row)],
        "ranks": {str(model): row for model, row in lists.items()},
    }
    return Fact(segment=EVERYONE, method=Method.PLAIN, kind=FactKind.MULTIVERSE, data=data)


def _ranks(
    votes: Votes, counted: CountedVotes, exclusions: Mapping[str, Flags], rules: Mapping[str, Any]
) -> dict[Universe, Mapping[str, int]]:
    method = fit_method(Method.STYLED, rules, whole=True)
    if not np.isfinite(np.asarray(votes.with_style(method.style).style)).all(axis=1).any():
        # Without answers there is no style, and its boards would all be empty.
        method = replace(method, style=())
    probability = counted.columns.probability
    known = np.isfinite(probability) & (probability > 0) & (probability <= 1)
    if known.all():
        return dict(multiverse(votes, method, probability=probability, exclusions=exclusions).ranks)
    found = dict(multiverse(votes, method, exclusions=exclusions).ranks)
    if known.any():
        # As on the board under uniform opponents, votes whose probability nobody knows are not in these.
        rest = {name: flags[known] for name, flags in exclusions.items()}
        aimed = multiverse(votes.take(known), method, probability=probability[known], exclusions=rest)
        found |= {universe: board for universe, board in aimed.ranks.items() if universe.target is Target.UNIFORM}
    return found


def _with_the_excluded(night: NightInput, counted: CountedVotes) -> tuple[CountedVotes, dict[str, Flags]]:
    """Return the votes that any exclusion rule counts, and which each rule counts; the wall's tags hold for all."""
    excluded = [one.vote_id for one in night.overlay.aside if one.because == _EXCLUDED]
    every = counted
    if excluded:
        aside = tuple(one for one in night.overlay.aside if one.because != _EXCLUDED)
        every = counted_of(gather_again(night), replace(night.overlay, aside=aside))
    in_force = ~np.isin(every.vote_ids, np.array(excluded, np.int64))
    exclusions: dict[str, Flags] = {IN_FORCE: in_force}
    if excluded:
        exclusions[NOBODY_EXCLUDED] = np.ones(len(every.votes), np.bool_)
    if every.released.any():
        exclusions[WITHOUT_SOLD] = in_force & ~every.released
    return every, exclusions


def _order(one: Universe, ties: str) -> tuple[bool, bool, bool, bool, str, str]:
    """Put the board of record first, then what differs from it in less."""
    return (
        one.exclusion != IN_FORCE,
        one.target is not Target.AS_DRAWN,
        one.styled,
        one.ties.value != ties,
        one.ties.value,
        one.exclusion,
    )


def _band(model: int, row: list[int | None]) -> dict[str, int]:
    ranked = [(rank, place) for place, rank in enumerate(row) if rank is not None]
    (low, low_in), high = min(ranked), max(rank for rank, _place in ranked)
    return {"model": model, "low": low, "high": high, "low_in": low_in, "high_in": row.index(high)}
