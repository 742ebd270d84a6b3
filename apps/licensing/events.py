"""What licensing writes to the log."""

from enum import StrEnum


class LicensingEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    LICENSEE_ADDED = "licensing.licensee_added"
    CLUSTER_RETIRED = "licensing.cluster_retired"
    CLUSTERS_MERGED = "licensing.clusters_merged"
    CLUSTER_NEAR_RELEASED = "licensing.cluster_near_released"
    CLUSTERS_COMPARED = "licensing.clusters_compared"
    DRAFTED = "licensing.drafted"
    SEAL_ATTEMPTED = "licensing.seal_attempted"
    SEALED = "licensing.sealed"
    SEAL_REFUSED = "licensing.seal_refused"
    SEAL_INTERRUPTED = "licensing.seal_interrupted"
    CANCELLED = "licensing.cancelled"
    BUILD_REQUESTED = "licensing.build_requested"
    BUILD_STOPPED = "licensing.build_stopped"
    EDITION_BUILT = "licensing.edition_built"
