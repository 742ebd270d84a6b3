"""What is published beside a board: its further tables, how models stood over time, and how they stand by segment."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F
from django.db.models.functions import Coalesce

from apps.battles.models import LanguageModel
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.models import Board, BoardFact, FactKind, Method, Rating, Snapshot

_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How one model stood on everybody's board of one snapshot; ratings in points."""

    snapshot_id: int
    published_at: datetime
    rating: float
    lower: float | None
    upper: float | None
    rank_low: int
    rank_high: int
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """How one model stands on the board of one segment, among ``models`` of them."""

    segment: str
    rating: float
    lower: float | None
    upper: float | None
    rank_low: int
    rank_high: int
    models: int
    votes: int
    contributors: int
    since: datetime | None


def facts_beside(
    snapshot: Snapshot, *kinds: FactKind, segment: str = EVERYONE, method: Method = Method.PLAIN
) -> dict[str, Any]:
    """Return a board's further tables by their kind, in one query; those that it does not have are left out.

    Where an earlier board's numbers stand, so do its tables.
    """
    board = snapshot.boards.filter(
        segment=segment, method=method, is_without_released=False, suppressed_because=""
    ).annotate(numbers=Coalesce("stands_from_id", "pk"))
    found = BoardFact.objects.filter(board__in=board.values("numbers"), kind__in=[kind.value for kind in kinds])
    return {fact.kind: fact.data for fact in found}


def style_effects(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what each style difference is worth on everybody's board: name, coefficient, lower, upper in points."""
    fits = snapshot.boards.filter(segment=EVERYONE, method=Method.STYLED, is_without_released=False)
    return [dict(effect) for fit in fits.values_list("fit", flat=True) for effect in fit.get("style", ())]


def models_on_board(snapshot: Snapshot) -> list[LanguageModel]:
    """Return the models on everybody's board of a snapshot in the order of their names."""
    boards = (
        snapshot.boards.filter(segment=EVERYONE, is_without_released=False)
        .annotate(numbers=Coalesce("stands_from_id", "pk"))
        .values("numbers")
    )
    ranked = Rating.objects.filter(board__in=boards).values("model")
    return list(LanguageModel.objects.filter(pk__in=ranked).select_related("organization").order_by("name"))


def published_model(slug: str) -> LanguageModel | None:
    """Return a model that stands on a published board, or None; what was never published is nobody's business."""
    stood = Rating.objects.filter(board__snapshot__published_at__isnull=False).values("model")
    return LanguageModel.objects.filter(slug=slug, pk__in=stood).select_related("organization").first()


def named_models(numbers: Iterable[int]) -> dict[int, LanguageModel]:
    """Return the models of these ids; published tables name them so."""
    return LanguageModel.objects.in_bulk(list(set(numbers)))


def history_of_models(
    models: Collection[LanguageModel], *, method: Method, until: Snapshot, limit: int = 60
) -> dict[int, list[Moment]]:
    """Return how models stood on everybody's board, the oldest first, in two queries; by the model's id.

    ``until`` is the last snapshot that is looked at, ``limit`` how many nights at most.
    """
    boards = list(
        Board.objects.filter(
            snapshot__published_at__isnull=False,
            snapshot__published_at__lte=until.published_at,
            segment=EVERYONE,
            method=method,
            is_without_released=False,
            suppressed_because="",
        )
        .annotate(numbers=Coalesce("stands_from_id", "pk"))
        .select_related("snapshot")
        .only("snapshot__published_at")
        .order_by("-snapshot__published_at")[:limit]
    )
    ratings = Rating.objects.filter(board_id__in={board.numbers for board in boards}, model__in=models)
    found = {(rating.board_id, rating.model_id): rating for rating in ratings}
    told: dict[int, list[Moment]] = {model.pk: [] for model in models}
    for board in reversed(boards):
        for model in models:
            rating = found.get((board.numbers, model.pk))
            if rating is not None and board.snapshot.published_at is not None:
                told[model.pk].append(_moment(board.snapshot, board.snapshot.published_at, rating))
    return told


def _moment(snapshot: Snapshot, at: datetime, rating: Rating) -> Moment:
    return Moment(
        snapshot_id=snapshot.pk,
        published_at=at,
        rating=rating.rating / _MICRO,
        lower=_points(rating.lower),
        upper=_points(rating.upper),
        rank_low=rating.rank_low,
        rank_high=rating.rank_high,
        votes=rating.votes,
    )


def standpoints(snapshot: Snapshot, models: Collection[LanguageModel]) -> dict[int, dict[str, Standpoint]]:
    """Return how models stand on every shown plain board of a snapshot, in three queries; by id and segment."""
    boards = list(
        snapshot.boards.filter(method=Method.PLAIN, is_without_released=False, suppressed_because="", dataset=None)
        .annotate(numbers=Coalesce("stands_from_id", "pk"), since=F("stands_from__snapshot__published_at"))
        .defer("fit")
        .order_by("segment")
    )
    numbers = [board.numbers for board in boards]
    many = dict(
        Rating.objects.filter(board_id__in=numbers).values_list("board_id").annotate(Count("pk")).order_by("board_id")
    )
    ratings = Rating.objects.filter(board_id__in=numbers, model__in=models)
    found = {(rating.board_id, rating.model_id): rating for rating in ratings}
    told: dict[int, dict[str, Standpoint]] = {model.pk: {} for model in models}
    for board in boards:
        for model in models:
            rating = found.get((board.numbers, model.pk))
            if rating is not None:
                told[model.pk][board.segment] = Standpoint(
                    segment=board.segment,
                    rating=rating.rating / _MICRO,
                    lower=_points(rating.lower),
                    upper=_points(rating.upper),
                    rank_low=rating.rank_low,
                    rank_high=rating.rank_high,
                    models=many[board.numbers],
                    votes=rating.votes,
                    contributors=rating.contributors,
                    since=board.since,
                )
    return told


def _points(micro: int | None) -> float | None:
    return None if micro is None else micro / _MICRO


def corrections_of(snapshot: Snapshot) -> list[Snapshot]:
    """Return the published snapshots that correct one, the newest first."""
    return list(snapshot.corrections.filter(published_at__isnull=False).order_by("-published_at"))
