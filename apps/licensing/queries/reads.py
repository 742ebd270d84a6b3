"""What the daily comparison of reads needs to know, and what it found."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from apps.audit.queries import trail_of
from apps.licensing.domain.journal import Claimed, read_line
from apps.licensing.events import LicensingEvent
from apps.licensing.models import ReadIncident, ReadMatch, Transfer


def claimed_answers(lines: Iterable[bytes], day: date) -> dict[int, Claimed]:
    """Return every answer that the lines name or that began on a day (UTC), by number."""
    named = {line.answer for line in map(read_line, lines) if line is not None}
    begins = datetime.combine(day, time.min, UTC)
    wanted = Transfer.objects.select_related("delivery")
    found = list(wanted.filter(pk__in=named)) + list(
        wanted.filter(began_at__gte=begins, began_at__lt=begins + timedelta(days=1))
    )
    has_entry: dict[str, bool] = {}
    for transfer in found:
        ref = transfer.delivery.ref
        if ref not in has_entry:
            has_entry[ref] = LicensingEvent.DELIVERY_BEGUN.value in trail_of(ref)
    return {
        transfer.pk: Claimed(
            answer=transfer.pk,
            file=transfer.delivery.file,
            start=transfer.start,
            until=transfer.until,
            sha256=transfer.delivery.file_sha256,
            has_entry=has_entry[transfer.delivery.ref],
            has_sent=transfer.sent > 0,
        )
        for transfer in found
    }


def answers_of_day(day: date) -> list[int]:
    """Return the answers that began on a day (UTC)."""
    begins = datetime.combine(day, time.min, UTC)
    began = Transfer.objects.filter(began_at__gte=begins, began_at__lt=begins + timedelta(days=1))
    return list(began.order_by("pk").values_list("pk", flat=True))


def days_to_match(journaled: Iterable[date], *, today: date) -> list[date]:
    """Return the days before today that have reads or answers and were not compared yet, oldest first."""
    began = Transfer.objects.dates("began_at", "day")
    days = {*journaled, *began}
    matched = set(ReadMatch.objects.filter(day__in=days).values_list("day", flat=True))
    return sorted(day for day in days - matched if day < today)


def incidents(limit: int = 100) -> list[ReadIncident]:
    """Return the newest incidents, newest first."""
    found = ReadIncident.objects.select_related("transfer__delivery__licensee__organization", "edition__release")
    return list(found.order_by("-pk")[:limit])


def matches(limit: int = 30) -> list[ReadMatch]:
    """Return the newest daily comparisons, newest first."""
    return list(ReadMatch.objects.order_by("-day")[:limit])
