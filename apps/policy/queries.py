"""Reads of the rulebook: the clauses in force and their numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Subquery
from django.utils import timezone

from apps.policy.domain.rulebook import ClauseText
from apps.policy.models import Clause, PolicyVersion


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
    found = Clause.objects.filter(number=number).select_related("version")
    if version is None:
        in_force = PolicyVersion.objects.filter(effective_at__lte=timezone.now()).order_by("-number")
        found = found.filter(version=Subquery(in_force.values("pk")[:1]))
    else:
        found = found.filter(version__number=version)
    clause = found.first()
    if clause is None:
        of_version = "in force" if version is None else str(version)
        raise UnknownClause(f"Version {of_version} of the rulebook has no clause {number}.")
    return _text(clause, clause.version.number)


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
