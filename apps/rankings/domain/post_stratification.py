"""A board as if the contributors were divided like a population: one weight per person, raked to its margins.

Raking multiplies the weights of each group until its share is that of the population, margin after margin and round
after round (Deming and Stephan 1940); the weights are kept within [1/5, 5] of the mean. It is shown beside the raw
board and never instead: it mends who came, not why they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from apps.rankings.domain.membership import Column
from apps.rankings.domain.population import Population
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import Codes, Flags, Floats, Votes
from apps.rankings.domain.weights import effective_number

LARGEST: Final = 5.0
SMALLEST: Final = 1.0 / LARGEST
#: No weight moves by more than this, relative to itself, in the last round.
TOLERANCE: Final = 1e-8
ROUNDS: Final = 500


class NobodyToWeigh(ValueError):
    """No contributor has a known value on every margin of the population; the message says on which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A group of the population that no contributor belongs to, and its share of the population."""

    attribute: str
    value: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One group after raking: its share among the contributors, of the weight, and of the reachable population."""

    attribute: str
    value: str
    raw: float
    weighted: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raked:
    """The weights of people.

    ``weights`` (people) lie in [1/5, 5] and are 0 for whoever has no known value on some margin; ``placed`` (bool,
    people) marks the others. ``design_effect`` is n·Σw² / (Σw)² and ``effective`` n over it (Kish 1965), on persons.
    ``converged`` says whether the last round still moved a weight; where weights were ``trimmed`` (a number of people)
    the margins need not hold, and ``largest_gap`` is the largest difference of a group's share from its target.
    """

    weights: Floats
    placed: Flags
    design_effect: float
    effective: float
    converged: bool
    rounds: int
    trimmed: int
    largest_gap: float
    groups: tuple[Reached, ...]
    unreachable: tuple[Unreachable, ...]

    @property
    def sentence(self) -> str:
        """Say in a sentence how the raking ended."""
        ending = f"settled after {self.rounds} rounds" if self.converged else f"did not settle in {self.rounds} rounds"
        cut = f", with {self.trimmed} weights at a bound" if self.trimmed else ""
        return f"The raking {ending}{cut}; no group is farther than {self.largest_gap:.2%} from its share."


def rake(people: Mapping[str, Column], population: Population, *, rounds: int = ROUNDS) -> Raked:
    """Weigh people so that they are divided like the population on each of its margins.

    ``people`` has, for every attribute of the population, the value of each person. A group of the population without
    anybody in it is unreachable; the others' targets are their shares among the reachable ones. Somebody whose value is
    unknown, or not in the population, cannot be placed and weighs nothing. Raises ``NobodyToWeigh`` and ``KeyError``.
    """
    many = len(people[population.margins[0].attribute].codes)
    places: list[Codes] = []
    for margin in population.margins:
        column = people[margin.attribute]
        order = {value: place for place, value in enumerate(margin.shares)}
        # The last place answers for the code -1.
        table = np.array([*(order.get(value, -1) for value in column.values), -1], np.int32)
        places.append(table[column.codes])
    placed = np.ones(many, np.bool_)
    for place in places:
        placed &= place >= 0
    if not placed.any():
        names = ", ".join(margin.attribute for margin in population.margins)
        raise NobodyToWeigh(f"No contributor has a known value of each of {names}.")
    groups = [place[placed] for place in places]
    targets, unreachable = _targets(population, groups)
    inside = np.ones(int(placed.sum()))
    converged, done = False, 0
    while done < rounds and not converged:
        done += 1
        before = inside
        inside = _one_round(inside, groups, targets)
        converged = bool(np.all(np.abs(inside - before) <= TOLERANCE * before))
    weights = np.zeros(many)
    weights[placed] = inside
    reached = _reached(population, groups, inside, targets)
    effective = effective_number(inside)
    return Raked(
        weights=weights,
        placed=placed,
        design_effect=len(inside) / effective,
        effective=effective,
        converged=converged,
        rounds=done,
        trimmed=int(np.count_nonzero((inside <= SMALLEST) | (inside >= LARGEST))),
        largest_gap=max(abs(group.weighted - group.target) for group in reached),
        groups=reached,
        unreachable=unreachable,
    )


def as_raked(votes: Votes, raked: Raked) -> Votes:
    """Let each person weigh what the raking says, spread over their votes: raked weight · w / Σ w of the person.

    Votes without weights have w = 1, so that a person with n_v votes gives each 1/n_v of their own weight. Votes of
    people who could not be placed, and of nobody known, are left out. The weights' mean over the votes is 1. The people
    of ``raked`` are the contributors' codes. Raises ``ValueError`` where the votes have no contributors.
    """
    if votes.contributor is None:
        raise ValueError("Weights of people need votes that say who voted.")
    # The last place answers for the code -1, nobody known.
    votes = votes.take(np.append(raked.placed, False)[votes.contributor])
    if votes.contributor is None or not len(votes):
        return votes
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    given = np.ones(len(votes)) if votes.weights is None else votes.weights
    own = by_group(votes.contributor, given * counts, votes.contributors)
    weights = raked.weights[votes.contributor] * given / own[votes.contributor]
    return replace(votes, weights=weights * (votes.total / float((weights * counts).sum())))


def _targets(population: Population, groups: list[Codes]) -> tuple[list[Floats], tuple[Unreachable, ...]]:
    targets, missing = [], []
    for margin, group in zip(population.margins, groups, strict=True):
        shares = np.array(list(margin.shares.values()))
        there = np.bincount(group, minlength=len(shares)) > 0
        missing += [
            Unreachable(attribute=margin.attribute, value=value, share=share)
            for (value, share), reached in zip(margin.shares.items(), there.tolist(), strict=True)
            if not reached
        ]
        targets.append(np.where(there, shares, 0.0) / shares[there].sum())
    return targets, tuple(missing)


def _one_round(weights: Floats, groups: list[Codes], targets: list[Floats]) -> Floats:
    total = float(len(weights))
    for group, target in zip(groups, targets, strict=True):
        held = by_group(group, weights, len(target))
        factors = np.divide(target * total, held, out=np.ones_like(held), where=held > 0)
        weights = weights * factors[group]
    return np.clip(weights, SMALLEST, LARGEST)


def _reached(
    population: Population, groups: list[Codes], weights: Floats, targets: list[Floats]
) -> tuple[Reached, ...]:
    reached = []
    for margin, group, target in zip(population.margins, groups, targets, strict=True):
        raw = by_group(group, None, len(target)) / len(group)
        weighted = by_group(group, weights, len(target)) / float(weights.sum())
        reached += [
            Reached(
                attribute=margin.attribute,
                value=value,
                raw=float(raw[place]),
                weighted=float(weighted[place]),
                target=float(target[place]),
            )
            for place, value in enumerate(margin.shares)
            if target[place] > 0
        ]
    return tuple(reached)
