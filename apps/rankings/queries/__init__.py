"""Reads for the ranking."""

from apps.rankings.queries.boards import (
    BoardRow,
    BoardView,
    board_view,
    holding_the_refit_lock,
    latest_snapshot,
    newest_snapshots,
    open_run,
    segments_of,
    snapshot_numbered,
)
from apps.rankings.queries.standings import CountedProof, Stretch, VoteRecord, counted_proof, record_of
from apps.rankings.queries.votes import Aside, CountedVotes, counted_votes

__all__ = [
    "Aside",
    "BoardRow",
    "BoardView",
    "CountedProof",
    "CountedVotes",
    "Stretch",
    "VoteRecord",
    "board_view",
    "counted_proof",
    "counted_votes",
    "holding_the_refit_lock",
    "latest_snapshot",
    "newest_snapshots",
    "open_run",
    "record_of",
    "segments_of",
    "snapshot_numbered",
]
