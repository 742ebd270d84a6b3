"""Reads of who read how much of others' words, and of the ways out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncMonth

from apps.policy.domain.reading import CLAUSE as READING
from apps.policy.models import ContentLook, EgressRoute
from apps.policy.queries.clauses import clause


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLine:
    """What was read in one month, in one role, for one purpose; by one person where ``reader`` says whom.

    ``texts`` counts a text once for each person and day, ``looks`` every time that a page with it was shown.
    """

    month: datetime
    role: str
    purpose: str
    people: int
    looks: int
    texts: int
    last_at: datetime
    reader: str = ""
    key: str = ""


def readings_by_month(*, using: str) -> list[ReadingLine]:
    """Return how much was read in each month, newest first, by role and purpose."""
    rows = (
        ContentLook.objects.using(using)
        .annotate(month=TruncMonth("at"))
        .values("month", "batch__role", "batch__purpose")
        .annotate(people=Count("batch__reader", distinct=True), looks=Count("pk"), texts=Sum("counted"), last=Max("at"))
        .order_by("-month", "batch__role", "batch__purpose")
    )
    return [_reading(row) for row in rows]


def readings_by_person(
    *, using: str, since: datetime | None = None, until: datetime | None = None
) -> list[ReadingLine]:
    """Return how much each person read in each month between two moments, those who read most first."""
    looks = ContentLook.objects.using(using)
    if since is not None:
        looks = looks.filter(at__gte=since)
    if until is not None:
        looks = looks.filter(at__lt=until)
    rows = (
        looks.annotate(month=TruncMonth("at"))
        .values("month", "batch__role", "batch__purpose", "batch__reader", "batch__key")
        .annotate(looks=Count("pk"), texts=Sum("counted"), last=Max("at"))
        .order_by("-month", "-texts", "-looks", "batch__reader", "batch__purpose", "batch__key")
    )
    return [_reading({**row, "people": 1}) for row in rows]


def _reading(row: Mapping[str, Any]) -> ReadingLine:
    return ReadingLine(
        month=row["month"],
        role=row["batch__role"],
        purpose=row["batch__purpose"],
        people=row["people"],
        looks=row["looks"],
        texts=row["texts"],
        last_at=row["last"],
        reader=row.get("batch__reader", ""),
        key=row.get("batch__key", ""),
    )


def daily_numbers() -> dict[str, int]:
    """Return how many texts of others each role may read within 24 hours; a role that is not in it, none."""
    return {role: int(number) for role, number in clause(READING).parameters.items()}


def ways_out() -> list[EgressRoute]:
    """Return every way out of the platform, by kind and name."""
    return list(EgressRoute.objects.order_by("kind", "name"))
