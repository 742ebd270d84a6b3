"""Reads of the rulebook: the clauses in force and their numbers."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from apps.policy.domain.rulebook import ClauseText
from apps.policy.models import Clause, PolicyVersion

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
