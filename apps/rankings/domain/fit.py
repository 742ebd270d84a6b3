"""From votes to a board: what is left out, who can be ranked, the fit, its intervals and its ranks."""

from collections.abc import Sequence
from dataclasses import replace

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
from apps.rankings.domain.design import Rows, cells_of, rows_of, style_scale
from apps.rankings.domain.estimate import TOLERANCE, Estimate, NoFiniteEstimate, maximise
from apps.rankings.domain.graph import Comparable, comparable
from apps.rankings.domain.intervals import Uncertainty, uncertainty
from apps.rankings.domain.kernels import Kernels, chosen_kernels
from apps.rankings.domain.method import CENTRE, POINTS, POSITION, FitMethod, Intervals, Ties
from apps.rankings.domain.spread import rank_bounds, significantly_better
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import UNKNOWN, Codes, Counts, Flags, LeftOut, Outcome, Votes
from apps.rankings.domain.weights import CapTooLow, capped


def fit_board(votes: Votes, method: FitMethod, *, kernels: Kernels | None = None) -> BoardResult:
    """Fit one board.

    Never raises for what the votes say: a board that cannot be fitted comes back empty, with the reason. Raises
    ``MalformedVotes`` where ``method.style`` names a column that the votes do not have. ``kernels`` is for tests and
    for machines where a choice was made already.
    """
    loops = kernels or chosen_kernels()
    counted, left_out = _counted(votes.with_style(method.style), method)
    try:
        counted = _under_cap(counted, method)
    except CapTooLow as too_low:
        return _empty(votes, method, left_out, str(too_low), None, loops)
    found = _who_can_be_ranked(counted)
    present = _votes_per_model(counted)
    if not found.ranked.any():
        return _empty(votes, method, left_out, _nobody(counted, present), found, loops)
    inside = found.ranked[counted.model_a] & found.ranked[counted.model_b]
    if not inside.all():
        left_out = {**left_out, LeftOut.NOT_RANKED.value: counted.number(~inside)}
        counted = counted.take(inside)
    places = np.where(found.ranked, np.cumsum(found.ranked) - 1, UNKNOWN).astype(np.int32)
    rows = rows_of(counted, places, method, loops)
    cells = rows if rows.columns else cells_of(rows)
    try:
        estimate = maximise(rows, cells, loops)
    except NoFiniteEstimate as impossible:
        return _empty(votes, method, left_out, str(impossible), found, loops)
    sure = uncertainty(estimate, method, counted.contributors, counted.total, loops)
    names = [name for name, ranked in zip(votes.models, found.ranked.tolist(), strict=True) if ranked]
    notes = list(sure.notes)
    notes += [f"The style column {name} was dropped: {why}." for name, why in estimate.dropped.items()]
    anchored = method.anchor is not None and method.anchor.model in names
    if method.anchor is not None and not anchored:
        notes.append(f"{method.anchor.model} is not ranked on this board, so the mean of the models is {CENTRE:g}.")
    held = [names[i] for i in np.flatnonzero(~sure.known[: len(names)])] if sure.why_none is None else []
    if held:
        notes.append(f"No interval, since without one single contributor they would be cut off: {', '.join(held)}.")
    return BoardResult(
        models=_lines(names, estimate, sure, method, rows, counted, loops),
        style=_effects(estimate, sure, counted, method),
        unranked=_unranked(votes, method, found),
        votes=counted.total,
        contributors=_distinct(counted),
        left_out=left_out,
        parameters=_parameters(method, estimate, sure, anchored=anchored),
        notes=tuple(notes),
        why_no_intervals=sure.why_none,
        kernels=loops.name,
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


def fit_segments(
    votes: Votes, segment_codes: Codes, segments: Sequence[str], method: FitMethod, *, kernels: Kernels | None = None
) -> dict[str, BoardResult]:
    """Fit one board per segment of the same votes.

    ``segment_codes`` (int32, n) indexes ``segments``, -1 for a vote of none of them; a vote in several segments needs
    one call per declared list. A style column without a reference scale is scaled over all of the votes, so that
    coefficients compare between segments. Returns the boards by segment, in the order of ``segments``.
    """
    loops = kernels or chosen_kernels()
    scales = {name: _scale(votes, name, method) for name in method.style}
    everywhere = replace(method, scales={name: scale for name, scale in scales.items() if scale > 0})
    shifted = np.asarray(segment_codes, np.int32) + np.int32(1)
    starts, order = loops.grouped(np.ascontiguousarray(shifted), len(segments) + 1)
    return {
        name: fit_board(votes.take(order[starts[place + 1] : starts[place + 2]]), everywhere, kernels=loops)
        for place, name in enumerate(segments)
    }


def _counted(votes: Votes, method: FitMethod) -> tuple[Votes, dict[str, int]]:
    """Leave out what the method does not count, and say how many votes for which reason."""
    reasons: list[tuple[LeftOut, Flags]] = []
    if method.ties is Ties.DROP:
        reasons.append((LeftOut.TIE, np.equal(votes.outcome, Outcome.BOTH_GOOD)))
    if method.ties is not Ties.HALF:
        reasons.append((LeftOut.BOTH_BAD, np.equal(votes.outcome, Outcome.BOTH_BAD)))
    needs_contributors = method.cap is not None or method.intervals not in {Intervals.HC0, Intervals.NONE}
    if votes.contributor is not None and needs_contributors:
        reasons.append((LeftOut.NO_CONTRIBUTOR, np.equal(votes.contributor, UNKNOWN)))
    if votes.style is not None:
        reasons.append((LeftOut.NO_STYLE, np.asarray(~np.isfinite(votes.style).all(axis=1))))
    gone = np.zeros(len(votes), np.bool_)
    left_out: dict[str, int] = {}
    for reason, here in reasons:
        number = votes.number(here & ~gone)
        if number:
            left_out[reason.value] = number
        gone |= here
    return (votes.take(~gone), left_out) if gone.any() else (votes, left_out)


def _under_cap(votes: Votes, method: FitMethod) -> Votes:
    if method.cap is None or not len(votes):
        return votes
    if votes.contributor is None:
        raise CapTooLow("A weight cap needs to know who voted, and these votes have no contributors.")
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    amounts = by_group(votes.contributor, weights * counts, votes.contributors)
    factors = capped(amounts, method.cap)
    return replace(votes, weights=weights * factors[votes.contributor]) if (factors < 1).any() else votes


def _who_can_be_ranked(votes: Votes) -> Comparable:
    many = len(votes.models)
    pairs = votes.model_a.astype(np.int64) * many + votes.model_b
    said = np.bincount(pairs * len(Outcome) + votes.outcome, minlength=many * many * len(Outcome))
    said = said.reshape(many, many, len(Outcome))
    ties = said[:, :, Outcome.BOTH_GOOD] + said[:, :, Outcome.BOTH_BAD]
    wins = said[:, :, Outcome.A] + said[:, :, Outcome.B].T + ties + ties.T
    return comparable(wins, _votes_per_model(votes))


def _votes_per_model(votes: Votes) -> Counts:
    many = len(votes.models)
    total = np.bincount(votes.model_a, votes.counts, many) + np.bincount(votes.model_b, votes.counts, many)
    return total.astype(np.int64)


def _contributors_per_model(votes: Votes, kernels: Kernels) -> Counts:
    if votes.contributor is None:
        return np.zeros(len(votes.models), np.int64)
    # Votes of nobody known come first, as a group that is then left off.
    starts, order = kernels.grouped(np.add(votes.contributor, 1, dtype=np.int32), votes.contributors + 1)
    return kernels.contributors_per_model(
        starts[1:], order, np.ascontiguousarray(votes.model_a), np.ascontiguousarray(votes.model_b), len(votes.models)
    )


def _distinct(votes: Votes) -> int:
    if votes.contributor is None:
        return 0
    return int(np.count_nonzero(np.bincount(votes.contributor + np.int32(1), minlength=1)[1:]))


def _lines(
    names: list[str],
    estimate: Estimate,
    sure: Uncertainty,
    method: FitMethod,
    rows: Rows,
    votes: Votes,
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
    number = dict(zip(votes.models, _votes_per_model(votes).tolist(), strict=True))
    people = dict(zip(votes.models, _contributors_per_model(votes, kernels).tolist(), strict=True))
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
            votes=number[name],
            contributors=people[name],
        )
        for i, name in enumerate(names)
    ]
    return tuple(sorted(lines, key=lambda line: (-line.rating, line.model)))


