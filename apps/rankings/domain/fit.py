"""From votes to a board: what is left out, who can be ranked, the fit, its intervals and its ranks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.design import (
    Design,
    Facts,
    Partitions,
    Source,
    cells_of,
    design_of,
    facts_of,
    rows_of,
    with_columns,
)
from apps.rankings.domain.estimate import NoFiniteEstimate, maximise
from apps.rankings.domain.intervals import uncertainty
from apps.rankings.domain.kernels import Kernels, chosen_kernels
from apps.rankings.domain.lines import board_of, empty_board, unranked_of, why_nobody
from apps.rankings.domain.method import FitMethod, Intervals, Ties
from apps.rankings.domain.scores import Scores
from apps.rankings.domain.tally import Tally, tally_of
from apps.rankings.domain.votes import UNKNOWN, Codes, Flags, LeftOut, MalformedVotes, Outcome, Votes
from apps.rankings.domain.weights import CapTooLow, capped


def fit_board(votes: Votes, method: FitMethod, *, kernels: Kernels | None = None) -> BoardResult:
    """Fit one board.

    Never raises for what the votes say: a board that cannot be fitted comes back empty, with the reason. Raises
    ``MalformedVotes`` where ``method.style`` names a column that the votes do not have. ``kernels`` is for tests and
    for machines where a choice was made already.
    """
    return _fit(_Supply.held(votes), method, kernels or chosen_kernels())


def fit_partitions(
    read: Callable[[], Iterable[Votes]], method: FitMethod, *, kernels: Kernels | None = None
) -> BoardResult:
    """Fit one board from votes that do not all lie in memory at once.

    ``read`` gives the parts, with the same models, contributors and style columns, in the same order each time that it
    is called: once to count, once where there is style to scale it, once for every Newton step. However the votes are
    cut, and were they in memory, every bit of the board is the same. The jackknife (CV3) needs each contributor's votes
    together and holds about 36 + 8k bytes a vote. Raises ``MalformedVotes``, also where the parts do not fit together.
    """
    parts = iter(read())
    first = next(parts, None)
    if first is None:
        raise MalformedVotes("The votes cannot be ranked: there is no part of them, not even an empty one.")
    return _fit(_Supply(read=read, whole=first.cut(0, 0), in_memory=False), method, kernels or chosen_kernels())


def fit_segments(
    votes: Votes, segment_codes: Codes, segments: Sequence[str], method: FitMethod, *, kernels: Kernels | None = None
) -> dict[str, BoardResult]:
    """Fit one board per segment of the same votes.

    ``segment_codes`` (int32, n) indexes ``segments``, -1 for a vote of none of them; a vote in several segments needs
    one call per declared list. A style column without a reference scale is scaled over all of the votes, so that
    coefficients compare between segments. Returns the boards by segment, in the order of ``segments``.
    """
    loops = kernels or chosen_kernels()
    scales = _reference_scales(votes, method, loops)
    everywhere = replace(method, scales=scales)
    shifted = np.asarray(segment_codes, np.int32) + np.int32(1)
    starts, order = loops.grouped(np.ascontiguousarray(shifted), len(segments) + 1)
    return {
        name: fit_board(votes.take(order[starts[place + 1] : starts[place + 2]]).among_few(), everywhere, kernels=loops)
        for place, name in enumerate(segments)
    }


def _reference_scales(votes: Votes, method: FitMethod, kernels: Kernels) -> dict[str, float]:
    """Return the scale of each style column over all votes that have a value; none for one that is zero everywhere."""
    styled = votes.with_style(method.style)
    facts = facts_of((styled,), method.style, kernels)
    if styled.style is not None and (facts.strange or facts.exponents.any()):
        sizes = np.where(np.isfinite(styled.style), np.abs(styled.style), 0.0)
        exponents = np.frexp(sizes.max(axis=0, initial=0.0))[1]
        counts = np.isfinite(styled.style) * (1 if votes.counts is None else votes.counts[:, None])
        total = (np.square(np.ldexp(sizes, -exponents)) * counts).sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
        facts = replace(facts, root=np.ldexp(np.sqrt(total), exponents))
    scales = {name: facts.scale(j, method.scales.get(name)) for j, name in enumerate(method.style)}
    return {name: scale for name, scale in scales.items() if scale > 0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Supply:
    """Votes, in memory or read again for every pass; ``whole`` has the names that all parts share."""

    read: Callable[[], Iterable[Votes]]
    whole: Votes
    in_memory: bool

    @classmethod
    def held(cls, votes: Votes) -> Self:
        return cls(read=lambda: (votes,), whole=votes, in_memory=True)

    def through(self, stage: Callable[[Votes], Votes]) -> "_Supply":
        """Return what comes out of a stage: at once where the votes are in memory, else part by part at each pass."""
        if self.in_memory:
            return _Supply.held(stage(self.whole))
        return replace(self, read=lambda: map(stage, self.read()), whole=stage(self.whole))

    def source(self, design: Design, kernels: Kernels) -> Source:
        if self.in_memory:
            return rows_of(self.whole, design, kernels)
        return Partitions(design=design, read=self.read, kernels=kernels)

    def tally(self, kernels: Kernels) -> Tally:
        return tally_of(self.read(), len(self.whole.models), self.whole.contributors, kernels)


def _fit(supply: _Supply, method: FitMethod, kernels: Kernels) -> BoardResult:
    models = supply.whole.models
    supply, left_out, facts = _counted(supply.through(lambda votes: votes.with_style(method.style)), method, kernels)
    tally = supply.tally(kernels)
    try:
        supply, tally = _under_cap(supply, tally, method, kernels)
    except CapTooLow as too_low:
        return empty_board(method, left_out, str(too_low), (), kernels)
    found = tally.comparable
    unranked = unranked_of(models, found, tally)
    if not found.ranked.any():
        return empty_board(method, left_out, why_nobody(tally), unranked, kernels)
    outside = tally.outside(found.ranked)
    if outside:
        left_out = {**left_out, LeftOut.NOT_RANKED.value: outside}
        supply = supply.through(lambda votes: votes.take(found.ranked[votes.model_a] & found.ranked[votes.model_b]))
        tally, facts = supply.tally(kernels), None
    design = design_of(tally.said, found.ranked)
    scales: dict[str, float] = {}
    if method.style and supply.whole.style is not None:
        supply, design, scales = _styled(supply, facts, design, method, kernels)
    clustered = tally.amounts is not None and method.intervals not in {Intervals.HC0, Intervals.NONE}
    needed = clustered or tally.weighted or bool(design.columns)
    source = supply.source(design, kernels) if needed else None
    cells = cells_of(design, tally.said, source if tally.weighted else None)
    scores = Scores(source, supply.whole.contributors, tally.rows, kernels) if clustered and source else None
    try:
        opening = scores.opened if scores else lambda _: None
        estimate = maximise(source or cells, cells, tally.rows, kernels, opening)
    except NoFiniteEstimate as impossible:
        return empty_board(method, left_out, str(impossible), unranked, kernels)
    sure = uncertainty(estimate, method, scores, tally, kernels)
    return board_of(models, method, estimate, sure, tally, scales, left_out, unranked, found, kernels)


def _counted(supply: _Supply, method: FitMethod, kernels: Kernels) -> tuple[_Supply, dict[str, int], Facts | None]:
    """Leave out what the method does not count, and say how many votes for which reason.

    What was learned about the style columns on the way comes third, if it still holds.
    """
    facts = facts_of(supply.read(), method.style, kernels) if method.style else None
    strange = facts is not None and facts.strange
    numbers: dict[str, int] = {}
    for part in supply.read():
        gone = np.zeros(0, np.bool_)
        for reason, here in _reasons(part, method, strange=strange):
            fresh = here & ~gone if len(gone) else here
            number = part.number(fresh)
            numbers[reason.value] = numbers.get(reason.value, 0) + number
            gone = gone | here if len(gone) else here
    left_out = {reason.value: numbers[reason.value] for reason in LeftOut if numbers.get(reason.value)}
    if not left_out:
        return supply, {}, facts
    return supply.through(lambda votes: _without(votes, method, strange=strange)), left_out, None


def _reasons(votes: Votes, method: FitMethod, *, strange: bool) -> list[tuple[LeftOut, Flags]]:
    """Return why votes are left out, and which (bool, n); ``strange`` says whether style values may be no numbers."""
    reasons: list[tuple[LeftOut, Flags]] = []
    if method.ties is Ties.DROP:
        reasons.append((LeftOut.TIE, np.equal(votes.outcome, Outcome.BOTH_GOOD)))
    if method.ties is not Ties.HALF:
        reasons.append((LeftOut.BOTH_BAD, np.equal(votes.outcome, Outcome.BOTH_BAD)))
    needs_contributors = method.cap is not None or method.intervals not in {Intervals.HC0, Intervals.NONE}
    if votes.contributor is not None and needs_contributors and votes.contributor.min(initial=0) < 0:
        reasons.append((LeftOut.NO_CONTRIBUTOR, np.equal(votes.contributor, UNKNOWN)))
    if votes.style is not None and strange:
        reasons.append((LeftOut.NO_STYLE, np.asarray(~np.isfinite(votes.style).all(axis=1))))
    return reasons


def _without(votes: Votes, method: FitMethod, *, strange: bool) -> Votes:
    gone = np.zeros(len(votes), np.bool_)
    for _, here in _reasons(votes, method, strange=strange):
        gone |= here
    return votes.take(~gone) if gone.any() else votes


def _under_cap(supply: _Supply, tally: Tally, method: FitMethod, kernels: Kernels) -> tuple[_Supply, Tally]:
    if method.cap is None or not tally.rows:
        return supply, tally
    if tally.amounts is None:
        raise CapTooLow("A weight cap needs to know who voted, and these votes have no contributors.")
    factors = capped(tally.amounts, method.cap)
    if not (factors < 1).any():
        return supply, tally

    def lighter(votes: Votes) -> Votes:
        weights = factors[votes.contributor]
        return replace(votes, weights=weights if votes.weights is None else votes.weights * weights)

    supply = supply.through(lighter)
    return supply, supply.tally(kernels)


def _styled(
    supply: _Supply, facts: Facts | None, design: Design, method: FitMethod, kernels: Kernels
) -> tuple[_Supply, Design, dict[str, float]]:
    """Return the board with its style columns, and each one's scale in its own unit."""
    facts = facts or facts_of(supply.read(), method.style, kernels)
    exponents = facts.exponents
    if exponents.any():
        # A power of two costs no bit, and brings the squares of such numbers back into the range.
        supply = supply.through(
            lambda votes: votes if votes.style is None else replace(votes, style=np.ldexp(votes.style, -exponents))
        )
        facts = facts_of(supply.read(), method.style, kernels)
    given = {
        name: float(np.ldexp(method.scales[name], -int(exponent)))
        for name, exponent in zip(method.style, exponents.tolist(), strict=True)
        if method.scales.get(name)
    }
    scales = {
        name: float(np.ldexp(facts.scale(j, given.get(name)), int(exponents[j]))) for j, name in enumerate(method.style)
    }
    return supply, with_columns(design, replace(method, scales=given), method.style, facts), scales
