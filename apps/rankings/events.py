"""What this app writes to the log."""

from enum import StrEnum


class RankingEvent(StrEnum):
    """The life of a recomputation and of what it publishes."""

    REQUESTED = "rankings.requested"
    TAKEN_UP = "rankings.taken_up"
    PUBLISHED = "rankings.published"
    CANCELLED = "rankings.cancelled"
    FAILED = "rankings.failed"
    CORRECTION_REQUESTED = "rankings.correction_requested"
    INPUT_FETCHED = "rankings.input_fetched"
