"""Reads for the ranking: the votes as columns, and the boards that were published."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.battles.models import Choice, ImportedDataset, LanguageModel, Source
from apps.rankings.domain.segments import ATTRIBUTES, EVERYONE
from apps.rankings.domain.votes import Outcome, Votes
from apps.rankings.models import Board, Method, Rating, RefitRun, RunState, Snapshot

_OUTCOMES = {
    Choice.LEFT.value: Outcome.A,
    Choice.RIGHT.value: Outcome.B,
    Choice.BOTH_GOOD.value: Outcome.BOTH_GOOD,
    Choice.BOTH_BAD.value: Outcome.BOTH_BAD,
}
STYLE = ("tokens", "headers", "lists", "bold")

# A fixed number, the same in every process: whoever holds this lock is the one recomputation.
_REFIT_LOCK = 0x5D_0001


@contextmanager
def holding_the_refit_lock() -> Iterator[bool]:
    """Yield whether this process is the one that recomputes; the lock falls with the connection, even on a crash."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_REFIT_LOCK])
        (held,) = cursor.fetchone() or (False,)
    try:
        yield held
    finally:
        if held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_REFIT_LOCK])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedVotes:
    """The votes of one board of record as columns, in the order of their public ids.

    ``votes`` holds what the engine needs; ``model_ids`` maps its model codes to rows; ``attributes`` maps each
    segment attribute to its value per vote (object, n); ``leaves`` are the 33 bytes of each vote in the snapshot's
    tree; ``left_out`` counts the votes that do not count, by reason.
    """

    votes: Votes
    model_ids: tuple[int, ...]
    attributes: dict[str, NDArray[np.object_]]
    leaves: list[bytes]
    left_out: dict[str, int]


_SELECT = """
SELECT v.public_id, v.nonce, v.choice, v.contributor_id, b.left_model_id, b.right_model_id,
       v.country, v.language, v.excluded_under, b.tag,
       l.tokens, l.headers, l.lists, l.bold, r.tokens, r.headers, r.lists, r.bold
FROM battles_vote v
JOIN battles_battle b ON b.id = v.battle_id
LEFT JOIN battles_response l ON l.battle_id = b.id AND l.side = 'left'
LEFT JOIN battles_response r ON r.battle_id = b.id AND r.side = 'right'
WHERE b.source = %(source)s AND (b.dataset_id = %(dataset)s OR %(dataset)s::bigint IS NULL) AND v.cast_at <= %(until)s
ORDER BY v.public_id
"""
_ATTRIBUTE_COLUMNS = {"country": 6, "language": 7}


def counted_votes(*, dataset: ImportedDataset | None = None, until: datetime) -> CountedVotes:
    """Read the votes of one board in a single statement, so that they are of one moment.

    Without a dataset these are the drawn battles of the platform; excluded votes and battles tagged by the wall are
    left out and counted.
    """
    rows: list[tuple[Any, ...]] = []
    left_out: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _SELECT,
            {
                "source": Source.IMPORTED if dataset else Source.PLATFORM,
                "dataset": dataset.pk if dataset else None,
                "until": until,
            },
        )
        while batch := cursor.fetchmany(20_000):
            for row in batch:
                reason = "excluded" if row[8] else row[9]
                if reason:
                    left_out[reason] = left_out.get(reason, 0) + 1
                else:
                    rows.append(row)
    return _as_columns(rows, left_out)


