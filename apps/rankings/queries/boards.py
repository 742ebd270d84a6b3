"""Snapshots, and the boards that were published."""

from dataclasses import dataclass, field
from datetime import datetime

from apps.battles.models import LanguageModel
from apps.rankings.domain.segments import EVERYONE
from apps.rankings.models import Board, Method, Rating, Snapshot


def latest_snapshot() -> Snapshot | None:
    """Return the newest published snapshot, or None before the first."""
    return Snapshot.objects.published().order_by("-published_at", "-pk").first()


def snapshot_numbered(number: int) -> Snapshot | None:
    """Return one published snapshot, or None when there is none of this number."""
    return Snapshot.objects.published().filter(pk=number).first()


def newest_snapshots(limit: int = 60) -> list[Snapshot]:
    """Return the newest published snapshots, the newest first."""
    told = ("method", "findings", "moves", "timings", "seeds")
    return list(Snapshot.objects.published().defer(*told).order_by("-published_at", "-pk")[:limit])


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
    def stands_since(self) -> datetime | None:
        """When the numbers were published, where they are those of an earlier night."""
        earlier = self.board.stands_from
        return None if earlier is None else earlier.snapshot.published_at

    @property
    def leaders(self) -> list[BoardRow]:
        """The models of which none is significantly worse than first place."""
        return [row for row in self.rows if row.rank_low == 1]


_MICRO = 1_000_000


def _is_wide(rating: Rating, most: float | None) -> bool:
    """Say whether an interval reaches farther than so many points to a side; one that is missing does."""
    if most is None:
        return False
    return rating.lower is None or rating.upper is None or (rating.upper - rating.lower) / 2 > most * _MICRO


def board_view(
    *,
    snapshot: Snapshot,
    segment: str = EVERYONE,
    method: Method,
    without_released: bool = False,
    min_votes: int = 0,
    min_contributors: int = 0,
    max_half_width: float | None = None,
) -> BoardView | None:
    """Return one board of a published snapshot in three queries, or None when it is not on the list.

    ``without_released`` asks for the one without votes on battles that were sold since; where there are none of these,
    it is the board itself.
    """
    boards = snapshot.boards.select_related("dataset", "stands_from__snapshot").filter(segment=segment, method=method)
    board = boards.filter(is_without_released=without_released).first()
    if board is None and without_released:
        board = boards.filter(on_released=0).first()
    if board is None:
        return None
    # Where too few people's votes changed, the numbers of an earlier night still stand.
    numbers = Rating.objects.filter(board_id=board.stands_from_id or board.pk)
    ratings = numbers.select_related("model__organization").order_by("rank", "-rating")
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
                is_provisional=rating.votes < min_votes
                or rating.contributors < min_contributors
                or _is_wide(rating, max_half_width),
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
        # A pair of attributes is no value of the first.
        if is_cut and "," not in name:
            found.setdefault(attribute, []).append(value)
    return found


def methods_of(snapshot: Snapshot) -> set[str]:
    """Return the methods by which a snapshot has a board of everybody."""
    return set(snapshot.boards.filter(segment=EVERYONE).values_list("method", flat=True))
