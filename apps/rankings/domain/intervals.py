"""How sure the estimate is: sandwich covariances over votes or contributors, and when there is no honest answer.

Votes of one person are not independent, so the covariance sums scores by contributor (Huber 1967; White 1980; Cameron,
Gelbach and Miller 2008). Where contributors are few or uneven the sum is known to be too small, and the cluster
jackknife with Student's t takes its place (MacKinnon, Nielsen and Webb 2023; Carter, Schnepel and Steigerwald 2017).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri, stdtrit

from apps.rankings.domain.estimate import Estimate, derivatives, fill
from apps.rankings.domain.graph import resting_on_one
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.kernels_numpy import group_information, group_score
from apps.rankings.domain.method import FitMethod, Intervals
from apps.rankings.domain.passes import in_order
from apps.rankings.domain.scores import OneByOne, Scores, group_pieces
from apps.rankings.domain.tally import Tally
from apps.rankings.domain.votes import Codes, Flags, Floats
from apps.rankings.domain.weights import effective_number

MIN_EFFECTIVE: Final = 6.0
ENOUGH_CONTRIBUTORS: Final = 500
LARGE_SHARE: Final = 0.02

#: Variances below this (squared log-odds) are no variation at all: every residual is zero.
_NOTHING: Final = 1e-20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertainty:
    """The covariance behind the intervals.

    ``kind`` is what was used in the end; ``covariance`` (models + k square,
    squared log-odds) is that of the distances to the plain mean of the models, then of the style coefficients;
    ``middle`` is the sandwich's uncorrected middle matrix, ``correction`` the factor on it. ``half`` times a standard
    error is half an interval; ``degrees`` are Student's, None for the normal law. ``known`` (bool, models + k) is False
    where nothing can be said. ``why_none`` says why there are no intervals at all.
    """

    kind: Intervals
    covariance: Floats
    middle: Floats
    correction: float
    half: float
    degrees: float | None
    effective: float
    groups: int
    known: Flags
    why_none: str | None
    notes: tuple[str, ...]

    @property
    def errors(self) -> Floats:
        """Standard errors (models + k, log-odds)."""
        return np.sqrt(np.clip(np.diag(self.covariance), 0.0, None))


def choose(amounts: Floats | None) -> Intervals:
    """Choose the covariance for a board, by each contributor's total weight (None where contributors are unknown).

    CR1 asks for many and even contributors: below 500, or with one above 2 % of the weight, CV3 is used.
    """
    if amounts is None:
        return Intervals.HC0
    few = int(np.count_nonzero(amounts)) < ENOUGH_CONTRIBUTORS
    uneven = float(amounts.max(initial=0.0)) > LARGE_SHARE * float(amounts.sum())
    return Intervals.CV3 if few or uneven else Intervals.CR1


def uncertainty(
    estimate: Estimate, method: FitMethod, scores: Scores | None, tally: Tally, kernels: Kernels
) -> Uncertainty:
    """Return the covariance of an estimate.

    ``scores`` sums scores by contributor (None where contributors are unknown or not asked for); ``tally`` counts the
    votes of the board. The corrections: none for
    HC0, G/(G - 1) * (n - 1)/(n - k) for CR1 with k free parameters (models - 1 and the style columns kept), (G - 1)/G
    for CV3, whose Student's t has n_eff - 1 degrees of freedom.
    """
    models, votes = len(estimate.theta), tally.total
    amounts = None if scores is None else tally.amounts
    kind = choose(amounts) if method.intervals is Intervals.AUTO else method.intervals
    notes = []
    if amounts is None and kind in {Intervals.CR1, Intervals.CV3}:
        notes.append(f"Contributors are unknown, so {kind} became hc0: every vote counts as a contributor of its own.")
        kind = Intervals.HC0
    if scores is None or amounts is None:
        found = _over_votes(estimate, votes, kernels)
    else:
        found = _over_contributors(estimate, scores, amounts, kind, votes, kernels)
    known = found.known & (np.diag(found.covariance) > _NOTHING)
    degrees = found.effective - 1.0 if kind is Intervals.CV3 else None
    tail = 0.5 + method.level / 2
    return Uncertainty(
        kind=kind,
        covariance=found.covariance,
        middle=found.middle,
        correction=found.correction,
        half=float(ndtri(tail)) if degrees is None or degrees <= 0 else float(stdtrit(degrees, tail)),
        degrees=degrees,
        effective=found.effective,
        groups=found.groups,
        known=known,
        why_none=_why_none(kind, found, votes, estimate.parameters, known[:models]),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    covariance: Floats
    middle: Floats
    correction: float
    effective: float
    groups: int
    known: Flags


def _over_votes(estimate: Estimate, votes: int, kernels: Kernels) -> _Found:
    cells = estimate.cells
    _, middle = derivatives(estimate.source, estimate.point, kernels, middle=True)
    return _Found(
        covariance=_sandwich(estimate.inverse, middle, kernels),
        middle=middle,
        correction=1.0,
        effective=float(cells.weight.sum()) ** 2 / float(cells.square.sum()),
        groups=votes,
        known=np.ones(len(estimate.inverse), np.bool_),
    )


def _over_contributors(
    estimate: Estimate, scores: Scores, amounts: Floats, kind: Intervals, votes: int, kernels: Kernels
) -> _Found:
    models = len(estimate.theta)
    groups = int(np.count_nonzero(amounts))
    middle = scores.middle(estimate)
    design = scores.design
    flags, without = resting_on_one(design.pair_low, design.pair_high, scores.first, scores.last, models)
    known = np.append(~flags, np.ones(len(estimate.columns), np.bool_))
    if kind is Intervals.CV3:
        correction = (groups - 1) / groups
        covariance = correction * _jackknife(estimate, scores.one_by_one(estimate), without, known, kernels)
    else:
        enough = groups > 1 and votes > estimate.parameters
        correction = groups / (groups - 1) * (votes - 1) / (votes - estimate.parameters) if enough else 1.0
        covariance = correction * _sandwich(estimate.inverse, middle, kernels)
    return _Found(
        covariance=covariance,
        middle=middle,
        correction=correction,
        effective=effective_number(amounts),
        groups=groups,
        known=known,
    )


def _sandwich(inverse: Floats, middle: Floats, kernels: Kernels) -> Floats:
    covariance = kernels.product(kernels.product(inverse, middle), inverse)
    return (covariance + covariance.T) / 2


def _jackknife(
    estimate: Estimate, votes: OneByOne, without: dict[int, Codes], known: Flags, kernels: Kernels
) -> Floats:
    """Return Σ d d' over contributors, d being how far one Newton step moves without them (CV3, linearised)."""
    starts, order, low, high, u, v, z = votes.starts, votes.order, votes.low, votes.high, votes.u, votes.v, votes.z
    models = len(estimate.theta)
    passed_over = np.zeros(len(starts) - 1, np.bool_)
    passed_over[list(without)] = True

    def some(groups: slice) -> tuple[Floats, Flags]:
        skipped = np.zeros(len(known), np.bool_)
        those = starts[groups.start : groups.stop + 1]
        left = passed_over[groups]
        return kernels.jackknife_middle(
            those, order, low, high, u, v, z, estimate.inverse, estimate.filled, left, skipped
        ), skipped

    total = np.zeros_like(estimate.inverse)
    for _, (more, skipped) in in_order(some, group_pieces(starts)):
        total += more
        known &= ~skipped
    for group, component in without.items():
        # Without this contributor the board falls apart; the largest part still moves, and the rest says nothing.
        theirs = order[starts[group] : starts[group + 1]]
        kept = np.append(component == 0, np.ones(len(z), np.bool_))
        left = estimate.information - group_information(theirs, low, high, v, z, models)
        left = fill(left[np.ix_(kept, kept)], int(np.count_nonzero(component == 0)))
        score = group_score(theirs, low, high, u, z, models)[kept]
        lower, zero = kernels.factor(left, np.diag(left).copy())
        step = np.zeros(len(known))
        step[kept] = kernels.solve(lower, score[:, None])[:, 0]
        known[np.flatnonzero(kept)[zero]] = False
        total += step[:, None] * step[None, :]
    return total


def _why_none(kind: Intervals, found: _Found, votes: int, parameters: int, known: Flags) -> str | None:
    if kind is Intervals.NONE:
        return "Intervals were not asked for."
    whom = "votes" if kind is Intervals.HC0 else "contributors"
    if found.effective < MIN_EFFECTIVE:
        return f"The {whom} weigh as much as {found.effective:.1f} equal ones; it takes {MIN_EFFECTIVE:.0f} to judge."
    if votes <= parameters:
        return f"{votes} votes cannot tell how sure {parameters} estimated numbers are."
    if not known.any():
        if not np.any(np.diag(found.middle) > _NOTHING):
            return "Every vote says the same, so nothing shows how much votes vary."
        return "Every model's place rests on a single contributor."
    return None
