"""Runs, their parts, and what the boards of the last publication rest on."""

from collections.abc import Mapping

from django.db.models import Count, Q

from apps.rankings.domain.showing import Standing
from apps.rankings.models import Board, BoardHolding, PartState, Rating, RefitPart, RefitRun, RunState
from apps.rankings.queries.boards import latest_snapshot


def open_run() -> RefitRun | None:
    """Return the run that is due or running, or None."""
    return RefitRun.objects.filter(state__in=[RunState.DUE, RunState.RUNNING]).select_related("job").first()


def tally_of_parts(run: RefitRun, phase: str) -> tuple[int, int]:
    """Return how many parts of a phase are done, and how many there are."""
    found = run.parts.filter(phase=phase).aggregate(done=Count("pk", filter=Q(state=PartState.DONE)), all=Count("pk"))
    return found["done"], found["all"]


def parts_done(run: RefitRun, phase: str) -> list[RefitPart]:
    """Return the parts of a phase that are done, with their results."""
    return list(run.parts.filter(phase=phase, state=PartState.DONE).order_by("key"))


def part_done(run: RefitRun, phase: str, key: str) -> RefitPart:
    """Return one part that is done, with its result."""
    return run.parts.get(phase=phase, key=key, state=PartState.DONE)


def last_standings() -> dict[tuple[str, bool], Standing]:
    """Return what each board rested on when last published, by segment and whether it was without what was sold."""
    return {
        (row.segment, row.is_without_released): Standing.from_bytes(bytes(row.people))
        for row in BoardHolding.objects.iterator()
    }


def standing_boards() -> Mapping[tuple[str, bool], list[Board]]:
    """Return the boards that were last published with numbers of their own, each method's, by the same key."""
    found: dict[tuple[str, bool], list[Board]] = {}
    snapshots = BoardHolding.objects.values("segment", "is_without_released", "board__snapshot_id")
    origin = {(row["segment"], row["is_without_released"]): row["board__snapshot_id"] for row in snapshots}
    for board in Board.objects.filter(snapshot_id__in=set(origin.values()), dataset=None).order_by("pk"):
        key = (board.segment, board.is_without_released)
        if origin.get(key) == board.snapshot_id:
            found.setdefault(key, []).append(board)
    return found


def latest_numbers(segment: str, method: str) -> dict[int, tuple[int, int]]:
    """Return each model's rank and rating (millionths) on a board of the newest snapshot."""
    snapshot = latest_snapshot()
    board = (
        snapshot.boards.filter(segment=segment, method=method, is_without_released=False).first() if snapshot else None
    )
    if board is None:
        return {}
    rows = Rating.objects.filter(board_id=board.stands_from_id or board.pk)
    return {model: (rank, rating) for model, rank, rating in rows.values_list("model_id", "rank", "rating")}
