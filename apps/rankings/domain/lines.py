"""From an estimate to the lines of a board: ratings, intervals, ranks, and everything they depend on."""

import numpy as np

from apps.rankings.domain.board import (
    BoardResult,
    Evidence,
    RankedModel,
    StyleEffect,
    UnrankedModel,
    micropoints,
    rounded_intervals,
)
from apps.rankings.domain.estimate import TOLERANCE, Estimate
from apps.rankings.domain.graph import Comparable
from apps.rankings.domain.intervals import Uncertainty
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.method import CENTRE, POINTS, POSITION, FitMethod
from apps.rankings.domain.spread import rank_bounds, significantly_better
from apps.rankings.domain.tally import Tally


def board_of(
    models: tuple[str, ...],
    method: FitMethod,
    estimate: Estimate,
    sure: Uncertainty,
    tally: Tally,
    scales: dict[str, float],
    left_out: dict[str, int],
    unranked: tuple[UnrankedModel, ...],
    found: Comparable,
    kernels: Kernels,
) -> BoardResult:
    """Write down a fitted board; ``scales`` has each style column's root mean square, in its own unit."""
    names = [name for name, ranked in zip(models, found.ranked.tolist(), strict=True) if ranked]
    notes = list(sure.notes)
    notes += [f"The style column {name} was dropped: {why}." for name, why in estimate.dropped.items()]
    anchored = method.anchor is not None and method.anchor.model in names
    if method.anchor is not None and not anchored:
        notes.append(f"{method.anchor.model} is not ranked on this board, so the mean of the models is {CENTRE:g}.")
    held = [names[i] for i in np.flatnonzero(~sure.known[: len(names)])] if sure.why_none is None else []
    if held:
        notes.append(f"No interval, since without one single contributor they would be cut off: {', '.join(held)}.")
    return BoardResult(
        models=_lines(names, estimate, sure, method, found, tally, kernels),
        style=_effects(estimate, sure, scales),
        unranked=unranked,
        votes=tally.total,
        contributors=tally.contributors,
        left_out=left_out,
        parameters=_parameters(method, estimate, sure, tally, anchored=anchored),
        notes=tuple(notes),
        why_no_intervals=sure.why_none,
        kernels=kernels.name,
        evidence=Evidence(
            models=tuple(names),
            columns=estimate.columns,
            theta=estimate.theta,
            beta=estimate.beta,
            gradient=estimate.gradient,
            hessian=estimate.information,
            middle=sure.middle,
            covariance=sure.covariance,
        ),
    )


def empty_board(
    method: FitMethod, left_out: dict[str, int], why: str, unranked: tuple[UnrankedModel, ...], kernels: Kernels
) -> BoardResult:
    """Return a board without models, and the reason."""
    return BoardResult(
        models=(),
        unranked=unranked,
        left_out=left_out,
        parameters=_choices(method),
        why_empty=why,
        why_no_intervals="Nothing is ranked.",
        kernels=kernels.name,
    )


def unranked_of(models: tuple[str, ...], found: Comparable, tally: Tally) -> tuple[UnrankedModel, ...]:
    """Return the models that cannot be ranked, by name."""
    votes = tally.votes if found.why else np.zeros(0, np.int64)
    return tuple(
        UnrankedModel(model=models[code], why=why, votes=int(votes[code]), contributors=int(tally.people[code]))
        for code, why in sorted(found.why.items(), key=lambda item: models[item[0]])
    )


def why_nobody(tally: Tally) -> str:
    """Say why none of the models can be ranked."""
    many = int(np.count_nonzero(tally.votes))
    if not many:
        return "No vote counts, so nothing can be ranked." if len(tally.people) != 1 else "One model alone has no rank."
    return f"None of the {many} models can be ranked: nobody both won or tied and lost or tied against the others."


def _lines(
    names: list[str],
    estimate: Estimate,
    sure: Uncertainty,
    method: FitMethod,
    found: Comparable,
    tally: Tally,
    kernels: Kernels,
) -> tuple[RankedModel, ...]:
    models = len(names)
    anchor = method.anchor
    if anchor is not None and anchor.model in names:
        points = anchor.rating + POINTS * (estimate.theta - estimate.theta[names.index(anchor.model)])
    else:
        points = CENTRE + POINTS * estimate.theta
    known = sure.known[:models] if sure.why_none is None else np.zeros(models, np.bool_)
    ends = rounded_intervals(points, sure.half * sure.errors[:models], known)
    better = significantly_better(
        estimate.theta,
        np.ascontiguousarray(sure.covariance[:models, :models]),
        known,
        degrees=sure.degrees,
        level=method.level,
        draws=method.draws,
        seed=method.seed,
        kernels=kernels,
    )
    low, high = rank_bounds(better)
    number = tally.votes[found.ranked].tolist()
    people = tally.people[found.ranked].tolist()
    published = [micropoints(value) for value in points.tolist()]
    falling = sorted(published, reverse=True)
    lines = [
        RankedModel(
            model=name,
            rating=published[i],
            lower=ends[i][0],
            upper=ends[i][1],
            rank=1 + falling.index(published[i]),
            rank_low=int(low[i]),
            rank_high=int(high[i]),
            votes=number[i],
            contributors=people[i],
        )
        for i, name in enumerate(names)
    ]
    return tuple(sorted(lines, key=lambda line: (-line.rating, line.model)))


def _effects(estimate: Estimate, sure: Uncertainty, scales: dict[str, float]) -> tuple[StyleEffect, ...]:
    models = len(estimate.theta)
    known = sure.known[models:] if sure.why_none is None else np.zeros(len(estimate.beta), np.bool_)
    points = POINTS * estimate.beta
    ends = rounded_intervals(points, sure.half * sure.errors[models:], known)
    return tuple(
        StyleEffect(
            name=name,
            coefficient=micropoints(float(points[j])),
            lower=ends[j][0],
            upper=ends[j][1],
            scale=1.0 if name == POSITION else scales[name],
        )
        for j, name in enumerate(estimate.columns)
    )


def _choices(method: FitMethod) -> dict[str, object]:
    anchor = method.anchor
    return {
        "ties": method.ties.value,
        "anchor": None if anchor is None else {"model": anchor.model, "rating": anchor.rating},
        "style": list(method.style),
        "cap": method.cap,
        "level": method.level,
        "draws": method.draws,
        "seed": method.seed,
        "intervals_requested": method.intervals.value,
    }


def _parameters(
    method: FitMethod, estimate: Estimate, sure: Uncertainty, tally: Tally, *, anchored: bool
) -> dict[str, object]:
    return {
        **_choices(method),
        "anchor_used": anchored,
        "intervals": sure.kind.value,
        "effective_number": round(sure.effective, 6),
        "groups": sure.groups,
        "parameters": estimate.parameters,
        "correction": sure.correction,
        "half_width_in_errors": sure.half,
        "degrees_of_freedom": None if sure.degrees is None else round(sure.degrees, 6),
        "weight": float((estimate.cells.weight if tally.amounts is None else tally.amounts).sum()),
        "rank_spread": "none" if sure.why_none else "max-t" if method.draws else "holm",
        "dropped_style": dict(estimate.dropped),
        "newton_steps": estimate.steps,
        "tolerance_points": TOLERANCE,
    }
