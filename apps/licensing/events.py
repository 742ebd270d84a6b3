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
