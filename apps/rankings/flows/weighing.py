"""How much a vote weighs on a board beside the contributor's own cap: its network's cap, and a population's margins."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from apps.rankings.domain.membership import Column
from apps.rankings.domain.method import Ties
from apps.rankings.domain.network_cap import under_caps
from apps.rankings.domain.population import Population, read_population
from apps.rankings.domain.post_stratification import Raked, as_raked, rake
from apps.rankings.domain.votes import UNKNOWN, Codes, Outcome, Votes
from apps.rankings.domain.weights import CapTooLow
from apps.rankings.queries import CountedVotes

_GONE = {Ties.HALF: (), Ties.DROP_BOTH_BAD: (Outcome.BOTH_BAD,), Ties.DROP: (Outcome.BOTH_BAD, Outcome.BOTH_GOOD)}


def under_network_cap(
    votes: Votes, codes: Codes, names: Sequence[str], networks: Codes, rules: Mapping[str, Any]
) -> tuple[Votes, Codes, dict[str, str]]:
    """Weigh the votes of each board so that neither a contributor nor a network has more of it than the rulebook says.

    ``codes`` (int32, n) index ``names``; ``networks`` (int32, contributors) is each one's network. Without a network's
    cap in clause R1 nothing changes, and the fit applies the contributor's. Boards that no weights can satisfy lose
    their votes and come third, with the reason in a sentence.
    """
    cap = rules.get("network_cap")
    if cap is None:
        return votes, codes, {}
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights.copy()
    counted = np.where(np.isin(votes.outcome, _GONE[Ties(rules["ties"])]), UNKNOWN, codes)
    order = np.argsort(counted, kind="stable")
    edges = np.searchsorted(counted[order], np.arange(len(names) + 1))
    impossible: dict[str, str] = {}
    left = codes.copy()
    for place, name in enumerate(names):
        rows = order[edges[place] : edges[place + 1]]
        try:
            held = under_caps(votes.take(rows), networks, cap=rules.get("weight_cap"), network_cap=float(cap))
        except CapTooLow as too_low:
            impossible[name] = str(too_low)
            left[codes == place] = UNKNOWN
        else:
            if held.weights is not None:
                weights[rows] = held.weights
    return replace(votes, weights=weights), left, impossible


def population_of(rules: Mapping[str, Any]) -> Population:
    """Return the population that clause R1 adopts. Raises ``MalformedPopulation``."""
    # Whoever adopted it could read its dates; the same votes make the same board on any day.
    return read_population(json.dumps(rules["population"]), today=date.max)


def like_a_population(counted: CountedVotes, population: Population) -> tuple[Votes, Raked]:
    """Return everybody's votes under one weight per person, raked to a population; each one's newest claims count.

    Raises ``NobodyToWeigh``, and ``KeyError`` for an attribute that votes do not have.
    """
    who = np.asarray(counted.votes.contributor)
    order = np.argsort(counted.vote_ids, kind="stable")
    people: dict[str, Column] = {}
    for margin in population.margins:
        column = counted.attributes[margin.attribute]
        known = order[column.codes[order] >= 0]
        codes = np.full(counted.votes.contributors, UNKNOWN, np.int32)
        # Of several votes by one person the last one written stays, which is the newest.
        codes[who[known]] = column.codes[known]
        people[margin.attribute] = Column(column.values, codes)
    raked = rake(people, population)
    return as_raked(counted.votes, raked), raked


def told_of_population(population: Population, raked: Raked) -> dict[str, Any]:
    """Return what is published about the weights of a population's board."""
    return {
        "source": "; ".join(dict.fromkeys(margin.source for margin in population.margins)),
        "date": min(margin.on for margin in population.margins).isoformat(),
        "attributes": [margin.attribute for margin in population.margins],
        "design_effect": round(raked.design_effect, 4),
        "effective": round(raked.effective, 1),
        "unreachable": [
            {"attribute": one.attribute, "value": one.value, "share": round(one.share, 6)} for one in raked.unreachable
        ],
        "converged": raked.converged,
        "trimmed": raked.trimmed,
        "sentence": raked.sentence,
    }
