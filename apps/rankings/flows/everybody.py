"""Tables beside everybody's boards: Davidson's ties, length and time together, and how many battles end in a vote."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from apps.rankings.domain.davidson import NoDavidson, fit_davidson
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.method import CENTRE, MICRO, POINTS, Intervals
from apps.rankings.domain.showing import tens
from apps.rankings.domain.style_facts import NoJointTest, around_zero, told_together
from apps.rankings.domain.votes import Votes
from apps.rankings.flows.fact import Fact
from apps.rankings.flows.fitting import fit_method, with_style
from apps.rankings.flows.planning import Plan
from apps.rankings.flows.weighing import under_network_cap
from apps.rankings.models import FactKind, Method
from apps.rankings.queries import CountedVotes, shown_battles

#: Longer answers arrive later.
LENGTH_AND_TIME: Final = ("tokens", "last_token_ms")
#: What a battle says of itself before anybody votes; all else is known of voters only.
_OF_BATTLES: Final = ("language", "category")
_DECIMALS: Final = 6


def facts_of_everybody(counted: CountedVotes, plan: Plan, rules: Mapping[str, Any], *, until: datetime) -> list[Fact]:
    """Return what stands beside everybody's plain and styled board."""
    votes = everybodys_votes(counted, rules)
    facts = [_completion(plan, until)]
    if votes is None:
        return facts
    facts += _davidson(counted, votes, rules)
    facts += _style(votes, rules)
    return facts


def everybodys_votes(counted: CountedVotes, rules: Mapping[str, Any]) -> Votes | None:
    """Return the votes of everybody's board with their weights; None where no weights satisfy the networks' cap."""
    codes = np.zeros(len(counted.votes), np.int32)
    votes, _codes, impossible = under_network_cap(counted.votes, codes, [EVERYONE], counted.networks, rules)
    return None if impossible else votes


def _davidson(counted: CountedVotes, votes: Votes, rules: Mapping[str, Any]) -> list[Fact]:
    method = replace(fit_method(Method.PLAIN, rules, whole=True), intervals=Intervals.NONE, draws=0)
    try:
        found = fit_davidson(votes, fit_board(votes, method))
    except NoDavidson:
        return []
    ids = dict(zip(counted.votes.models, counted.model_ids, strict=True))
    data = {
        "nu": round(found.nu, _DECIMALS),
        "log_likelihood": round(found.log_likelihood, 3),
        "votes": found.votes,
        "ties": found.ties,
        "scale": round(found.scale, _DECIMALS),
        "largest_gap": round(found.largest_gap, _DECIMALS),
        "moved": found.moved,
        "models": [
            {"model": ids[name], "rating": round((CENTRE + POINTS * theta) * MICRO)}
            for name, theta in zip(found.models, found.theta.tolist(), strict=True)
        ],
    }
    return [Fact(segment=EVERYONE, method=Method.PLAIN, kind=FactKind.DAVIDSON, data=data)]


def _style(votes: Votes, rules: Mapping[str, Any]) -> list[Fact]:
    """Tell length and time together, from a fit that has both whether or not the board controls for both."""
    columns = tuple(dict.fromkeys([*rules["style"], *LENGTH_AND_TIME]))
    known = with_style(votes, {**rules, "style": columns})
    if not known.any():
        return []
    votes = votes.take(known)
    method = replace(fit_method(Method.STYLED, rules, whole=True), style=columns, draws=0)
    joint: dict[str, Any] | None = None
    why = ""
    try:
        found = told_together(votes, fit_board(votes, method), LENGTH_AND_TIME)
    except NoJointTest as impossible:
        why = str(impossible)
    else:
        joint = {
            "statistic": round(found.statistic, _DECIMALS),
            "degrees": [len(LENGTH_AND_TIME), None if found.degrees is None else round(found.degrees, 3)],
            "p": found.p,
            "coefficients": [round(each, _DECIMALS) for each in found.coefficients],
            "errors": [round(each, _DECIMALS) for each in found.errors],
            "estimates_correlation": round(found.estimates_correlation, _DECIMALS),
        }
    data = {
        "columns": list(LENGTH_AND_TIME),
        "correlation": round(around_zero(votes, *LENGTH_AND_TIME), _DECIMALS),
        "joint": joint,
        "why_no_joint": why,
        "on_the_board": [name for name in LENGTH_AND_TIME if name in rules["style"]],
    }
    return [Fact(segment=EVERYONE, method=Method.STYLED, kind=FactKind.STYLE, data=data)]


def _completion(plan: Plan, until: datetime) -> Fact:
    """Tell how many of the battles that were shown ended in a vote, by pair, and in tens by segment.

    Only segments of what battles say of themselves, and only where the board is shown.
    """
    pairs: dict[tuple[int, int], Counter[bool]] = {}
    segments: dict[str, Counter[bool]] = {}
    shown = {one.segment for one in plan.boards if not one.hidden and not one.is_without_released}
    for a, b, language, category, voted, battles in shown_battles(until=until):
        pairs.setdefault((a, b), Counter())[voted] += battles
        for attribute, value in zip(_OF_BATTLES, (language, category), strict=True):
            if f"{attribute}={value}" in shown:
                segments.setdefault(f"{attribute}={value}", Counter())[voted] += battles
    data = {
        "shown": sum(tally.total() for tally in pairs.values()),
        "voted": sum(tally[True] for tally in pairs.values()),
        "pairs": [
            {"a": a, "b": b, "shown": tally.total(), "voted": tally[True]} for (a, b), tally in sorted(pairs.items())
        ],
        "segments": [
            {"segment": name, "shown": tens(tally.total()), "voted": min(tens(tally[True]), tens(tally.total()))}
            for name, tally in sorted(segments.items())
        ],
    }
    return Fact(segment=EVERYONE, method=Method.PLAIN, kind=FactKind.COMPLETION, data=data)
