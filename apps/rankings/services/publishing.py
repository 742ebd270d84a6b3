"""Snapshots: written whole, published by their entry in the log, never edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import record
from apps.battles.models import ImportedDataset
from apps.jobs.services import finish_job
from apps.rankings.events import RankingEvent
from apps.rankings.models import Board, Method, Rating, RefitRun, RunState, Snapshot
from apps.rankings.services.standing_rows import Standings, write_standings


class NotTheRunner(Refused):
    """The run was ended, or published by somebody else, while this process computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRating:
    """One model's numbers; ratings in whole millionths of a point."""

    model_id: int
    rating: int
    lower: int | None
    upper: int | None
    rank: int
    rank_low: int
    rank_high: int
    votes: int
    contributors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedBoard:
    """One board as computed, ready to be written; without ratings when it stays hidden."""

    segment: str
    method: Method
    dataset: ImportedDataset | None
    is_without_released: bool
    votes: int
    on_released: int
    contributors: int
    suppressed_because: str
    fit: Mapping[str, Any]
    ratings: Sequence[FittedRating]


@transaction.atomic
def publish_snapshot(
    *,
    actor: Actor,
    run_id: int,
    boards: Sequence[FittedBoard],
    taken_at: datetime,
    policy_version: int,
    method: Mapping[str, Any],
    code_version: str,
    standings: Standings,
    timings: Mapping[str, float],
    now: datetime,
) -> Snapshot:
    """Write every board of a run and its entry in the log in one transaction: all of it shows, or nothing.

    Raises:
        NotTheRunner: when the run is no longer running.
    """
    run = RefitRun.objects.select_for_update().get(pk=run_id)
    if run.state != RunState.RUNNING:
        raise NotTheRunner("This recomputation was ended while it was computed.", subject=run.ref)
    snapshot = Snapshot.objects.create(
        run=run,
        taken_at=taken_at,
        policy_version=policy_version,
        method=dict(method),
        code_version=code_version,
        votes_root=standings.ballots.root.hex(),
        votes_counted=standings.ballots.size,
        left_out=standings.left_out,
        timings=dict(timings),
        published_at=now,
    )
    rows = Board.objects.bulk_create(
        Board(
            snapshot=snapshot,
            dataset=board.dataset,
            segment=board.segment,
            method=board.method,
            is_without_released=board.is_without_released,
            votes=board.votes,
            on_released=board.on_released,
            contributors=board.contributors,
            suppressed_because=board.suppressed_because,
            fit=dict(board.fit),
        )
        for board in boards
    )
    Rating.objects.bulk_create(
        (
            Rating(
                board=row,
                model_id=rating.model_id,
                rating=rating.rating,
                lower=rating.lower,
                upper=rating.upper,
                rank=rating.rank,
                rank_low=rating.rank_low,
                rank_high=rating.rank_high,
                votes=rating.votes,
                contributors=rating.contributors,
            )
            for row, board in zip(rows, boards, strict=True)
            for rating in board.ratings
        ),
        batch_size=2000,
    )
    write_standings(snapshot, standings)
    run.state = RunState.DONE
    run.finished_at = now
    run.save(update_fields=["state", "finished_at"])
    finish_job(actor=actor, job_id=run.job_id, now=now)
    record(
        RankingEvent.PUBLISHED,
        actor=actor,
        subject=snapshot.ref,
        at=now,
        facts={
            "run": run.ref,
            "policy_version": policy_version,
            "votes_root": snapshot.votes_root,
            "votes_counted": snapshot.votes_counted,
            "left_out": snapshot.left_out,
            "boards": len(rows),
            "boards_hidden": sum(1 for board in boards if board.suppressed_because),
        },
    )
    return snapshot