def _effects(estimate: Estimate, sure: Uncertainty, votes: Votes, method: FitMethod) -> tuple[StyleEffect, ...]:
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
            scale=1.0 if name == POSITION else _scale(votes, name, method),
        )
        for j, name in enumerate(estimate.columns)
    )


def _scale(votes: Votes, name: str, method: FitMethod) -> float:
    if method.scales.get(name):
        return float(method.scales[name])
    if votes.style is None or name not in votes.style_names:
        return 0.0
    column = votes.style[:, votes.style_names.index(name)]
    fine = np.isfinite(column)
    return style_scale(column[fine], None if votes.counts is None else votes.counts[fine])


def _unranked(votes: Votes, method: FitMethod, found: Comparable) -> tuple[UnrankedModel, ...]:
    if not found.why:
        return ()
    counted, _ = _counted(votes.with_style(method.style), method)
    number = _votes_per_model(counted)
    people = _contributors_per_model(counted, chosen_kernels())
    return tuple(
        UnrankedModel(model=votes.models[code], why=why, votes=int(number[code]), contributors=int(people[code]))
        for code, why in sorted(found.why.items(), key=lambda item: votes.models[item[0]])
    )


def _nobody(votes: Votes, present: Counts) -> str:
    many = int(np.count_nonzero(present))
    if not many:
        return "No vote counts, so nothing can be ranked." if len(votes.models) != 1 else "One model alone has no rank."
    return f"None of the {many} models can be ranked: nobody both won or tied and lost or tied against the others."


def _empty(
    votes: Votes, method: FitMethod, left_out: dict[str, int], why: str, found: Comparable | None, kernels: Kernels
) -> BoardResult:
    return BoardResult(
        models=(),
        unranked=() if found is None else _unranked(votes, method, found),
        left_out=left_out,
        parameters=_choices(method),
        why_empty=why,
        why_no_intervals="Nothing is ranked.",
        kernels=kernels.name,
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


def _parameters(method: FitMethod, estimate: Estimate, sure: Uncertainty, *, anchored: bool) -> dict[str, object]:
    rows = estimate.rows
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
        "weight": float(rows.weight.sum()) if len(rows.weight) else float(len(rows)),
        "rank_spread": "none" if sure.why_none else "max-t" if method.draws else "holm",
        "dropped_style": dict(estimate.dropped),
        "newton_steps": estimate.steps,
        "tolerance_points": TOLERANCE,
    }
