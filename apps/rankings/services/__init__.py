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

__all__ = [
    "FittedBoard",
    "FittedRating",
    "NotTheRunner",
    "RefitAlreadyRunning",
    "RunIsOver",
    "end_run_cancelled",
    "end_run_failed",
    "publish_snapshot",
    "request_refit",
    "take_up_run",
]
