"""Whom the board speaks for: the declared distribution of pairs, and the weights that turn drawn battles into it.

Battles are drawn with a known probability, so a board under another distribution of pairs weighs each vote by
target ÷ logged probability (Horvitz and Thompson 1952), trimmed so that no rare pair decides alone. Never by
1 ÷ observed count: whoever attacks a rare pair would choose that count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

import numpy as np

from apps.rankings.domain.votes import Counts, Flags, Floats, Votes

TRIM: Final = 5.0
_SUM_TOLERANCE: Final = 1e-6


class Target(StrEnum):
    """Under which distribution of pairs a board is estimated."""

    AS_DRAWN = "as-drawn"
    UNIFORM = "uniform"


class UnusableProbability(ValueError):
    """A battle has no probability of being drawn, so that it cannot be weighted; the message says how many."""


class UnusableTarget(ValueError):
    """The declared distribution of pairs is none, or does not cover the models; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class PairDistribution:
    """How often each pair of models should meet: ``share`` (models square, symmetric, zero diagonal).

    ``share[i, j]`` is the probability of the unordered pair, so that those above the diagonal make 1.
    """

    models: tuple[str, ...]
    share: Floats

    @classmethod
    def uniform(cls, models: tuple[str, ...]) -> Self:
        """Let every pair meet equally often: every model has the same opponents."""
        many = len(models)
        share = np.full((many, many), 2.0 / (many * (many - 1)) if many > 1 else 0.0)
        np.fill_diagonal(share, 0.0)
        return cls(models, share)

    @classmethod
    def declared(cls, models: tuple[str, ...], shares: Mapping[tuple[str, str], float]) -> Self:
        """Take the shares of unordered pairs; a pair that is not named never counts. Raises ``UnusableTarget``."""
        share = np.zeros((len(models), len(models)))
        for (one, other), value in shares.items():
            if one not in models or other not in models or one == other:
                raise UnusableTarget(f"{one} against {other} is no pair of models of this board.")
            if not value >= 0 or share[models.index(one), models.index(other)]:
                raise UnusableTarget(f"The share of {one} against {other} is negative or given twice.")
            share[models.index(one), models.index(other)] = share[models.index(other), models.index(one)] = value
        total = float(share.sum()) / 2
        if abs(total - 1) > _SUM_TOLERANCE:
            raise UnusableTarget(f"The shares of all pairs make {total:g} together, not 1.")
        return cls(models, share)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aimed:
    """Votes weighted to a target.

    ``kept`` (bool, n of the votes given) is False for pairs that never count under the target. ``trimmed`` counts the
    votes whose ratio was cut; ``effective`` is the number of equally heavy votes that would be as uneven (Kish 1965).
    """

    votes: Votes
    kept: Flags
    trimmed: int
    effective: float


def ratio_weights(ratio: Floats, counts: Counts | None = None, *, trim: float = TRIM) -> Floats:
    """Cut ratios (n, positive) at ``trim`` and divide them by their mean over the votes, so that they average 1."""
    cut = np.minimum(ratio, trim)
    total = float(cut.sum() if counts is None else (cut * counts).sum())
    return cut * ((len(cut) if counts is None else int(counts.sum())) / total) if total > 0 else cut


def aimed_at(votes: Votes, probability: Floats, target: PairDistribution, *, trim: float = TRIM) -> Aimed:
    """Weight votes by target ÷ logged probability of their pair, trimmed and normalised.

    ``probability`` (float64, n, in (0, 1]) is that with which each battle's unordered pair was drawn, given who could
    be drawn at that moment. Weights that the votes have already are multiplied. The target is the same for all votes,
    whatever models there were when a vote was cast. Raises ``UnusableProbability`` and ``UnusableTarget``.
    """
    fine = np.isfinite(probability) & (probability > 0) & (probability <= 1)
    if not fine.all():
        raise UnusableProbability(
            f"{votes.number(~fine):,} votes have no probability of their pair between 0 and 1, so they have no weight."
        )
    if target.models != votes.models:
        raise UnusableTarget("The declared distribution of pairs is one of other models than the votes are on.")
    ratio = target.share[votes.model_a, votes.model_b] / probability
    kept = ratio > 0
    votes = votes if kept.all() else votes.take(kept)
    ratio = ratio[kept]
    weights = ratio_weights(ratio, votes.counts, trim=trim)
    aimed = replace(votes, weights=weights if votes.weights is None else weights * votes.weights)
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts
    squares = float((counts * weights * weights).sum())
    return Aimed(
        votes=aimed,
        kept=kept,
        trimmed=votes.number(ratio > trim),
        effective=float((counts * weights).sum()) ** 2 / squares if squares else 0.0,
    )


def under_target(votes: Votes, probability: Floats | None, target: Target) -> Votes:
    """Return the votes as they are, or weighted to uniform opponents among the models that have a vote.

    Raises ``UnusableProbability`` where the probabilities are needed and missing.
    """
    if target is Target.AS_DRAWN or not len(votes):
        return votes
    if probability is None:
        raise UnusableProbability("These votes came without the probabilities of their pairs.")
    present = np.zeros(len(votes.models), np.bool_)
    present[votes.model_a] = present[votes.model_b] = True
    chosen = np.flatnonzero(present)
    share = np.zeros((len(votes.models), len(votes.models)))
    share[np.ix_(chosen, chosen)] = PairDistribution.uniform(tuple(votes.models[code] for code in chosen)).share
    return aimed_at(votes, probability, PairDistribution(votes.models, share)).votes
