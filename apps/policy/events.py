"""What the rulebook and the gate before others' words write to the log."""

from enum import StrEnum


class PolicyEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    CONTENT_READ = "policy.content_read"
    PROPOSED = "policy.proposed"
    BACK_TESTED = "policy.back_tested"
    ADOPTED = "policy.adopted"
    VERSION_WRITTEN = "policy.version_written"
    REJECTED = "policy.rejected"
    WITHDRAWN = "policy.withdrawn"
