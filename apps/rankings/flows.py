"""A recomputation from claim to publication: read the votes, fit every board, publish them at once."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.battles.models import ImportedDataset
from apps.jobs.services import JobCancelled, advance_job
from apps.policy.queries import clause, current_version, parameter
from apps.rankings.domain.ballot_tree import ballot_tree
from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.kernels import chosen_kernels
from apps.rankings.domain.method import FitMethod
from apps.rankings.domain.segments import EVERYONE, Segment, declared_segments, hidden_because, name_of, outward
from apps.rankings.domain.version import ENGINE_VERSION
from apps.rankings.models import Method, RefitRun, Snapshot
from apps.rankings.queries import CountedVotes, counted_votes, holding_the_refit_lock, open_run
from apps.rankings.services import (
    FittedBoard,
    FittedRating,
    RunIsOver,
    Standings,
    end_run_cancelled,
    end_run_failed,
    publish_snapshot,
    take_up_run,
)

Report = Callable[[str, int, int], None]
Clock = Callable[[], datetime]

# Fewer draws on segment boards: their ranks are rounded anyway, and there are many of them.
_DRAWS: Final = 1000
_DRAWS_OF_A_SEGMENT: Final = 199
_TENS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """One segment of one source of votes, and why its board stays hidden, if it does."""

    dataset: ImportedDataset | None
    counted: CountedVotes
    segment: Segment
    hidden: str
    is_without_released: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether this is a board of everybody, whose counts are exact."""
        return self.segment.name == EVERYONE or self.dataset is not None


def recompute_open_run(*, actor: Actor, report: Report | None = None, clock: Clock = timezone.now) -> Snapshot | None:
    """Finish the run that is due, or the one whose process died, and return its snapshot.

    Returns None when there is nothing to do, when another process is at it, or when somebody asked it to stop.
    """
    with holding_the_refit_lock() as is_ours:
        run = open_run() if is_ours else None
        if run is None:
            return None
        try:
            take_up_run(actor=actor, run_id=run.pk, now=clock())
            return _recompute(actor=actor, run=run, report=report, clock=clock)
        except JobCancelled:
            end_run_cancelled(actor=actor, run_id=run.pk, now=clock())
        except RunIsOver:
            pass
        except (ArithmeticError, ValueError, LookupError) as error:
            # What the votes or the rulebook make impossible fails the run; a lost database does not: the run stays
            # open, and the next process that looks takes it up again.
            end_run_failed(actor=actor, run_id=run.pk, error=f"{type(error).__name__}: {error}", now=clock())
            raise
    return None


def _recompute(*, actor: Actor, run: RefitRun, report: Report | None, clock: Clock) -> Snapshot:
    def tell(phase: str, done: int, total: int) -> None:
        advance_job(job_id=run.job_id, phase=phase, done=done, total=total, now=clock())
        if report is not None:
            report(phase, done, total)

    started = time.perf_counter()
    taken_at = clock()
    datasets: list[ImportedDataset | None] = [None, *ImportedDataset.objects.filter(is_complete=True).order_by("pk")]
    sources = []
    for done, dataset in enumerate(datasets):
        tell("reading votes", done, len(datasets))
        sources.append((dataset, counted_votes(dataset=dataset, until=taken_at)))
    read = time.perf_counter()

    rules = clause("R2").parameters
    cuts = [cut for dataset, counted in sources for cut in _cuts(dataset, counted, rules)]
    boards: list[FittedBoard] = []
    for done, cut in enumerate(cuts):
        tell("fitting boards", done, len(cuts))
        boards.extend(_boards(cut))
    tell("publishing", len(cuts), len(cuts))
    fitted = time.perf_counter()

    of_record = sources[0][1]
    return publish_snapshot(
        actor=actor,
        run_id=run.pk,
        boards=boards,
        taken_at=taken_at,
        policy_version=current_version(),
        method=dict(clause("R1").parameters),
        code_version=f"{ENGINE_VERSION} ({chosen_kernels().name})",
        standings=Standings(
            counted=of_record.vote_ids.tolist(),
            aside=[(one.vote_id, one.because, one.clause) for one in of_record.aside],
            ballots=ballot_tree(of_record.leaves),
        ),
        timings={"read_s": round(read - started, 3), "fit_s": round(fitted - read, 3)},
        now=clock(),
    )


