"""The writes of the ranking: runs asked for, taken up, and published as snapshots."""

from apps.rankings.services.partitions import begin_partition, call_partition_stale, keep_partition
from apps.rankings.services.parts import (
    PartLost,
    Phase,
    PlannedPart,
    beat_part,
    claim_part,
    finish_part,
    let_go_of,
)
from apps.rankings.services.publishing import FittedBoard, FittedRating, Night, NotTheRunner, publish_snapshot
from apps.rankings.services.runs import (
    RefitAlreadyRunning,
    RunIsOver,
    end_run_cancelled,
    end_run_failed,
    request_refit,
    take_up_run,
)
from apps.rankings.services.standing_rows import Standings

__all__ = [
    "FittedBoard",
    "FittedRating",
    "Night",
    "NotTheRunner",
    "PartLost",
    "Phase",
    "PlannedPart",
    "RefitAlreadyRunning",
    "RunIsOver",
    "Standings",
    "beat_part",
    "begin_partition",
    "call_partition_stale",
    "claim_part",
    "end_run_cancelled",
    "end_run_failed",
    "finish_part",
    "keep_partition",
    "let_go_of",
    "publish_snapshot",
    "request_refit",
    "take_up_run",
]
