"""The writes of the ranking: runs asked for, taken up, and published as snapshots."""

from apps.rankings.services.publishing import FittedBoard, FittedRating, NotTheRunner, publish_snapshot
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
    "NotTheRunner",
    "RefitAlreadyRunning",
    "RunIsOver",
    "Standings",
    "end_run_cancelled",
    "end_run_failed",
    "publish_snapshot",
    "request_refit",
    "take_up_run",
]
