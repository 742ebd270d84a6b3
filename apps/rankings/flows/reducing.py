"""Brings the results of all parts together into one night, ready to be published."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from apps.rankings.domain.ballot_tree import BallotTree, stored_tree, tree_over
from apps.rankings.domain.packing import packed, unpacked
from apps.rankings.flows.fitting import boards_from_bytes, hidden_boards
from apps.rankings.flows.planning import Plan
from apps.rankings.models import Board, Method, RefitPart
from apps.rankings.queries import CountedVotes, standing_boards
from apps.rankings.services import FittedBoard, Standings


class ResultDiffers(ValueError):
    """A part's result is not the one that was kept."""


def result_of(part: RefitPart) -> bytes:
    """Return a part's result. Raises ``ResultDiffers`` where it is not what its worker wrote."""
    kept = bytes(part.result or b"")
    if hashlib.sha256(kept).hexdigest() != part.result_sha256:
        raise ResultDiffers(f"What part {part.phase}:{part.key} computed was changed since.")
    return kept


def ballots_to_bytes(counted: CountedVotes) -> bytes:
    """Return the tree over the counted votes as a part's result."""
    tree = tree_over(counted.columns.public_ids, counted.columns.leaves)
    return packed(
        {"size": tree.size},
        {
            "firsts": np.frombuffer(b"".join(tree.firsts), np.uint8),
            "roots": np.frombuffer(b"".join(tree.roots), np.uint8),
        },
    )


def ballots_from_bytes(kept: bytes) -> BallotTree:
    """Return the tree from a part's result."""
    told, arrays = unpacked(kept)
    return stored_tree(size=told["size"], firsts=arrays["firsts"].tobytes(), roots=arrays["roots"].tobytes())


def standings_of(counted: CountedVotes, ballots: BallotTree) -> Standings:
    """Return where every vote stands tonight."""
    return Standings(
        counted=counted.vote_ids,
        aside=[(one.vote_id, one.because, one.clause) for one in counted.aside],
        ballots=ballots,
    )


def reduced(plan: Plan, results: Iterable[bytes]) -> list[FittedBoard]:
    """Return every board of the night: those that were computed, those that stand as they were, and the hidden ones."""
    people = {(one.segment, one.is_without_released): one.people for one in plan.boards}
    boards = []
    for fitted in (board for result in results for board in boards_from_bytes(result)):
        mine = people.get((fitted.segment, fitted.is_without_released), b"")
        boards.append(replace(fitted, people=mine) if fitted.method == Method.PLAIN and fitted.ratings else fitted)
    last = standing_boards()
    for one in plan.boards:
        if one.hidden:
            boards += hidden_boards(one.segment, one.hidden, is_without_released=one.is_without_released)
        elif not one.refreshes:
            boards += [_standing(board) for board in last.get((one.segment, one.is_without_released), ())]
    return sorted(boards, key=lambda board: (board.segment, board.is_without_released, board.method))


def _standing(board: Board) -> FittedBoard:
    return FittedBoard(
        segment=board.segment,
        method=Method(board.method),
        is_without_released=board.is_without_released,
        votes=board.votes,
        on_released=board.on_released,
        contributors=board.contributors,
        suppressed_because=board.suppressed_because,
        fit=board.fit,
        stands_from=None if board.suppressed_because else board.pk,
    )
