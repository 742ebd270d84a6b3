"""Who read how much of others' words, for auditors: by month, role and person, and as CSV."""

import csv
import re
from datetime import UTC, datetime
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.middleware import acting
from apps.audit.queries import auditor_database
from apps.audit.services import record_look
from apps.policy.queries import clause, daily_numbers, readings_by_month, readings_by_person
from apps.web.events import WebEvent

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_ALL: Final = "all"
_TOLD: Final = {
    "case": _("to decide a case"),
    "statement": _("to read a statement of reasons again"),
    "drawn_ballot": _("to check a ballot drawn by lot"),
}


@require_safe
@never_cache
@login_required
def reading(request: HttpRequest) -> HttpResponse:
    """Show how much was read in each month, and by whom in one of them."""
    month = _month(request.GET.get("month", ""))
    _look(request, month)
    since, until = _bounds(month)
    months = readings_by_month(using=auditor_database())
    people = readings_by_person(using=auditor_database(), since=since, until=until)
    context = {
        "months": [(line, _TOLD.get(line.purpose, line.purpose)) for line in months],
        "people": [(line, _TOLD.get(line.purpose, line.purpose)) for line in people],
        "month": month,
        "since": since,
        "offered": sorted({(f"{line.month:%Y-%m}", f"{line.month:%Y-%m}") for line in months}, reverse=True),
        "texts": sum(line.texts for line in people),
        "readers": len({line.reader for line in people}),
        "allowed": daily_numbers(),
        "clause": clause("G1"),
    }
    return render(request, "web/reading.html", context)


@require_safe
@never_cache
@login_required
def reading_csv(request: HttpRequest) -> HttpResponse:
    """Answer the same as CSV: one line for each person, role, purpose and month; all months unless one is asked for."""
    month = request.GET.get("month", "")
    month = month if _MONTH.fullmatch(month) else _ALL
    _look(request, month)
    since, until = (None, None) if month == _ALL else _bounds(month)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="showdown-reading-{month}.csv"'
    writer = csv.writer(response)
    writer.writerow(["month", "role", "purpose", "reader", "key", "looks", "texts", "last_at"])
    for line in readings_by_person(using=auditor_database(), since=since, until=until):
        told = [f"{line.month:%Y-%m}", line.role, line.purpose, line.reader, line.key, line.looks, line.texts]
        writer.writerow([*told, line.last_at.isoformat()])
    return response


def _look(request: HttpRequest, month: str) -> None:
    actor, subject = acting(request), f"policy.reading:{month}"
    record_look(WebEvent.READING_LOOKED_AT, actor=actor, subject=subject, now=timezone.now())


def _month(asked: str) -> str:
    return asked if _MONTH.fullmatch(asked) else f"{timezone.now():%Y-%m}"


def _bounds(month: str) -> tuple[datetime, datetime]:
    year, number = int(month[:4]), int(month[5:])
    after = (year + 1, 1) if number == 12 else (year, number + 1)  # noqa: PLR2004 - Months of a year.
    return datetime(year, number, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)
