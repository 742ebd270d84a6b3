"""Reads of the rulebook: the clauses in force and their numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
    version = version if version is not None else current_version()
    found = Clause.objects.filter(version__number=version, number=number).first()
    if found is None:
        raise UnknownClause(f"Version {version} of the rulebook has no clause {number}.")
    return _text(found, version)


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
