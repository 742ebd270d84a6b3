"""What a night changes against the snapshot before it, in short."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from apps.rankings.domain.membership import EVERYONE
from apps.rankings.models import Method
from apps.rankings.queries import latest_numbers
from apps.rankings.services import FittedBoard

#: So many models are named; the rest are counted.
NAMED: Final = 50
_Numbers = Mapping[int, tuple[int, int]]


def moves_of(boards: Sequence[FittedBoard]) -> dict[str, Any]:
    """Return what changes on the board of everybody, and how many boards are computed anew, stand or stay hidden.

    ``models`` names those whose rank or rating moved, by their new rank; ratings are millionths of a point.
    """
    found: dict[str, Any] = {
        "boards": {
            "anew": sum(1 for board in boards if board.ratings),
            "standing": sum(1 for board in boards if board.stands_from is not None),
            "hidden": sum(1 for board in boards if board.suppressed_because),
        }
    }
    for method in (Method.PLAIN, Method.STYLED):
        board = next((one for one in boards if _is_of_everybody(one, method)), None)
        if board is None or board.stands_from is not None:
            found[method.value] = {"stands": board is not None, "models": [], "moved": 0, "entered": [], "left": []}
            continue
        before = latest_numbers(EVERYONE, method)
        after = {rating.model_id: (rating.rank, rating.rating) for rating in board.ratings}
        moved = _moved(before, after)
        found[method.value] = {
            "stands": False,
            "models": moved[:NAMED],
            "moved": len(moved),
            "entered": sorted(after.keys() - before.keys()),
            "left": sorted(before.keys() - after.keys()),
        }
    return found


def _is_of_everybody(board: FittedBoard, method: Method) -> bool:
    return (board.segment, board.method, board.is_without_released) == (EVERYONE, method, False)


def _moved(before: _Numbers, after: _Numbers) -> list[dict[str, int]]:
    changed: Iterable[int] = (one for one in before.keys() & after.keys() if before[one] != after[one])
    return [
        {
            "model": one,
            "rank_before": before[one][0],
            "rank": after[one][0],
            "rating_before": before[one][1],
            "rating": after[one][1],
        }
        for one in sorted(changed, key=lambda one: (after[one][0], one))
    ]
