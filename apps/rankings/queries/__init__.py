"""Reads for the ranking."""

from apps.rankings.queries.boards import (
    BoardRow,
    BoardView,
    board_view,
    latest_snapshot,
    newest_snapshots,
    segments_of,
    snapshot_numbered,
)
from apps.rankings.queries.checking import (
    boards_made_in,
    correction_notice,
    erased_since,
    everybodys_fact,
    published_facts,
)
from apps.rankings.queries.columns import (
    Aside,
    MonthTally,
    Overlay,
    months_of_votes,
    networks_of_people,
    one_moment,
    overlay_of,
    platform_columns,
)
from apps.rankings.queries.moves import MoveLine, Moves, moves_of
from apps.rankings.queries.partitions import first_moment, is_closed, is_up_to_date, kept_months, next_month
from apps.rankings.queries.runs import (
    last_standings,
    latest_numbers,
    open_run,
    part_done,
    parts_done,
    standing_boards,
    tally_of_parts,
)
from apps.rankings.queries.shown import ShownBattles, newest_vote_at, pairs_told_before, shown_battles
from apps.rankings.queries.standings import CountedProof, Stretch, VoteRecord, counted_proof, record_of
from apps.rankings.queries.votes import CountedVotes, counted_in, counted_of, counted_votes

__all__ = [
    "Aside",
    "BoardRow",
    "BoardView",
    "CountedProof",
    "CountedVotes",
    "MonthTally",
    "MoveLine",
    "Moves",
    "Overlay",
    "ShownBattles",
    "Stretch",
    "VoteRecord",
    "board_view",
    "boards_made_in",
    "correction_notice",
    "counted_in",
    "counted_of",
    "counted_proof",
    "counted_votes",
    "erased_since",
    "everybodys_fact",
    "first_moment",
    "is_closed",
    "is_up_to_date",
    "kept_months",
    "last_standings",
    "latest_numbers",
    "latest_snapshot",
    "months_of_votes",
    "moves_of",
    "networks_of_people",
    "newest_snapshots",
    "newest_vote_at",
    "next_month",
    "one_moment",
    "open_run",
    "overlay_of",
    "pairs_told_before",
    "part_done",
    "parts_done",
    "platform_columns",
    "published_facts",
    "record_of",
    "segments_of",
    "shown_battles",
    "snapshot_numbered",
    "standing_boards",
    "tally_of_parts",
]
