"""The same board under every defensible combination of choices, and how far each model's rank moves with them.

After Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), who call it a multiverse analysis: what depends on a choice that
could have been made otherwise is shown with all of its outcomes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.method import FitMethod, Intervals, Ties
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.targets import Target, under_target
from apps.rankings.domain.votes import UNKNOWN, Flags, Floats, Outcome, Votes
from apps.rankings.domain.weights import CapTooLow, capped

IN_FORCE: Final = "in-force"


@dataclass(frozen=True, slots=True, order=True)
class Universe:
    """One combination of choices; ``exclusion`` names the rule by which votes were left out."""

    ties: Ties
    styled: bool
    target: Target
    exclusion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Where one model stands over all combinations: its ``best`` and ``worst`` rank, and the combinations that give it.

    ``unranked_in`` are the boards on which it has no rank; it is the only place where None stands for a rank, when it
    has none anywhere.
    """

    model: str
    best: int | None
    worst: int | None
    best_in: tuple[Universe, ...]
    worst_in: tuple[Universe, ...]
    unranked_in: tuple[Universe, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiverse:
    """All boards' ranks: ``ranks`` maps each combination that gives a board to its models' ranks.

    ``impossible`` gives each of the others with the reason in a sentence. ``bands`` follow the votes' models.
    """

    ranks: Mapping[Universe, Mapping[str, int]]
    impossible: Mapping[Universe, str]
    bands: tuple[Band, ...]

    @property
    def moved(self) -> int:
        """How many models have more than one rank."""
        return sum(band.best != band.worst for band in self.bands)


def multiverse(
    votes: Votes,
    method: FitMethod,
    *,
    probability: Floats | None = None,
    exclusions: Mapping[str, Flags] | None = None,
    kernels: Kernels | None = None,
) -> Multiverse:
    """Fit the board under every combination of tie rule, style control, target and exclusion rule.

    ``votes`` hold also those that only some rules leave out: ``exclusions`` maps a rule to the votes that it counts
    (bool, n). Without ``method.style`` there are only plain boards, and without ``probability`` (float64, n; that of
    each battle's pair) only boards as drawn. The method's cap and anchor hold throughout. Ranks need no intervals: a
    plain board is fitted from its pair and outcome counts, which the tie rules share.
    """
    bare = replace(method, intervals=Intervals.NONE, draws=0)
    needs_contributors = method.cap is not None or method.intervals not in {Intervals.HC0, Intervals.NONE}
    known = np.ones(len(votes), np.bool_)
    if votes.contributor is not None and needs_contributors:
        known = votes.contributor != UNKNOWN
    ranks: dict[Universe, Mapping[str, int]] = {}
    impossible: dict[Universe, str] = {}
    targets = [Target.AS_DRAWN] if probability is None else list(Target)
    for exclusion, counted in (exclusions or {IN_FORCE: np.ones(len(votes), np.bool_)}).items():
        kept = votes.take(counted & known)
        chances = None if probability is None else probability[counted & known]
        for target in targets:
            aimed = under_target(kept, chances, target)
            for ties, styled, board in _boards(aimed, bare, kernels):
                universe = Universe(ties, styled, target, exclusion)
                if board:
                    ranks[universe] = {line.model: line.rank for line in board.models}
                else:
                    impossible[universe] = board.why_empty or "Nothing is ranked."
    return Multiverse(ranks=ranks, impossible=impossible, bands=tuple(_band(model, ranks) for model in votes.models))


def _boards(votes: Votes, method: FitMethod, kernels: Kernels | None) -> Iterator[tuple[Ties, bool, BoardResult]]:
    plain = replace(method, style=(), cap=None)
    shared = _cells(votes, votes.weights) if method.cap is None else None
    for ties in Ties:
        if shared is None:
            try:
                cells = _capped_cells(votes, ties, method)
            except CapTooLow as too_low:
                yield ties, False, BoardResult(models=(), why_empty=str(too_low))
            else:
                yield ties, False, fit_board(cells, replace(plain, ties=ties), kernels=kernels)
        else:
            yield ties, False, fit_board(shared, replace(plain, ties=ties), kernels=kernels)
        if method.style:
            yield ties, True, fit_board(votes, replace(method, ties=ties), kernels=kernels)


def _capped_cells(votes: Votes, ties: Ties, method: FitMethod) -> Votes:
    """Gather the votes that this tie rule counts; how much each weighs under the cap depends on which those are."""
    if votes.contributor is None or method.cap is None:
        raise CapTooLow("A weight cap needs to know who voted, and these votes have no contributors.")
    gone = {Ties.HALF: (), Ties.DROP_BOTH_BAD: (Outcome.BOTH_BAD,), Ties.DROP: (Outcome.BOTH_BAD, Outcome.BOTH_GOOD)}
    left = votes.take(~np.isin(votes.outcome, gone[ties]))
    if left.contributor is None or not len(left):
        return left
    weights = np.ones(len(left)) if left.weights is None else left.weights
    counts = np.ones(len(left)) if left.counts is None else left.counts.astype(np.float64)
    factors = capped(by_group(left.contributor, weights * counts, left.contributors), method.cap)
    return _cells(left, weights * factors[left.contributor])


def _cells(votes: Votes, weights: Floats | None) -> Votes:
    """Gather votes into one row for each pair as written and outcome; the likelihood is the same."""
    many = len(votes.models)
    cells = (votes.model_a.astype(np.int64) * many + votes.model_b) * len(Outcome) + votes.outcome
    size = many * many * len(Outcome)
    counts = by_group(cells, None if votes.counts is None else votes.counts.astype(np.float64), size)
    present = np.flatnonzero(counts)
    mean = None
    if weights is not None:
        total = by_group(cells, weights if votes.counts is None else weights * votes.counts, size)
        mean = total[present] / counts[present]
    pairs, outcome = np.divmod(present, len(Outcome))
    return Votes(
        models=votes.models,
        model_a=(pairs // many).astype(np.int32),
        model_b=(pairs % many).astype(np.int32),
        outcome=outcome.astype(np.int8),
        counts=counts[present].astype(np.int64),
        weights=mean,
    )


def _band(model: str, ranks: Mapping[Universe, Mapping[str, int]]) -> Band:
    standing = {universe: board[model] for universe, board in ranks.items() if model in board}
    best, worst = min(standing.values(), default=None), max(standing.values(), default=None)
    return Band(
        model=model,
        best=best,
        worst=worst,
        best_in=tuple(universe for universe, rank in standing.items() if rank == best),
        worst_in=tuple(universe for universe, rank in standing.items() if rank == worst),
        unranked_in=tuple(universe for universe in ranks if universe not in standing),
    )
