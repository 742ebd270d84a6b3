"""Reads of the rulebook, of who read how much of others' words, and of the ways out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from apps.policy.domain.reading import CLAUSE as READING
from apps.policy.domain.rulebook import ClauseText
from apps.policy.models import Clause, ContentLook, EgressRoute, PolicyVersion

# Written out, since every vote asks for a clause: building the statement anew takes longer than answering it.
_CLAUSE_IN_FORCE: Final = (
    "SELECT c.title, c.text, c.parameters, v.number FROM policy_clause c"
    " JOIN policy_policyversion v ON v.id = c.version_id WHERE c.number = %s AND v.id ="
    " (SELECT id FROM policy_policyversion WHERE effective_at <= %s ORDER BY number DESC LIMIT 1)"
)


class UnknownClause(LookupError):
    """No clause of that number is in force, or it has no such parameter: a mistake in the program."""


def _text(clause: Clause, version: int) -> ClauseText:
    return ClauseText(
        number=clause.number, title=clause.title, text=clause.text, parameters=clause.parameters, version=version
    )


def current_version(*, at: datetime | None = None) -> int:
    """Return the number of the version in force.

    Raises:
        UnknownClause: when no version is in force yet.
    """
    number = (
        PolicyVersion.objects.filter(effective_at__lte=at or timezone.now())
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    if number is None:
        raise UnknownClause("No version of the rulebook is in force.")
    return number


def clause(number: str, *, version: int | None = None) -> ClauseText:
    """Return a clause under one version, by default the one in force.

    Raises:
        UnknownClause: when that version has no clause of this number.
    """
    if version is None:
        return _clause_in_force(number)
    found = Clause.objects.filter(version__number=version, number=number).first()
    if found is None:
        raise UnknownClause(f"Version {version} of the rulebook has no clause {number}.")
    return _text(found, version)


def _clause_in_force(number: str) -> ClauseText:
    with connection.cursor() as cursor:
        cursor.execute(_CLAUSE_IN_FORCE, [number, timezone.now()])
        row = cursor.fetchone()
    if row is None:
        raise UnknownClause(f"No version of the rulebook in force has a clause {number}.")
    title, text, parameters, version = row
    return ClauseText(number=number, title=title, text=text, parameters=json.loads(parameters), version=version)


def parameter(number: str, name: str) -> Any:
    """Return one number of a clause in force.

    Raises:
        UnknownClause: when there is no such clause or it has no such parameter.
    """
    parameters: Mapping[str, Any] = clause(number).parameters
    if name not in parameters:
        raise UnknownClause(f"Clause {number} has no parameter {name}.")
    return parameters[name]


def rulebook(*, version: int | None = None) -> list[ClauseText]:
    """Return every clause of one version, by default the one in force, in the order of their numbers."""
    version = version if version is not None else current_version()
    return [_text(found, version) for found in Clause.objects.filter(version__number=version).order_by("number")]


def clauses_on(subject: str) -> list[ClauseText]:
    """Return the clauses in force whose number begins with one letter, such as P for prompts."""
    return [found for found in rulebook() if found.number.startswith(subject)]


# --- Who read how much of others' words ---


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


# --- The ways out ---


def ways_out() -> list[EgressRoute]:
    """Return every way out of the platform, by kind and name."""
    return list(EgressRoute.objects.order_by("kind", "name"))
