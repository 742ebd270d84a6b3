"""A notice of withdrawal: which rows a licensee deletes, by the names of their own copy, and until when.

It is canonical JSON (RFC 8785). Its SHA-256 stands in an entry of the log, so the log's signature over a checkpoint
that covers the entry is the notice's signature. It names rows and nothing of anybody: no reason, no person, no time of
what was taken back, and the rows in the order of their names.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import rfc8785

from apps.audit.domain.canonical import time_text

FORMAT: Final = "showdown-withdrawal-notice/1"
_ASKS: Final = "Delete these rows from every copy, and from whatever was derived row by row."


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The days of clause W11: to act on a notice, on an urgent one, and from the deadline to the suspension."""

    notice_days: int
    urgent_days: int
    escalation_days: int

    def due_at(self, issued_at: datetime, *, is_urgent: bool) -> datetime:
        """Return until when a notice must be acknowledged."""
        return issued_at + timedelta(days=self.urgent_days if is_urgent else self.notice_days)

    def suspends_at(self, due_at: datetime) -> datetime:
        """Return from when nothing more is delivered to whoever has not acknowledged."""
        return due_at + timedelta(days=self.escalation_days)


def reminds_at(issued_at: datetime, due_at: datetime) -> datetime:
    """Return when a licensee is reminded: after three quarters of the time."""
    return issued_at + (due_at - issued_at) * 3 / 4


def batch_is_due(oldest: datetime, *, now: datetime) -> bool:
    """Say whether rows that are not urgent go out: with the first look of the month after the oldest of them."""
    return (now.year, now.month) > (oldest.year, oldest.month)


def next_batch(now: datetime) -> datetime:
    """Return the first moment of the next month, when a batch is due."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def notice_bytes(
    *,
    licensee: str,
    number: int,
    is_urgent: bool,
    issued_at: datetime,
    due_at: datetime,
    rows: Mapping[int, Sequence[str]],
) -> bytes:
    """Return the document; ``rows`` are names in hexadecimal digits by the number of their release."""
    return rfc8785.dumps(
        {
            "asks": _ASKS,
            "due_at": time_text(due_at),
            "format": FORMAT,
            "issued_at": time_text(issued_at),
            "licensee": licensee,
            "number": number,
            "releases": [{"number": release, "rows": sorted(rows[release])} for release in sorted(rows)],
            "urgent": is_urgent,
        }
    )


def sha256_of_notice(document: bytes) -> str:
    """Return the digest that stands in the log, in hexadecimal digits."""
    return hashlib.sha256(document).hexdigest()
