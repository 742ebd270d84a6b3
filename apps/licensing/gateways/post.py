"""Mail to licensees and officers, by whatever server the settings name."""

import smtplib
from email.utils import formatdate
from typing import Final, Protocol

from django.core.mail import EmailMessage

_TROUBLE: Final = (OSError, smtplib.SMTPException)


class PostRefused(RuntimeError):
    """The mail could not be handed over; it stays due."""


class Sends(Protocol):
    """Whatever hands a mail over."""

    def send(self, *, to: str, subject: str, body: str, key: str) -> None:
        """Hand a mail over, or raise ``PostRefused``."""


class Post:
    """Hands mails to the server. The same ``key`` is the same Message-ID, so that a repeated mail is seen as one."""

    def send(self, *, to: str, subject: str, body: str, key: str) -> None:
        """Hand a mail over, or raise ``PostRefused``."""
        headers = {"Message-ID": f"<{key}>", "Date": formatdate(), "Auto-Submitted": "auto-generated"}
        message = EmailMessage(" ".join(subject.split()), body, to=[to], headers=headers)
        try:
            message.send()
        except _TROUBLE as error:
            raise PostRefused(type(error).__name__) from error


class SilentPost:
    """Keeps mails instead of sending them, for tests that ask what would have been sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str, str]] = []

    def send(self, *, to: str, subject: str, body: str, key: str) -> None:
        """Keep a mail."""
        self.sent.append((to, subject, body, key))
