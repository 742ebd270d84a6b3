"""The writes of the ranking: runs asked for, taken up, and published as snapshots."""

from apps.rankings.services.inputs import record_input_fetch
from apps.rankings.services.partitions import begin_partition, call_partition_stale, keep_partition
from apps.rankings.services.parts import (
    PartLost,
    Phase,
    PlannedPart,
    beat_part,
    claim_part,
    finish_part,
    give_back_part,
    let_go_of,
)
from apps.rankings.services.publishing import (
    FittedBoard,
    FittedRating,
    Night,
    NotTheRunner,
    SealedFacts,
    publish_snapshot,
)
from apps.rankings.services.runs import (
    CorrectionSaysNothing,
    RefitAlreadyRunning,
    RunIsOver,
    correct_snapshot,
    end_run_cancelled,
    end_run_failed,
    request_refit,
    take_up_run,
)
from apps.rankings.services.standing_rows import Standings

__all__ = [
    "CorrectionSaysNothing",
    "FittedBoard",
    "FittedRating",
    "Night",
    "NotTheRunner",
    "PartLost",
    "Phase",
    "PlannedPart",
    "RefitAlreadyRunning",
    "RunIsOver",
    "SealedFacts",
    "Standings",
    "beat_part",
    "begin_partition",
    "call_partition_stale",
    "claim_part",
    "correct_snapshot",
    "end_run_cancelled",
    "end_run_failed",
    "finish_part",
    "give_back_part",
    "keep_partition",
    "let_go_of",
    "publish_snapshot",
    "record_input_fetch",
    "request_refit",
    "take_up_run",
]
