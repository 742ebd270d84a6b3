"""What the rulebook and the gate before others' words write to the log."""

from enum import StrEnum


class PolicyEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    CONTENT_READ = "policy.content_read"
