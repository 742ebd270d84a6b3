"""Segments against the whole: their scale, where they prefer otherwise, and sentences such as "best for Portuguese".

Ratings of two segments cannot be subtracted: in one the answers may be told apart more surely than in the other, which
stretches all distances alike. So θ_s = λ_s·θ + δ_s with the scale λ_s estimated (Swait and Louviere 1993); what is
left, δ_s, is a preference of the segment. All statements of a snapshot are one family (Benjamini and Hochberg 1995).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import fdtrc, stdtr

from apps.rankings.domain.influence import Influence
from apps.rankings.domain.method import POINTS
from apps.rankings.domain.votes import Flags, Floats

FALSE_SHARE: Final = 0.05
NIGHTS: Final = 3

#: With fewer there is nothing left to differ once the scale is taken away.
_LEAST_MODELS: Final = 3
#: A scale beyond this, or below one over it, is none.
_LARGEST_SCALE: Final = 20.0
_SETTLED: Final = 1e-8
_AT_THE_END: Final = 1e-3
#: Variances below this share of the largest one are rounding.
_NOTHING: Final = 1e-10


class CannotCompare(ValueError):
    """The segment cannot be compared with the whole; the message says why."""


class Kind(StrEnum):
    """What a statement says: the segment's order differs, or one model is best there and more so than elsewhere."""

    DIFFERS = "differs"
    BEST_FOR = "best-for"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One segment against the whole, over the ``models`` that both rank.

    ``scale`` is λ_s with its standard error; ``delta`` (models, log-odds of the segment) is δ_s, with mean zero and
    ``covariance``. ``p`` is that of the clustered Wald test of δ_s = 0 with ``numerator`` and ``denominator`` degrees
    of freedom. ``theta`` (models, mean zero) and ``theta_covariance`` are the segment's own ratings.
    """

    segment: str
    models: tuple[str, ...]
    scale: float
    scale_error: float
    delta: Floats
    covariance: Floats
    statistic: float
    numerator: int
    denominator: float
    p: float
    theta: Floats
    theta_covariance: Floats
    degrees: float

    def on_the_whole_s_scale(self, points: float) -> float:
        """Return a gap between two of the segment's ratings, divided by λ_s, so that segments' gaps compare."""
        return points / self.scale


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Statement:
    """One sentence that the numbers of a night support or not: what the nights are counted by."""

    kind: Kind
    segment: str
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A statement with its p-value, whether it holds among all of the snapshot's, and what it is about.

    ``effect`` is in points on the whole's scale: for ``BEST_FOR`` the model's δ, for ``DIFFERS`` the largest |δ|.
    """

    statement: Statement
    p: float
    holds: bool
    effect: float


@dataclass(frozen=True, slots=True)
class Night:
    """One snapshot's findings: the statements that ``held``, and the segments whose boards were published anew."""

    held: frozenset[Statement]
    refreshed: frozenset[str]


def compare(segment: str, part: Influence, whole: Influence) -> Compared:
    """Estimate λ_s and δ_s of a segment, and test δ_s = 0.

    The two boards share contributors, and votes, so their difference has the covariance
    W(λ) = Σ (d_s − λ·d)(d_s − λ·d)' over contributors, each one's steps taken together. λ_s minimises
    (θ_s − λθ)' W(λ)⁻¹ (θ_s − λθ) (minimum chi-square, Neyman 1949), whose minimum over M models is Hotelling's T² with
    M − 2 degrees of freedom (one for the mean, one for the scale) and n_eff − 1 of the segment (Hotelling 1931); with
    many contributors this is Wald's χ². Raises ``CannotCompare``.
    """
    models = tuple(name for name in part.known if name in whole.known)
    if len(models) < _LEAST_MODELS:
        raise CannotCompare(f"{len(models)} models have an interval in {segment} and in the whole, and it takes three.")
    theta_s, steps_s = _over(part, models)
    theta, steps = _over(whole, models)
    steps_s, steps = _together(part, steps_s, whole, steps)
    degrees = part.effective - 1
    numerator = len(models) - 2
    denominator = degrees - numerator + 1
    if denominator <= 1:
        raise CannotCompare(
            f"The contributors of {segment} weigh as much as {part.effective:.1f} equal ones, "
            f"too few to compare {len(models)} models."
        )
    basis = _contrasts(len(models))
    if _same(steps_s, steps, theta_s, theta):
        raise CannotCompare(f"{segment} is the whole: there is nothing to compare it with.")
    scale = _scale(theta_s @ basis, steps_s @ basis, theta @ basis, steps @ basis)
    if scale is None:
        raise CannotCompare(f"The order of {segment} has nothing in common with the whole's, so it has no scale of it.")
    apart = steps_s - scale * steps
    delta = theta_s - scale * theta
    inverse = basis @ np.linalg.inv(basis.T @ (apart.T @ apart) @ basis) @ basis.T
    # Both ratings err; given what is left between them this is the whole's better estimate, along which λ moves δ.
    along = theta - steps.T @ (apart @ (inverse @ delta))
    pull = inverse @ along / float(along @ inverse @ along)
    left = np.eye(len(models)) - np.outer(along, pull)
    statistic = float(delta @ inverse @ delta)
    return Compared(
        segment=segment,
        models=models,
        scale=scale,
        scale_error=float(np.sqrt(pull @ (apart.T @ apart) @ pull)),
        delta=delta,
        covariance=left @ (apart.T @ apart) @ left.T,
        statistic=statistic,
        numerator=numerator,
        denominator=denominator,
        p=float(fdtrc(numerator, denominator, statistic * denominator / (degrees * numerator))),
        theta=theta_s,
        theta_covariance=steps_s.T @ steps_s,
        degrees=degrees,
    )


