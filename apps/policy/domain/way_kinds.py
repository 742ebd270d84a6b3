"""Which kinds of ways out of the platform there are."""

from enum import StrEnum


class WayKind(StrEnum):
    """What kind of way out it is."""

    PAGE = "page"
    AGGREGATE = "aggregate"
    LOG = "log"
    OWN_DATA = "own_data"
    RELEASE = "release"
    PROVIDER = "provider"
    MAIL = "mail"
    WITNESS = "witness"
    AUDIT = "audit"
    OPERATION = "operation"
    SIDE_COPY = "side_copy"
