"""What this app writes to the log."""

from enum import StrEnum


class AccountEvent(StrEnum):
    """Changes of what people may do."""

    ROLE_GRANTED = "accounts.role_granted"
    ROLE_ENDED = "accounts.role_ended"
    NOTIFIED = "accounts.notified"
    INBOX_READ = "accounts.inbox_read"
