"""What this app writes to the log."""

from enum import StrEnum


class AccountEvent(StrEnum):
    """Accounts and how they are proved, and changes of what people may do."""

    SIGNED_UP = "accounts.signed_up"
    ADDRESS_ADDED = "accounts.address_added"
    ADDRESS_VERIFIED = "accounts.address_verified"
    ADDRESS_REMOVED = "accounts.address_removed"
    PRIMARY_ADDRESS_CHANGED = "accounts.primary_address_changed"
    PASSWORD_SET = "accounts.password_set"  # noqa: S105 - The name of an event.
    PASSWORD_CHANGED = "accounts.password_changed"  # noqa: S105
    PASSWORD_RESET = "accounts.password_reset"  # noqa: S105
    AUTHENTICATOR_ADDED = "accounts.authenticator_added"
    AUTHENTICATOR_REMOVED = "accounts.authenticator_removed"
    SESSIONS_ENDED = "accounts.sessions_ended"
    ERASED = "accounts.erased"
    ROLE_GRANTED = "accounts.role_granted"
    ROLE_ENDED = "accounts.role_ended"
    NOTIFIED = "accounts.notified"
    INBOX_READ = "accounts.inbox_read"
