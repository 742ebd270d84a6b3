"""How far each contributor moves each rating: what two boards on the same votes have in common can be told from it."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.estimate import fill
from apps.rankings.domain.intervals import choose
from apps.rankings.domain.method import FitMethod, Intervals, Ties
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import UNKNOWN, Codes, Floats, Outcome, Votes
from apps.rankings.domain.weights import capped, effective_number

Whole: TypeAlias = NDArray[np.integer]

#: So many contributors, the heaviest, are left out exactly; of a lighter one the step differs by their small leverage.
HEAVIEST: Final = 1000
_AT_ONCE: Final = 64
_SCORE: Final = np.array([1.0, 0.0, 0.5, 0.5])


class NoInfluence(ValueError):
    """The board says nothing on its contributors; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Influence:
    """One plain board and its contributors.

    ``theta`` (models, log-odds, mean zero) is in the order of ``models``; ``known`` are those with an interval.
    ``people`` (rising codes) are the contributors, ``steps`` (people by models) how far each moves the ratings, so
    scaled that Σ d d' over people is the covariance of the distances to the mean. ``effective`` is n_eff = 1 / Σ share²
    of their weight.
    """

    models: tuple[str, ...]
    known: tuple[str, ...]
    theta: Floats
    people: Codes
    steps: Floats
    effective: float

    @property
    def covariance(self) -> Floats:
        """The covariance of the distances to the mean (models square, squared log-odds)."""
        return self.steps.T @ self.steps


def influence(votes: Votes, board: BoardResult, method: FitMethod) -> Influence:
    """Return each contributor's part in a plain board that was fitted from these votes by this method.

    Steps are those of the board's own kind of interval (``intervals.choose``): for CR1 H⁻¹s_g times the square root of
    G/(G − 1), for CV3 (H − H_g)⁻¹s_g times that of (G − 1)/G, with scores s_g and information H (MacKinnon, Nielsen and
    Webb 2023). Raises ``NoInfluence`` for a styled board, an empty one and one without contributors.
    """
    evidence = board.evidence
    if evidence is None or votes.contributor is None or evidence.columns:
        raise NoInfluence("Only a plain board with contributors shows how far each of them moves it.")
    models = len(evidence.models)
    place = np.array(
        [{name: at for at, name in enumerate(evidence.models)}.get(name, UNKNOWN) for name in votes.models]
    )
    counted = _counted(votes, method)
    weights = _weights(counted, method.cap)
    low, high = place[counted.model_a], place[counted.model_b]
    inside = (low >= 0) & (high >= 0)
    counted, weights, low, high = counted.take(inside), weights[inside], low[inside], high[inside]
    people, who = np.unique(np.asarray(counted.contributor), return_inverse=True)
    chance = 1.0 / (1.0 + np.exp(evidence.theta[high] - evidence.theta[low]))
    u = weights * (_SCORE[counted.outcome] - chance)
    v = weights * chance * (1.0 - chance)
    keys = who * models
    scores = by_group(keys + low, u, len(people) * models) - by_group(keys + high, u, len(people) * models)
    scores = scores.reshape(len(people), models)
    filled = fill(evidence.hessian, models)
    steps = scores @ np.linalg.inv(filled)
    many = len(people)
    amounts = by_group(who, weights, many)
    kind = choose(amounts) if method.intervals is Intervals.AUTO else method.intervals
    if kind is Intervals.CV3:
        heaviest = np.argsort(-amounts, kind="stable")[:HEAVIEST]
        steps[heaviest] = _left_out(heaviest, who, low, high, v, scores, filled)
        steps *= np.sqrt((many - 1) / many)
    elif many > 1:
        parameters = models - 1
        total = counted.total
        enough = total > parameters
        steps *= np.sqrt(many / (many - 1) * ((total - 1) / (total - parameters) if enough else 1.0))
    sure = {line.model for line in board.models if line.lower is not None}
    return Influence(
        models=evidence.models,
        known=tuple(name for name in evidence.models if name in sure),
        theta=evidence.theta,
        people=people.astype(np.int32),
        steps=steps - steps.mean(axis=1, keepdims=True),
        effective=effective_number(amounts),
    )


def _counted(votes: Votes, method: FitMethod) -> Votes:
    gone = {Ties.HALF: (), Ties.DROP_BOTH_BAD: (Outcome.BOTH_BAD,), Ties.DROP: (Outcome.BOTH_BAD, Outcome.BOTH_GOOD)}
    kept = ~np.isin(votes.outcome, gone[method.ties]) & (np.asarray(votes.contributor) != UNKNOWN)
    return votes if kept.all() else votes.take(kept)


def _weights(votes: Votes, cap: float | None) -> Floats:
    """Return count times weight of each row, under the cap."""
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights
    weights = weights if votes.counts is None else weights * votes.counts
    if cap is None or votes.contributor is None:
        return weights
    factors: Floats = capped(by_group(votes.contributor, weights, votes.contributors), cap)
    return weights * factors[votes.contributor]


def _left_out(chosen: Whole, who: Whole, low: Whole, high: Whole, v: Floats, scores: Floats, filled: Floats) -> Floats:
    """Return (H − H_g)⁻¹s_g for the chosen contributors, some at a time."""
    models = len(filled)
    size = models * models
    rows = csr_array((np.ones(len(who), np.int8), (who, np.arange(len(who)))), shape=(len(scores), len(who)))
    steps = np.empty((len(chosen), models))
    for begin in range(0, len(chosen), _AT_ONCE):
        some = chosen[begin : begin + _AT_ONCE]
        left = np.repeat(filled[None], len(some), axis=0)
        for at, person in enumerate(some.tolist()):
            mine = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
            met = by_group(low[mine] * models + high[mine], v[mine], size).reshape(models, models)
            met = met + met.T
            left[at] += met - np.diag(met.sum(axis=0))
        try:
            steps[begin : begin + len(some)] = np.linalg.solve(left, scores[some][:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            # Without one of them the board falls apart; the shortest step is what is left to say.
            steps[begin : begin + len(some)] = np.einsum("gij,gj->gi", np.linalg.pinv(left), scores[some])
    return steps
