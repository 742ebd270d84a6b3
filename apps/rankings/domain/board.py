"""One fitted board, as it is published: whole millionths of a point, and what they were made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from apps.rankings.domain.graph import WhyUnranked
from apps.rankings.domain.method import MICRO, POINTS
from apps.rankings.domain.votes import Flags, Floats


def micropoints(points: float) -> int:
    """Return points as the published integer, in millionths (ties to even)."""
    return round(points * MICRO)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedModel:
    """One model on the board; ``rating``, ``lower`` and ``upper`` in millionths of a point.

    The interval is that of the model's distance to the plain mean of the ranked models, laid around its rating; None
    where nothing honest can be said. ``rank`` counts the models with a higher rating; the true rank lies between
    ``rank_low`` and ``rank_high``, for all models of the board at once.
    """

    model: str
    rating: int
    lower: int | None
    upper: int | None
    rank: int
    rank_low: int
    rank_high: int
    votes: int
    contributors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleEffect:
    """What one style column is worth: millionths of a point per root mean square of its difference between sides.

    For ``position`` it is the worth of standing left. ``scale`` is that root mean square, in the column's own unit.
    """

    name: str
    coefficient: int
    lower: int | None
    upper: int | None
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrankedModel:
    """A model that was in the votes and cannot stand on the board."""

    model: str
    why: WhyUnranked
    votes: int
    contributors: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What the board's numbers follow from, for publication and verification; natural log-odds throughout.

    ``theta`` (models, mean zero, in the order of ``models``) then ``beta`` are the optimum; ``hessian`` is the
    information there, ``middle`` the sandwich's uncorrected middle matrix, ``covariance`` that of the distances to the
    mean and of the style coefficients, ``gradient`` the score at the optimum.
    """

    models: tuple[str, ...]
    columns: tuple[str, ...]
    theta: Floats
    beta: Floats
    gradient: Floats
    hessian: Floats
    middle: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardResult:
    """A fitted board.

    ``models`` falls by rating, then by name. ``votes`` and ``contributors`` count what is in the estimate, ``left_out``
    what is not, by reason (``votes.LeftOut``). ``parameters`` is everything else that the numbers depend on
    and what was decided on the way, ready for JSON. Where no model can be ranked ``models`` is empty and
    ``why_empty`` says why in a sentence; ``why_no_intervals`` does so for intervals. ``kernels`` says which loops ran.
    """

    models: tuple[RankedModel, ...]
    style: tuple[StyleEffect, ...] = ()
    unranked: tuple[UnrankedModel, ...] = ()
    votes: int = 0
    contributors: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    why_empty: str | None = None
    why_no_intervals: str | None = None
    kernels: str = ""
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.models)

    def of(self, model: str) -> RankedModel:
        """Return one model's line; ``KeyError`` where it is not ranked."""
        for line in self.models:
            if line.model == model:
                return line
        raise KeyError(model)


def as_json(board: BoardResult) -> dict[str, object]:
    """Return the board in the documented form, points as decimal numbers with at most six digits.

    A published integer is the number times 1,000,000, rounded.
    """

    def points(value: int | None) -> float | None:
        return None if value is None else value / MICRO

    return {
        "models": [
            {
                "model": line.model,
                "rating": points(line.rating),
                "lower": points(line.lower),
                "upper": points(line.upper),
                "rank": line.rank,
                "rank_low": line.rank_low,
                "rank_high": line.rank_high,
                "votes": line.votes,
                "contributors": line.contributors,
            }
            for line in board.models
        ],
        "style": [
            {
                "name": effect.name,
                "coefficient": points(effect.coefficient),
                "lower": points(effect.lower),
                "upper": points(effect.upper),
            }
            for effect in board.style
        ],
        "votes": board.votes,
        "contributors": board.contributors,
        "left_out": dict(board.left_out),
        "method": {**board.parameters, "kernels": board.kernels, "notes": list(board.notes)},
        "unranked": [
            {"model": model.model, "why": model.why.value, "votes": model.votes, "contributors": model.contributors}
            for model in board.unranked
        ],
        "why_empty": board.why_empty,
        "why_no_intervals": board.why_no_intervals,
    }


def rounded_intervals(middles: Floats, halves: Floats, known: Flags) -> list[tuple[int | None, int | None]]:
    """Return lower and upper ends in millionths of a point, for middles in points and halves in log-odds."""
    lower = np.rint((middles - halves * POINTS) * MICRO).tolist()
    upper = np.rint((middles + halves * POINTS) * MICRO).tolist()
    ends = zip(lower, upper, known.tolist(), strict=True)
    return [(int(low), int(high)) if sure else (None, None) for low, high, sure in ends]
