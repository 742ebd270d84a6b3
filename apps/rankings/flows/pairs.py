"""Who beat whom, on every shown plain board: exactly on everybody's, in tens on those of segments."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import numpy as np

from apps.rankings.domain.comparison_facts import BOTH_BAD, BOTH_GOOD, LOST, WON, head_to_head
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.pair_facts import pairs_told
from apps.rankings.domain.votes import Votes
from apps.rankings.flows.fact import Fact
from apps.rankings.flows.planning import WITHOUT, Plan, codes_of
from apps.rankings.models import FactKind, Method
from apps.rankings.queries import CountedVotes, newest_vote_at, pairs_told_before

_KINDS: Final = {"wins_a": WON, "wins_b": LOST, "both_good": BOTH_GOOD, "both_bad": BOTH_BAD}


def head_to_heads(counted: CountedVotes, plan: Plan, *, taken_at: datetime, least: int) -> list[Fact]:
    """Return the table of each plain board that is published anew.

    On a segment's board a pair is told once ``least`` people voted on it, and anew once so many did since; until then
    what was told stays, with the moment that it is of (``as_of``).
    """
    facts = []
    before: Mapping[str, list[dict[str, Any]]] | None = None
    for layer in (layer for layer in plan.layers if not layer.startswith(WITHOUT)):
        if layer == EVERYONE:
            facts.append(_fact(EVERYONE, everybodys_pairs(counted.votes, counted.model_ids)))
            continue
        before = pairs_told_before() if before is None else before
        facts += _of_layer(counted, plan, layer, before, taken_at, least)
    return facts


def everybodys_pairs(votes: Votes, model_ids: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return every pair with votes and its exact counts; a model's id is that of its row, the lower one first."""
    counts = head_to_head(votes).counts
    low, high = np.nonzero(np.triu(counts.sum(axis=2), 1))
    return [
        _pair(model_ids[one], model_ids[other], counts[one, other].tolist())
        for one, other in zip(low.tolist(), high.tolist(), strict=True)
    ]


def _of_layer(
    counted: CountedVotes,
    plan: Plan,
    layer: str,
    before: Mapping[str, list[dict[str, Any]]],
    taken_at: datetime,
    least: int,
) -> list[Fact]:
    names = plan.refreshing(layer)
    codes = codes_of(counted, layer, names)
    rows = np.flatnonzero(codes >= 0)
    votes, ids = counted.votes.take(rows), counted.model_ids
    places = {model_id: code for code, model_id in enumerate(ids)}
    newest = cache(newest_vote_at)
    told_up_to = {}
    for place, name in enumerate(names):
        for pair in before.get(name, ()):
            bound = newest(datetime.fromisoformat(pair["as_of"]))
            if pair["a"] in places and pair["b"] in places and bound is not None:
                told_up_to[place, places[pair["a"]], places[pair["b"]]] = bound
    cells = pairs_told(
        codes[rows],
        (votes.model_a, votes.model_b),
        votes.outcome,
        np.asarray(votes.contributor),
        counted.vote_ids[rows],
        told_up_to,
        many=len(ids),
        least=least,
    )
    told = {name: {(pair["a"], pair["b"]): pair for pair in before.get(name, ())} for name in names}
    lines = zip(cells.boards.tolist(), cells.low.tolist(), cells.high.tolist(), cells.counts.tolist(), strict=True)
    for board, one, other, counts in lines:
        pair = {**_pair(ids[one], ids[other], counts), "as_of": taken_at.isoformat()}
        told[names[board]][pair["a"], pair["b"]] = pair
    return [_fact(name, [told[name][key] for key in sorted(told[name])]) for name in names]


def _pair(one: int, other: int, counts: list[int]) -> dict[str, Any]:
    return {"a": one, "b": other, **{name: counts[place] for name, place in _KINDS.items()}}


def _fact(segment: str, pairs: list[dict[str, Any]]) -> Fact:
    return Fact(segment=segment, method=Method.PLAIN, kind=FactKind.HEAD_TO_HEAD, data={"pairs": pairs})
