"""Davidson's model of ties, fitted beside the board: whether a tie of its own kind would change anything.

The board counts a tie as half a win for each side. Davidson (1970) gives ties a strength: with π_i = exp(θ_i)

    P(i wins) = π_i / D,   P(j wins) = π_j / D,   P(tie) = nu·√(π_i·π_j) / D,

with D = π_i + π_j + nu·√(π_i·π_j).

Its order is nearly always the board's, on another scale; it is reported for its fit and ranks nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import Counts, Floats, Outcome, Votes

MAX_STEPS: Final = 100
TOLERANCE: Final = 1e-11

#: Halvings of a step that went too far, before the likelihood is taken to have no maximum.
_HALVINGS: Final = 40


class NoDavidson(ValueError):
    """The model has no finite estimate on these votes; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Davidson:
    """The maximum likelihood estimate of Davidson's model.

    ``theta`` (models, natural log-odds, mean zero) is in the order of ``models``, ``nu`` the odds of a tie between
    equals against one side's win. ``log_likelihood`` is the maximum, summed over weighted votes. ``scale`` is the slope
    of the board's ratings on these, through the origin: by how much half wins stretch or shrink them.
    ``largest_gap`` is what is left between the two after that, in log-odds, and ``moved`` the number of models whose
    rank differs.
    """

    models: tuple[str, ...]
    theta: Floats
    nu: float
    log_likelihood: float
    votes: int
    ties: int
    steps: int
    scale: float
    largest_gap: float
    moved: int

    def chances(self, one: str, other: str) -> Mapping[str, float]:
        """Return the probabilities that the first wins, the second wins, and that they tie."""
        gap = self.theta[self.models.index(one)] - self.theta[self.models.index(other)]
        odds = np.array([np.exp(gap / 2), np.exp(-gap / 2), self.nu])
        first, second, tie = (odds / odds.sum()).tolist()
        return {"first": first, "second": second, "tie": tie}


def fit_davidson(votes: Votes, board: BoardResult) -> Davidson:
    """Fit Davidson's model on the votes between the models that a plain board ranks.

    Both kinds of tie count as one. The likelihood is that of a multinomial logit with utilities θ_i, θ_j and
    (θ_i + θ_j)/2 + ln nu, hence concave in (θ, ln nu): Newton's method with halved steps finds its maximum, from counts
    by pair and outcome. Raises ``NoDavidson`` where there is no board, no tie, or nothing but ties.
    """
    evidence = board.evidence
    if evidence is None:
        raise NoDavidson("There is no board to compare with.")
    names = evidence.models
    counts, total = _counts(votes, names)
    tied = float(counts[:, :, 2].sum())
    if not 0 < tied < float(counts.sum()):
        raise NoDavidson("Davidson's model needs ties and decisions, and these votes are all of one kind.")
    low, high = np.nonzero(counts.sum(axis=2))
    cells = counts[low, high]
    models = len(names)
    point = np.zeros(models + 1)
    value, gradient, information = _derivatives(point, low, high, cells, models)
    for step_number in range(1, MAX_STEPS + 1):
        filled = information.copy()
        # A constant in the models' block fixes their mean and changes no difference between them.
        filled[:models, :models] += np.trace(information[:models, :models]) / models**2
        step = np.linalg.solve(filled, gradient)
        if float(np.abs(step).max()) <= TOLERANCE:
            return _reported(point, value, step_number, names, evidence.theta, int(total[:3].sum()), int(total[2]))
        length = 1.0
        for _ in range(_HALVINGS):
            there = point + length * step
            found = _derivatives(there, low, high, cells, models)
            if found[0] >= value - abs(value) * 1e-14:
                break
            length /= 2
        point = there
        value, gradient, information = found
    raise NoDavidson("The likelihood has no finite maximum: some models nearly always win, lose or tie.")


def _counts(votes: Votes, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Return weight by low model, high model and who won (low, high, tie), and numbers of votes by outcome."""
    models = len(names)
    order = {name: at for at, name in enumerate(names)}
    place = np.array([order.get(name, -1) for name in votes.models], np.int64)
    a, b = place[votes.model_a], place[votes.model_b]
    inside = (a >= 0) & (b >= 0)
    a, b, said = a[inside], b[inside], np.minimum(votes.outcome[inside], Outcome.BOTH_GOOD).astype(np.int64)
    turned = a > b
    said = np.where(turned & (said < Outcome.BOTH_GOOD), 1 - said, said)
    numbers = np.ones(len(a)) if votes.counts is None else votes.counts[inside].astype(np.float64)
    weights = numbers if votes.weights is None else numbers * votes.weights[inside]
    cells = (np.where(turned, b, a) * models + np.where(turned, a, b)) * 3 + said
    gathered = by_group(cells, weights, models * models * 3).reshape(models, models, 3)
    return gathered, by_group(said, numbers, 3)


def _derivatives(point: Floats, low: Counts, high: Counts, cells: Floats, models: int) -> tuple[float, Floats, Floats]:
    """Return the log-likelihood, its gradient and the information at (θ, ln nu)."""
    half = (point[low] - point[high]) / 2
    utility = np.column_stack([half, -half, np.full(len(half), point[models])])
    largest = utility.max(axis=1, keepdims=True)
    log_total = largest[:, 0] + np.log(np.exp(utility - largest).sum(axis=1))
    chance = np.exp(utility - log_total[:, None])
    n = cells.sum(axis=1)
    value = float((cells * (utility - log_total[:, None])).sum())
    # Per cell the utilities move with the gap (by ½, −½, 0) and with ln nu (by 0, 0, 1).
    gap = (cells[:, 0] - cells[:, 1]) / 2 - n * (chance[:, 0] - chance[:, 1]) / 2
    mean = (chance[:, 0] - chance[:, 1]) / 2
    spread = n * ((chance[:, 0] + chance[:, 1]) / 4 - mean**2)
    cross = -n * mean * chance[:, 2]
    gradient = np.zeros(models + 1)
    np.add.at(gradient, low, gap)
    np.add.at(gradient, high, -gap)
    gradient[models] = float((cells[:, 2] - n * chance[:, 2]).sum())
    information = np.zeros((models + 1, models + 1))
    for one, other, sign in ((low, low, 1), (high, high, 1), (low, high, -1), (high, low, -1)):
        np.add.at(information, (one, other), sign * spread)
    np.add.at(information[models], low, cross)
    np.add.at(information[models], high, -cross)
    information[:models, models] = information[models, :models]
    information[models, models] = float((n * chance[:, 2] * (1 - chance[:, 2])).sum())
    return value, gradient, information


def _reported(
    point: Floats, value: float, steps: int, names: tuple[str, ...], board: Floats, votes: int, ties: int
) -> Davidson:
    theta = point[:-1] - point[:-1].mean()
    size = float(theta @ theta)
    scale = float(theta @ board) / size if size > 0 else 1.0
    ranks, own = (np.argsort(np.argsort(-np.round(rated, 9), kind="stable")) for rated in (board, theta))
    return Davidson(
        models=names,
        theta=theta,
        nu=float(np.exp(point[-1])),
        log_likelihood=value,
        votes=votes,
        ties=ties,
        steps=steps,
        scale=scale,
        largest_gap=float(np.abs(board - scale * theta).max()),
        moved=int(np.count_nonzero(ranks != own)),
    )
