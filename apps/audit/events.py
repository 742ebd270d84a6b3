"""What the log writes about itself."""

from enum import StrEnum


class AuditEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    REFUSED = "audit.refused"
    ENTRIES_LOOKED_AT = "audit.entries_looked_at"
    ENTRY_LOOKED_AT = "audit.entry_looked_at"
    PROOF_DOWNLOADED = "audit.proof_downloaded"
    BUNDLE_DOWNLOADED = "audit.bundle_downloaded"
    TEXTS_FORGOTTEN = "audit.texts_forgotten"
    TEXT_FORGOTTEN = "audit.text_forgotten"
    KEY_ANNOUNCED = "audit.key_announced"
    KEY_RETIRED = "audit.key_retired"
    ENTRIES_RECOVERED = "audit.entries_recovered"
    BACKUP_RESTORED = "audit.backup_restored"
    WITNESS_ADDED = "audit.witness_added"
    WITNESS_ENDED = "audit.witness_ended"