def _cuts(dataset: ImportedDataset | None, counted: CountedVotes, rules: Mapping[str, Any]) -> Iterator[_Cut]:
    """Name the boards of one source: imported files have one, the platform one for everybody and one a segment."""
    everybody = np.ones(len(counted.votes), dtype=np.bool_)
    if dataset is not None:
        whole = Segment(name=name_of("dataset", str(dataset.pk)), rows=everybody)
        yield _Cut(dataset=dataset, counted=counted, segment=whole, hidden="")
        return
    contributors = counted.votes.contributor
    if contributors is None:
        raise ValueError("Votes of the platform always have a contributor.")
    for segment in [Segment(name=EVERYONE, rows=everybody), *declared_segments(counted.attributes)]:
        hidden = hidden_because(
            contributors=contributors,
            rows=segment.rows,
            least=rules["min_contributors"],
            least_effective=rules["min_effective"],
        )
        yield _Cut(dataset=None, counted=counted, segment=segment, hidden=hidden)
        if not hidden and (counted.released & segment.rows).any():
            yield _without_released(counted, segment, rules)


def _without_released(counted: CountedVotes, segment: Segment, rules: Mapping[str, Any]) -> _Cut:
    """Cut a board once more, without votes on battles that were sold since; neither difference may be readable."""
    people, kept = counted.votes.contributor, ~counted.released
    if people is None:
        raise ValueError("Votes of the platform always have a contributor.")
    limits = {"least": rules["min_contributors"], "least_effective": rules["min_effective"]}
    hidden = hidden_because(contributors=people[segment.rows], rows=kept[segment.rows], **limits) or hidden_because(
        contributors=people[kept], rows=segment.rows[kept], **limits
    )
    rows = Segment(name=segment.name, rows=segment.rows & kept)
    return _Cut(dataset=None, counted=counted, segment=rows, hidden=hidden, is_without_released=True)


def _boards(cut: _Cut) -> Iterator[FittedBoard]:
    """Fit one cut by each method; a hidden one gives away nothing but the reason."""
    votes = cut.counted.votes.take(cut.segment.rows)
    style = tuple(parameter("R1", "style"))
    seed = int(parameter("R1", "seed"))
    for method in (Method.PLAIN, Method.STYLED):
        if cut.hidden:
            yield _hidden_board(cut, method, cut.hidden)
            continue
        styled = method == Method.STYLED
        if styled and (votes.style is None or np.isnan(votes.style).all()):
            # A file without replies has no style to control for.
            continue
        result = fit_board(
            votes,
            FitMethod(
                style=style if styled else (),
                draws=_DRAWS if cut.is_whole else _DRAWS_OF_A_SEGMENT,
                seed=seed,
            ),
        )
        yield (
            _shown_board(cut, method, result)
            if result
            else _hidden_board(cut, method, result.why_empty or "nothing-to-rank")
        )


def _hidden_board(cut: _Cut, method: Method, why: str) -> FittedBoard:
    return FittedBoard(
        segment=cut.segment.name,
        method=method,
        dataset=cut.dataset,
        is_without_released=cut.is_without_released,
        votes=0,
        on_released=0,
        contributors=0,
        suppressed_because=why[:200],
        fit={},
        ratings=[],
    )


def _shown_board(cut: _Cut, method: Method, result: BoardResult) -> FittedBoard:
    ids = dict(zip(cut.counted.votes.models, cut.counted.model_ids, strict=True))

    def count(number: int) -> int:
        return number if cut.is_whole else round(number / _TENS) * _TENS

    ratings = []
    for line in result.models:
        rating, lower, upper = line.rating, line.lower, line.upper
        if not cut.is_whole:
            rating, lower, upper = outward(rating, lower, upper)
        ratings.append(
            FittedRating(
                model_id=ids[line.model],
                rating=rating,
                lower=lower,
                upper=upper,
                rank=line.rank,
                rank_low=line.rank_low,
                rank_high=line.rank_high,
                votes=count(line.votes),
                contributors=count(line.contributors),
            )
        )
    return FittedBoard(
        segment=cut.segment.name,
        method=method,
        dataset=cut.dataset,
        is_without_released=cut.is_without_released,
        votes=count(result.votes),
        on_released=min(count(int((cut.counted.released & cut.segment.rows).sum())), count(result.votes)),
        contributors=count(result.contributors),
        suppressed_because="",
        fit={
            "parameters": dict(result.parameters),
            "left_out": dict(result.left_out) if cut.is_whole else {},
            "notes": list(result.notes),
            "style": [
                {"name": effect.name, "coefficient": effect.coefficient, "lower": effect.lower, "upper": effect.upper}
                for effect in result.style
            ]
            if cut.is_whole
            else [],
            "unranked": [{"model": model.model, "why": model.why.value} for model in result.unranked],
            "why_no_intervals": result.why_no_intervals,
        },
        ratings=ratings,
    )
