"""What moderation writes to the log."""

from enum import StrEnum


class ModerationEvent(StrEnum):
    """From an opened case to the last word on it; ``docs/log.md`` explains each."""

    CASE_OPENED = "moderation.case_opened"
    CASE_MOOT = "moderation.case_moot"
    TAKEN = "moderation.taken"
    RELEASED = "moderation.released"
    DECIDED = "moderation.decided"
    APPEALED = "moderation.appealed"
    APPEALS_ERASED = "moderation.appeals_erased"
    EXPORTS_LOOKED_INTO = "moderation.exports_looked_into"
