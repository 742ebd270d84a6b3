"""What contributors' own acts, and their networks, write to the log."""

from enum import StrEnum


class ContributorEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    APPLICATION_BEGUN = "contributors.application_begun"
    CLAIMS_DECLARED = "contributors.claims_declared"
    EMPLOYER_DECLARED = "contributors.employer_declared"
    CONSENT_GIVEN = "contributors.consent_given"
    CONSENT_WITHDRAWN = "contributors.consent_withdrawn"
    ACTIVATED = "contributors.activated"
    LEFT = "contributors.left"
    RETURNED = "contributors.returned"
    ERASED = "contributors.erased"
    NETWORK_ADDED = "contributors.network_added"
    WORDS_TAKEN = "contributors.words_taken"
