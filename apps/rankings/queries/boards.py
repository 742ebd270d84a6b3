"""Runs and snapshots, and the boards that were published."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

from apps.battles.models import LanguageModel
from apps.rankings.domain.segments import EVERYONE
from apps.rankings.models import Board, Method, Rating, RefitRun, RunState, Snapshot

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
    def released_share(self) -> float:
        """The share of the board's votes whose battle was sold since, from 0 to 1."""
        return self.board.on_released / self.board.votes if self.board.votes else 0.0

    @property
    def leaders(self) -> list[BoardRow]:
        """The models of which none is significantly worse than first place."""
        return [row for row in self.rows if row.rank_low == 1]


_MICRO = 1_000_000


def board_view(
    *,
    snapshot: Snapshot,
    segment: str = EVERYONE,
    method: Method,
    without_released: bool = False,
    min_votes: int = 0,
    min_contributors: int = 0,
) -> BoardView | None:
    """Return one board of a published snapshot in three queries, or None when it is not on the list.

    ``without_released`` asks for the one without votes on battles that were sold since; where there are none of these,
    it is the board itself.
    """
    boards = snapshot.boards.select_related("dataset").filter(segment=segment, method=method)
    board = boards.filter(is_without_released=without_released).first()
    if board is None and without_released:
        board = boards.filter(on_released=0).first()
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
    for name in (
        snapshot.boards.filter(method=Method.PLAIN, is_without_released=False)
        .order_by("segment")
        .values_list("segment", flat=True)
    ):
        attribute, is_cut, value = name.partition("=")
        if is_cut:
            found.setdefault(attribute, []).append(value)
    return found


def open_run() -> RefitRun | None:
    """Return the run that is due or running, or None."""
    return RefitRun.objects.filter(state__in=[RunState.DUE, RunState.RUNNING]).select_related("job").first()
