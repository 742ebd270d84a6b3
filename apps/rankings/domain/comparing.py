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


def compare(segment: str, part: Influence, whole: Influence, whole_covariance: Floats | None = None) -> Compared:
    """Estimate λ_s and δ_s of a segment, and test δ_s = 0.

    The two boards share contributors, and votes, so their difference has the covariance
    W(λ) = Σ (d_s − λ·d)(d_s − λ·d)' over contributors, each one's steps taken together. λ_s minimises
    (θ_s − λθ)' W(λ)⁻¹ (θ_s − λθ) (minimum chi-square, Neyman 1949), whose minimum over M models is Hotelling's T² with
    M − 2 degrees of freedom (one for the mean, one for the scale) and n_eff − 1 of the segment (Hotelling 1931); with
    many contributors this is Wald's χ². ``whole_covariance`` is the whole's, which many segments share. Raises
    ``CannotCompare``.
    """
    models = tuple(name for name in part.known if name in whole.known)
    if len(models) < _LEAST_MODELS:
        raise CannotCompare(f"{len(models)} models have an interval in {segment} and in the whole, and it takes three.")
    theta_s, theta = _over(part, models), _over(whole, models)
    moved = _moved_by(part, whole, models, whole.covariance if whole_covariance is None else whole_covariance)
    degrees = part.effective - 1
    numerator = len(models) - 2
    denominator = degrees - numerator + 1
    if denominator <= 1:
        raise CannotCompare(
            f"The contributors of {segment} weigh as much as {part.effective:.1f} equal ones, "
            f"too few to compare {len(models)} models."
        )
    basis = _contrasts(len(models))
    if moved.is_same and np.allclose(theta_s, theta, atol=1e-9):
        raise CannotCompare(f"{segment} is the whole: there is nothing to compare it with.")
    scale = _scale(theta_s @ basis, theta @ basis, moved.along(basis))
    if scale is None:
        raise CannotCompare(f"The order of {segment} has nothing in common with the whole's, so it has no scale of it.")
    apart = moved.apart(scale)
    delta = theta_s - scale * theta
    inverse = basis @ np.linalg.inv(basis.T @ apart @ basis) @ basis.T
    # Both ratings err; given what is left between them this is the whole's better estimate, along which λ moves δ.
    along = theta - (moved.both.T - scale * moved.whole) @ (inverse @ delta)
    pull = inverse @ along / float(along @ inverse @ along)
    left = np.eye(len(models)) - np.outer(along, pull)
    statistic = float(delta @ inverse @ delta)
    return Compared(
        segment=segment,
        models=models,
        scale=scale,
        scale_error=float(np.sqrt(pull @ apart @ pull)),
        delta=delta,
        covariance=left @ apart @ left.T,
        statistic=statistic,
        numerator=numerator,
        denominator=denominator,
        p=float(fdtrc(numerator, denominator, statistic * denominator / (degrees * numerator))),
        theta=theta_s,
        theta_covariance=moved.own,
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


@dataclass(frozen=True, slots=True, eq=False)
class _Moved:
    """How contributors move both boards (models square each): Σ d_s d_s', Σ d_s d' and Σ d d' over them."""

    own: Floats
    both: Floats
    whole: Floats

    def apart(self, scale: float) -> Floats:
        """Return W(λ) = Σ (d_s − λ·d)(d_s − λ·d)'."""
        covariance: Floats = self.own - scale * (self.both + self.both.T) + scale * scale * self.whole
        return covariance

    def along(self, basis: Floats) -> "_Moved":
        """Return the same of contrasts between models."""
        return _Moved(*(basis.T @ each @ basis for each in (self.own, self.both, self.whole)))

    @property
    def is_same(self) -> bool:
        """Whether everybody moves both boards alike."""
        return float(np.trace(self.apart(1.0))) <= _NOTHING * float(np.trace(self.whole))


def _over(board: Influence, models: tuple[str, ...]) -> Floats:
    """Return ratings of these models only, as distances to their mean."""
    theta = board.theta[[board.models.index(name) for name in models]]
    distances: Floats = theta - theta.mean()
    return distances


def _moved_by(part: Influence, whole: Influence, models: tuple[str, ...], covariance: Floats) -> _Moved:
    """Gather the steps of both boards over these models, each contributor's taken together.

    Products of the steps are made once, since there may be many more contributors than models.
    """
    mine, places = (np.array([board.models.index(name) for name in models]) for board in (part, whole))
    _common, in_part, in_whole = np.intersect1d(part.people, whole.people, assume_unique=True, return_indices=True)
    own = part.steps[:, mine]
    return _Moved(
        own=_centred(own.T @ own),
        both=_centred(own[in_part].T @ whole.steps[np.ix_(in_whole, places)]),
        whole=_centred(covariance[np.ix_(places, places)]),
    )


def _centred(products: Floats) -> Floats:
    """Return products of steps as those of distances to the mean of the models at hand, on both sides."""
    half: Floats = products - products.mean(axis=0, keepdims=True)
    whole: Floats = half - half.mean(axis=1, keepdims=True)
    return whole


def _contrasts(models: int) -> Floats:
    """Return an orthonormal basis (models by models − 1) of the differences between models (Helmert's)."""
    basis = np.zeros((models, models - 1))
    for column in range(models - 1):
        basis[: column + 1, column] = 1.0
        basis[column + 1, column] = -(column + 1.0)
    basis /= np.sqrt(np.square(basis).sum(axis=0))
    return basis


def _scale(theta_s: Floats, theta: Floats, moved: _Moved) -> float | None:
    """Return the λ > 0 of the smallest χ², or None where that lies at the end of what is looked at."""

    def distance(logarithm: float) -> float:
        scale = float(np.exp(logarithm))
        delta = theta_s - scale * theta
        return float(delta @ np.linalg.solve(moved.apart(scale), delta))

    end = float(np.log(_LARGEST_SCALE))
    found = minimize_scalar(distance, bounds=(-end, end), method="bounded", options={"xatol": _SETTLED})
    return float(np.exp(found.x)) if abs(found.x) < end - _AT_THE_END else None


def _tail(estimate: float, variance: float, degrees: float) -> float:
    return float(stdtr(degrees, -estimate / np.sqrt(variance))) if variance > 0 else 1.0
