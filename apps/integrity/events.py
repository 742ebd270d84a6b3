"""What the tests of voters write to the log."""

from enum import StrEnum


class IntegrityEvent(StrEnum):
    """From a look at everybody's votes to what a person made of it; ``docs/log.md`` explains each."""

    VOTERS_TESTED = "integrity.voters_tested"
    FOUND = "integrity.found"
    UPHELD = "integrity.upheld"
    DISMISSED = "integrity.dismissed"
    RESTORED = "integrity.restored"
