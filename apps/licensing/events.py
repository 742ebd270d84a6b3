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
    DELIVERY_BEGUN = "licensing.delivery_begun"
    DELIVERY_RESUMED = "licensing.delivery_resumed"
    DELIVERY_ENDED = "licensing.delivery_ended"
    READS_MATCHED = "licensing.reads_matched"
    READ_INCIDENT = "licensing.read_incident"
    ROWS_TAKEN_BACK = "licensing.rows_taken_back"
    WITHDRAWN = "licensing.withdrawn"
    NOTICE_ISSUED = "licensing.notice_issued"
    NOTICE_SENT = "licensing.notice_sent"
    NOTICE_REMINDED = "licensing.notice_reminded"
    NOTICE_ACKNOWLEDGED = "licensing.notice_acknowledged"
    NOTICE_OVERDUE = "licensing.notice_overdue"
    SUSPENDED_FOR_SILENCE = "licensing.suspended_for_silence"
