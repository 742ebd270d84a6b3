"""The roles that a person can hold; each has a home page of its own."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do here; one person may hold several."""

    CONTRIBUTOR = "contributor"
    MODERATOR = "moderator"
    NETWORK_ADMIN = "network_admin"
    LICENSING_OFFICER = "licensing_officer"
    APPROVER = "approver"
    LICENSEE = "licensee"
    AUDITOR = "auditor"