def _as_columns(rows: list[tuple[Any, ...]], left_out: dict[str, int]) -> CountedVotes:
    model_ids = tuple(sorted({row[4] for row in rows} | {row[5] for row in rows}))
    code = {model_id: place for place, model_id in enumerate(model_ids)}
    names = dict(LanguageModel.objects.filter(pk__in=model_ids).values_list("pk", "name"))
    people: dict[int, int] = {}
    contributor = np.array([people.setdefault(row[3], len(people)) for row in rows], dtype=np.int32)
    outcome = np.array([_OUTCOMES[row[2]] for row in rows], dtype=np.int8)
    sides = np.array([[np.nan if cell is None else cell for cell in row[10:18]] for row in rows], dtype=np.float64)
    sides = sides.reshape(len(rows), 2 * len(STYLE))
    votes = Votes(
        models=tuple(names[model_id] for model_id in model_ids),
        model_a=np.array([code[row[4]] for row in rows], dtype=np.int32),
        model_b=np.array([code[row[5]] for row in rows], dtype=np.int32),
        outcome=outcome,
        contributor=contributor,
        contributors=len(people),
        position=np.ones(len(rows), dtype=np.int8),
        style=sides[:, : len(STYLE)] - sides[:, len(STYLE) :],
        style_names=STYLE,
    )
    return CountedVotes(
        votes=votes,
        model_ids=model_ids,
        attributes={
            attribute: np.array([row[_ATTRIBUTE_COLUMNS[attribute]] for row in rows], dtype=object)
            for attribute in ATTRIBUTES
        },
        leaves=[
            bytes(row[1]).ljust(16, b"\0") + row[0].bytes + bytes([int(said)])
            for row, said in zip(rows, outcome.tolist(), strict=True)
        ],
        left_out=left_out,
    )


def latest_snapshot() -> Snapshot | None:
    """Return the newest published snapshot, or None before the first."""
    return Snapshot.objects.published().order_by("-published_at", "-pk").first()


def snapshot_numbered(number: int) -> Snapshot | None:
    """Return one published snapshot, or None when there is none of this number."""
    return Snapshot.objects.published().filter(pk=number).first()


def newest_snapshots(limit: int = 60) -> list[Snapshot]:
    """Return the newest published snapshots, the newest first."""
    return list(Snapshot.objects.published().order_by("-published_at", "-pk")[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model's line on a board; ratings in points, intervals None where they cannot be given."""

    rank: int
    rank_low: int
    rank_high: int
    model: LanguageModel
    rating: float
    lower: float | None
    upper: float | None
    votes: int
    contributors: int
    is_provisional: bool

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval, in points."""
        return None if self.lower is None or self.upper is None else (self.upper - self.lower) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """One published board with its rows, or with the reason why it is hidden."""

    snapshot: Snapshot
    board: Board
    rows: list[BoardRow] = field(default_factory=list)

    @property
    def leaders(self) -> list[BoardRow]:
        """The models of which none is significantly worse than first place."""
        return [row for row in self.rows if row.rank_low == 1]


_MICRO = 1_000_000


def board_view(
    *, snapshot: Snapshot, segment: str = EVERYONE, method: Method, min_votes: int = 0, min_contributors: int = 0
) -> BoardView | None:
    """Return one board of a published snapshot in three queries, or None when it is not on the list."""
    board = snapshot.boards.select_related("dataset").filter(segment=segment, method=method).first()
    if board is None:
        return None
    ratings = Rating.objects.filter(board=board).select_related("model__organization").order_by("rank", "-rating")
    return BoardView(
        snapshot=snapshot,
        board=board,
        rows=[
            BoardRow(
                rank=rating.rank,
                rank_low=rating.rank_low,
                rank_high=rating.rank_high,
                model=rating.model,
                rating=rating.rating / _MICRO,
                lower=None if rating.lower is None else rating.lower / _MICRO,
                upper=None if rating.upper is None else rating.upper / _MICRO,
                votes=rating.votes,
                contributors=rating.contributors,
                is_provisional=rating.votes < min_votes or rating.contributors < min_contributors,
            )
            for rating in ratings
        ],
    )


def segments_of(snapshot: Snapshot) -> dict[str, list[str]]:
    """Return the values that have a board, by attribute: ``{"country": ["BR", …], "dataset": ["3"]}``."""
    found: dict[str, list[str]] = {}
    for name in snapshot.boards.filter(method=Method.PLAIN).order_by("segment").values_list("segment", flat=True):
        attribute, is_cut, value = name.partition("=")
        if is_cut:
            found.setdefault(attribute, []).append(value)
    return found


def open_run() -> RefitRun | None:
    """Return the run that is due or running, or None."""
    return RefitRun.objects.filter(state__in=[RunState.DUE, RunState.RUNNING]).select_related("job").first()


__all__ = [
    "BoardRow",
    "BoardView",
    "CountedVotes",
    "board_view",
    "counted_votes",
    "holding_the_refit_lock",
    "latest_snapshot",
    "newest_snapshots",
    "open_run",
    "segments_of",
    "snapshot_numbered",
]
