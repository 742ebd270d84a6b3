"""What the neutrality register writes to the log."""

from enum import StrEnum


class OrganizationEvent(StrEnum):
    """Changes of the register; ``docs/log.md`` explains each."""

    REGISTERED = "organizations.registered"
    TIE_DECLARED = "organizations.tie_declared"
    TIE_ENDED = "organizations.tie_ended"
    STAFF_TIE_DECLARED = "organizations.staff_tie_declared"
    STAFF_TIE_ENDED = "organizations.staff_tie_ended"
