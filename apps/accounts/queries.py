"""Reads about accounts: the inbox, and the mails that the demo wrote."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from apps.accounts.models import InboxMessage

_LATEST = 40


def inbox_of(account_id: int, *, limit: int = 100) -> list[InboxMessage]:
    """Return a person's newest notices, newest first."""
    return list(InboxMessage.objects.filter(recipient_id=account_id).order_by("-created_at", "-pk")[:limit])


def unread_count(account_id: int) -> int:
    """Return how many notices a person has not read."""
    return InboxMessage.objects.filter(recipient_id=account_id, read_at=None).count()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMail:
    """One mail that the demo wrote to a file instead of sending it."""

    recipient: str
    subject: str
    sent_at: datetime | None
    body: str


def _moment(written: str) -> datetime | None:
    """Read a mail's date; one that is none is None."""
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def demo_mails(folder: Path) -> list[DemoMail]:
    """Return the newest mails below a folder, newest first; none while nothing was sent."""
    if not folder.is_dir():
        return []
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)[:_LATEST]
    mails = []
    for path in files:
        message = email.message_from_bytes(path.read_bytes().split(b"\n" + b"-" * 79)[0], policy=email.policy.default)
        part = message.get_body(preferencelist=("plain",))
        mails.append(
            DemoMail(
                recipient=str(message["To"]),
                subject=str(message["Subject"]),
                sent_at=_moment(str(message["Date"])),
                body=part.get_content() if part else "",
            )
        )
    return mails
