"""Snapshots: written whole, published by their entry in the log, never edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import commit_to, record
from apps.jobs.services import finish_job
from apps.rankings.events import RankingEvent
from apps.rankings.models import (
    Board,
    BoardFact,
    BoardHolding,
    FactKind,
    Method,
    PartState,
    Rating,
    RefitRun,
    RunState,
    SealedInput,
    Snapshot,
)
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
    """One board as computed, ready to be written; without ratings when it stays hidden or an earlier one stands.

    ``stands_from`` is the row of the board whose numbers still stand; ``people`` is what decides whether it may change
    next time (``showing.Standing``), empty for all methods but the plain one. ``facts`` are further tables, by kind.
    """

    segment: str
    method: Method
    dataset_id: int | None = None
    is_without_released: bool = False
    votes: int = 0
    on_released: int = 0
    contributors: int = 0
    suppressed_because: str = ""
    fit: Mapping[str, Any] = field(default_factory=dict)
    ratings: Sequence[FittedRating] = ()
    stands_from: int | None = None
    people: bytes = b""
    facts: Mapping[FactKind, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFacts:
    """What is known of a sealed input that lies on the disk; from ``secret`` it can be made again."""

    secret: bytes = field(repr=False)
    sha256: str
    file_bytes: int
    layout: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Night:
    """All that one run found, as the part that reduces hands it over for publication.

    ``method`` is clause R1 as it stood, ``seeds`` those of every random draw by its use, ``findings`` sentences with
    their evidence, ``moves`` what changed since the snapshot before, ``timings`` seconds by phase. ``sealed`` is the
    sealed input, which lies on the disk before anything is published.
    """

    boards: Sequence[FittedBoard]
    taken_at: datetime
    policy_version: int
    method: Mapping[str, Any]
    code_version: str
    standings: Standings
    seeds: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[Mapping[str, Any]] = ()
    moves: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    sealed: SealedFacts | None = None


@transaction.atomic
def publish_snapshot(*, actor: Actor, run_id: int, night: Night, now: datetime) -> Snapshot:
    """Write every board of a run and its entry in the log in one transaction: all of it shows, or nothing.

    Raises:
        NotTheRunner: when the run is no longer running.
    """
    run = RefitRun.objects.select_for_update().get(pk=run_id)
    if run.state != RunState.RUNNING:
        raise NotTheRunner("This recomputation was ended while it was computed.", subject=run.ref)
    snapshot = Snapshot.objects.create(
        run=run,
        taken_at=night.taken_at,
        policy_version=night.policy_version,
        method=dict(night.method),
        code_version=night.code_version,
        votes_root=night.standings.ballots.root.hex(),
        votes_counted=night.standings.ballots.size,
        left_out=night.standings.left_out,
        timings=dict(night.timings),
        seeds=dict(night.seeds),
        findings=[dict(finding) for finding in night.findings],
        moves=dict(night.moves),
        input_sha256=night.sealed.sha256 if night.sealed else "",
        sealed_rows=night.sealed.rows if night.sealed else 0,
        corrects_id=run.corrects_id,
        correction=run.correction,
        published_at=now,
    )
    if night.sealed:
        SealedInput.objects.create(
            snapshot=snapshot,
            secret=night.sealed.secret,
            file_bytes=night.sealed.file_bytes,
            layout=night.sealed.layout,
        )
    rows = _write_boards(snapshot, night.boards)
    write_standings(snapshot, night.standings)
    run.parts.exclude(state=PartState.DONE).update(state=PartState.DONE, finished_at=now)
    # What the parts computed is in the snapshot now.
    run.parts.exclude(result=None).update(result=None)
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
            "policy_version": night.policy_version,
            "votes_root": snapshot.votes_root,
            "votes_counted": snapshot.votes_counted,
            "left_out": snapshot.left_out,
            "sealed_input": snapshot.input_sha256,
            **_correcting(snapshot),
            "boards": rows,
            "boards_hidden": sum(1 for board in night.boards if board.suppressed_because),
            "boards_standing": sum(1 for board in night.boards if board.stands_from is not None),
        },
    )
    return snapshot


def _correcting(snapshot: Snapshot) -> dict[str, str]:
    if snapshot.corrects is None:
        return {}
    return {"corrects": snapshot.corrects.ref, "reason": commit_to(snapshot.correction, subject=snapshot.ref)}


def _write_boards(snapshot: Snapshot, boards: Sequence[FittedBoard]) -> int:
    rows = Board.objects.bulk_create(
        (
            Board(
                snapshot=snapshot,
                dataset_id=board.dataset_id,
                segment=board.segment,
                method=board.method,
                is_without_released=board.is_without_released,
                votes=board.votes,
                on_released=board.on_released,
                contributors=board.contributors,
                suppressed_because=board.suppressed_because,
                fit=dict(board.fit),
                stands_from_id=board.stands_from,
            )
            for board in boards
        ),
        batch_size=1000,
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
    BoardFact.objects.bulk_create(
        BoardFact(board=row, kind=kind, data=data)
        for row, board in zip(rows, boards, strict=True)
        for kind, data in board.facts.items()
    )
    held = [(row, board.people) for row, board in zip(rows, boards, strict=True) if board.people]
    for without in (False, True):
        segments = [row.segment for row, _people in held if row.is_without_released == without]
        BoardHolding.objects.filter(is_without_released=without, segment__in=segments).delete()
    BoardHolding.objects.bulk_create(
        (
            BoardHolding(board=row, segment=row.segment, is_without_released=row.is_without_released, people=people)
            for row, people in held
        ),
        batch_size=200,
    )
    return len(rows)
