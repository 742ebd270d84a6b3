"""How allauth creates accounts and sends its mails here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts without user names; mails in the reader's language."""

    def populate_username(self, request: Any, user: Any) -> None:
        """Do nothing: people sign in by e-mail address."""
