"""What licensing writes to the log."""

from enum import StrEnum


class LicensingEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    LICENSEE_ADDED = "licensing.licensee_added"
    CLUSTER_RETIRED = "licensing.cluster_retired"
    CLUSTERS_MERGED = "licensing.clusters_merged"
    DRAFTED = "licensing.drafted"
    SEAL_ATTEMPTED = "licensing.seal_attempted"
    SEALED = "licensing.sealed"
    SEAL_REFUSED = "licensing.seal_refused"
    SEAL_INTERRUPTED = "licensing.seal_interrupted"
    CANCELLED = "licensing.cancelled"
    BUILD_REQUESTED = "licensing.build_requested"
    BUILD_STOPPED = "licensing.build_stopped"
    EDITION_BUILT = "licensing.edition_built"
    EDITION_REWRITTEN = "licensing.edition_rewritten"
    PEOPLE_FITTED = "licensing.people_fitted"
    PEOPLE_HELD_BACK = "licensing.people_held_back"


class LicenseeEvent(StrEnum):
    """What happens to licensees and their agreements."""

    TEXT_PUBLISHED = "licensing.agreement_text_published"
    TERMS_OFFERED = "licensing.terms_offered"
    CONTACT_NAMED = "licensing.contact_named"
    ACCEPTED = "licensing.agreement_accepted"
    ENDED = "licensing.agreement_ended"
    CONTROL_REVIEWED = "licensing.control_reviewed"
    RECIPIENT_DECLARED = "licensing.recipient_declared"
    RECIPIENT_ENDED = "licensing.recipient_ended"
    SUSPENDED = "licensing.licensee_suspended"
    SUSPENSION_ENDED = "licensing.suspension_ended"
    KEY_MADE = "licensing.key_made"
    KEY_REVOKED = "licensing.key_revoked"
    REQUESTED = "licensing.access_requested"
    REQUEST_WITHDRAWN = "licensing.request_withdrawn"
    REQUEST_REFUSED = "licensing.request_refused"
    REQUEST_DRAFTED = "licensing.request_drafted"
