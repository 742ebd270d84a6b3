"""What everybody's boards publish so that anyone can fit them again: pair counts, and what the numbers follow from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.method import FitMethod, Ties
from apps.rankings.domain.votes import UNKNOWN, Floats, Outcome, Votes
from apps.rankings.domain.weights import CapTooLow, capped
from apps.rankings.models import FactKind, Method
from apps.rankings.services import FittedBoard


def with_evidence(
    board: FittedBoard, result: BoardResult, votes: Votes, method: FitMethod, model_ids: Mapping[str, int]
) -> FittedBoard:
    """Add the evidence to a board of everybody, and to the plain one its pair counts; ``votes`` are what it was given.

    Only exact boards may carry them: beside rounded numbers they would tell what the rounding hides.
    """
    facts: dict[FactKind, Any] = dict(board.facts)
    if board.method == Method.PLAIN:
        facts[FactKind.PAIR_COUNTS] = pair_counts(votes, method, model_ids)
    if result.evidence is not None:
        facts[FactKind.EVIDENCE] = evidence_of(result, model_ids)
    return replace(board, facts=facts)


def pair_counts(votes: Votes, method: FitMethod, model_ids: Mapping[str, int]) -> dict[str, Any]:
    """Return how often each pair ended how: as votes, and as weight under the cap, from which the ratings follow.

    A vote that the method does not count has no weight. Sums are in the order of the votes, so that they repeat.
    """
    weights = vote_weights(votes, method)
    ids = np.array([model_ids[name] for name in votes.models], np.int64)
    rising = np.argsort(ids)
    code = np.empty(len(ids), np.int64)
    code[rising] = np.arange(len(ids))
    a, b = code[votes.model_a], code[votes.model_b]
    # Where the first model has the higher number, what was said of it is said of the other.
    outcome = np.where((a > b) & (votes.outcome <= Outcome.B), 1 - votes.outcome, votes.outcome)
    places = (np.minimum(a, b) * len(ids) + np.maximum(a, b)) * len(Outcome) + outcome
    size = len(ids) * len(ids) * len(Outcome)
    raw = np.bincount(places, minlength=size).reshape(-1, len(Outcome))
    weighted = np.bincount(places, weights, minlength=size).reshape(-1, len(Outcome))
    met = np.flatnonzero(raw.any(axis=1))
    names = ids[rising].tolist()
    pairs = [
        {"a": names[cell // len(ids)], "b": names[cell % len(ids)], "raw": said, "weighted": weight}
        for cell, said, weight in zip(met.tolist(), raw[met].tolist(), weighted[met].tolist(), strict=True)
    ]
    return {"pairs": pairs}


def vote_weights(votes: Votes, method: FitMethod) -> Floats:
    """Return each vote's weight (n) under the method's cap: nothing for votes that it does not count.

    The cap looks at what somebody's counted votes weigh together, ranked or not, as the fit does.
    """
    out = np.zeros(len(votes), np.bool_)
    if method.ties is Ties.DROP:
        out |= np.equal(votes.outcome, Outcome.BOTH_GOOD)
    if method.ties is not Ties.HALF:
        out |= np.equal(votes.outcome, Outcome.BOTH_BAD)
    weights = np.where(out, 0.0, 1.0 if votes.weights is None else votes.weights)
    if method.cap is None or votes.contributor is None:
        return weights
    weights[votes.contributor == UNKNOWN] = 0.0
    known = np.where(votes.contributor == UNKNOWN, 0, votes.contributor)
    try:
        amounts = np.bincount(known, weights, minlength=votes.contributors).astype(np.float64)
        factors = capped(amounts, method.cap)
    except CapTooLow:
        # There is no board, and so nothing weighs anything.
        return np.zeros(len(votes))
    return np.asarray(weights * factors[known])


def evidence_of(result: BoardResult, model_ids: Mapping[str, int]) -> dict[str, Any]:
    """Return optimum, gradient, information, middle and covariance (log-odds); JSON keeps every bit of a float."""
    found = result.evidence
    if found is None:
        return {}
    return {
        "models": [model_ids[name] for name in found.models],
        "columns": list(found.columns),
        "theta": found.theta.tolist(),
        "beta": found.beta.tolist(),
        "gradient": found.gradient.tolist(),
        "hessian": found.hessian.tolist(),
        "middle": found.middle.tolist(),
        "covariance": found.covariance.tolist(),
    }
