"""What a night of ranking leaves behind: runs and their parts, snapshots, boards and ratings."""

from apps.rankings.models.boards import Board, BoardFact, BoardHolding, FactKind, Method, Rating
from apps.rankings.models.partitions import VotePartition
from apps.rankings.models.runs import PartState, RefitPart, RefitRun, RunState
from apps.rankings.models.snapshots import SealedInput, Snapshot, SnapshotBallots, SnapshotQuerySet, VoteStanding

__all__ = [
    "Board",
    "BoardFact",
    "BoardHolding",
    "FactKind",
    "Method",
    "PartState",
    "Rating",
    "RefitPart",
    "RefitRun",
    "RunState",
    "SealedInput",
    "Snapshot",
    "SnapshotBallots",
    "SnapshotQuerySet",
    "VotePartition",
    "VoteStanding",
]
