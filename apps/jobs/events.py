"""What this app writes to the log."""

from enum import StrEnum


class JobEvent(StrEnum):
    """The life of a long piece of work; its progress in between is not an entry."""

    STARTED = "jobs.started"
    FINISHED = "jobs.finished"
    FAILED = "jobs.failed"
    CANCEL_REQUESTED = "jobs.cancel_requested"
    CANCELLED = "jobs.cancelled"
