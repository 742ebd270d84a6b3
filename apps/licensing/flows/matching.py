"""The nightly comparison: every read of an edition's file has a delivery, and every delivery its reads (clause W12)."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.domain.journal import mismatches, read_line
from apps.licensing.gateways import EditionReader, ReadJournal
from apps.licensing.models import ReadMatch
from apps.licensing.queries.reads import answers_of_day, claimed_answers, days_to_match
from apps.licensing.services.incidents import put_down_match


def match_due_days(
    *, actor: Actor, clock: Callable[[], datetime] = timezone.now, reader: EditionReader | None = None
) -> list[ReadMatch]:
    """Compare the journal of each day that is over with what was claimed; return what each came to."""
    journal = (reader or EditionReader()).journal
    today = clock().astimezone(UTC).date()
    due = days_to_match(journal.days(), today=today)
    return [_match(actor=actor, journal=journal, day=day, now=clock()) for day in due]


def _match(*, actor: Actor, journal: ReadJournal, day: date, now: datetime) -> ReadMatch:
    lines = journal.lines(day)
    # An answer that was claimed just before midnight is journaled just after it.
    after = {line.answer for line in map(read_line, journal.lines(day + timedelta(days=1))) if line is not None}
    found = mismatches(
        lines, claimed_answers(lines, day), [answer for answer in answers_of_day(day) if answer not in after]
    )
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    return put_down_match(actor=actor, day=day, lines=len(lines), journal_sha256=digest, found=found, now=now)