def best_for(one: Compared) -> tuple[str, float, float]:
    """Return the segment's first model, how sure it is that it is best there and more so than in the whole, and its δ.

    The p-value is the largest of the one-sided ones of "it is better there than model j", for every other j, and of
    "its δ is positive": only if each of these holds does the sentence (intersection-union, Berger 1982). δ in points on
    the whole's scale.
    """
    first = int(np.argmax(one.theta))
    others = np.arange(len(one.models)) != first
    spread = np.diag(one.theta_covariance)
    variance = spread[first] + spread[others] - 2 * one.theta_covariance[first, others]
    tails = [_tail(gap, v, one.degrees) for gap, v in zip(one.theta[first] - one.theta[others], variance, strict=True)]
    tails.append(_tail(float(one.delta[first]), float(one.covariance[first, first]), one.degrees))
    return one.models[first], max(tails), float(one.delta[first]) * POINTS / one.scale


def findings(compared: Sequence[Compared], *, share: float = FALSE_SHARE) -> list[Finding]:
    """Return every statement that a snapshot could make, tested as one family.

    ``share`` bounds the expected share of wrong statements among those that hold.
    """
    made: list[tuple[Statement, float, float]] = []
    for one in compared:
        largest = float(np.abs(one.delta).max()) * POINTS / one.scale
        made.append((Statement(kind=Kind.DIFFERS, segment=one.segment), one.p, largest))
        model, p, effect = best_for(one)
        made.append((Statement(kind=Kind.BEST_FOR, segment=one.segment, model=model), p, effect))
    holds = benjamini_hochberg(np.array([p for _, p, _ in made]), share)
    return [
        Finding(statement=statement, p=p, holds=bool(held), effect=effect)
        for (statement, p, effect), held in zip(made, holds, strict=True)
    ]


def benjamini_hochberg(p: Floats, share: float) -> Flags:
    """Reject the k smallest of m p-values, k the largest with p₍k₎ ≤ k·share / m (Benjamini and Hochberg 1995)."""
    order = np.argsort(p, kind="stable")
    passes = np.flatnonzero(p[order] <= share * np.arange(1, len(p) + 1) / max(len(p), 1))
    rejected = np.zeros(len(p), np.bool_)
    rejected[order[: passes[-1] + 1 if len(passes) else 0]] = True
    return rejected


def appearing(nights: Sequence[Night], *, needed: int = NIGHTS) -> list[Statement]:
    """Return the statements that may be shown, given the nights' findings from the earliest to tonight's.

    One appears when it held on each of the last ``needed`` nights on which its segment's board was published anew; a
    night on which that board stayed as it was says nothing new, and neither counts nor breaks the row.
    """
    spoken = sorted({statement for night in nights for statement in night.held})
    return [
        statement
        for statement in spoken
        if len(row := [statement in night.held for night in nights if statement.segment in night.refreshed]) >= needed
        and all(row[-needed:])
    ]


def night_of(found: Sequence[Finding], refreshed: Mapping[str, bool]) -> Night:
    """Return what to remember of a night: which statements held, and which segments' boards were published anew."""
    return Night(
        frozenset(finding.statement for finding in found if finding.holds),
        frozenset(segment for segment, anew in refreshed.items() if anew),
    )


def _over(board: Influence, models: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Return ratings and steps of these models only, as distances to their mean."""
    places = [board.models.index(name) for name in models]
    theta, steps = board.theta[places], board.steps[:, places]
    return theta - theta.mean(), steps - steps.mean(axis=1, keepdims=True)


def _together(part: Influence, steps_s: Floats, whole: Influence, steps: Floats) -> tuple[Floats, Floats]:
    """Return the steps of both boards with one row for each contributor of either."""
    people = np.union1d(part.people, whole.people)
    both = []
    for board, own in ((part, steps_s), (whole, steps)):
        rows = np.zeros((len(people), own.shape[1]))
        rows[np.searchsorted(people, board.people)] = own
        both.append(rows)
    return both[0], both[1]


def _same(steps_s: Floats, steps: Floats, theta_s: Floats, theta: Floats) -> bool:
    apart = float(np.square(steps_s - steps).sum())
    return apart <= _NOTHING * float(np.square(steps).sum()) and bool(np.allclose(theta_s, theta, atol=1e-9))


def _contrasts(models: int) -> Floats:
    """Return an orthonormal basis (models by models − 1) of the differences between models (Helmert's)."""
    basis = np.zeros((models, models - 1))
    for column in range(models - 1):
        basis[: column + 1, column] = 1.0
        basis[column + 1, column] = -(column + 1.0)
    basis /= np.sqrt(np.square(basis).sum(axis=0))
    return basis


def _scale(theta_s: Floats, steps_s: Floats, theta: Floats, steps: Floats) -> float | None:
    """Return the λ > 0 of the smallest χ², or None where that lies at the end of what is looked at."""

    def distance(logarithm: float) -> float:
        scale = float(np.exp(logarithm))
        apart, delta = steps_s - scale * steps, theta_s - scale * theta
        return float(delta @ np.linalg.solve(apart.T @ apart, delta))

    end = float(np.log(_LARGEST_SCALE))
    found = minimize_scalar(distance, bounds=(-end, end), method="bounded", options={"xatol": _SETTLED})
    return float(np.exp(found.x)) if abs(found.x) < end - _AT_THE_END else None


def _tail(estimate: float, variance: float, degrees: float) -> float:
    return float(stdtr(degrees, -estimate / np.sqrt(variance))) if variance > 0 else 1.0
