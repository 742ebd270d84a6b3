"""Reads of the rulebook: the clauses in force and their numbers."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection

from apps.policy.domain.changes import in_order
from apps.policy.domain.directions import Safer, stricter
from apps.policy.domain.rulebook import ClauseText
from apps.policy.models import Clause, ParameterDirection

# Written out, since every vote asks for a clause: building the statement anew takes longer than answering it. The
# clock is the database's: one of the application's that runs ahead would bring a waiting version forward.
_CLAUSE_IN_FORCE: Final = (
    "SELECT c.title, c.text, c.parameters, v.number FROM policy_clause c"
    " JOIN policy_policyversion v ON v.id = c.version_id WHERE c.number = %s AND v.id ="
    " (SELECT id FROM policy_policyversion WHERE effective_at <= clock_timestamp() ORDER BY number DESC LIMIT 1)"
)
_VERSION_IN_FORCE: Final = (
    "SELECT max(number) FROM policy_policyversion"
    " WHERE effective_at <= least(coalesce(%s, clock_timestamp()), clock_timestamp())"
)


class UnknownClause(LookupError):
    """No clause of that number is in force, or it has no such parameter: a mistake in the program."""


def _text(clause: Clause, version: int) -> ClauseText:
    return ClauseText(
        number=clause.number, title=clause.title, text=clause.text, parameters=clause.parameters, version=version
    )


def current_version(*, at: datetime | None = None) -> int:
    """Return the number of the version in force, now or at a moment of the past, by the database's clock.

    Raises:
        UnknownClause: when no version is in force yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(_VERSION_IN_FORCE, [at])
        (number,) = cursor.fetchone()
    if number is None:
        raise UnknownClause("No version of the rulebook is in force.")
    return int(number)


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
        cursor.execute(_CLAUSE_IN_FORCE, [number])
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


def stricter_parameter(number: str, name: str, *, pinned: int) -> Any:
    """Return a number of a clause as it protects most: under the version in force, or under one that is pinned.

    A clause or number that the pinned version did not have yet is taken from the one in force.

    Raises:
        UnknownClause: when the version in force has no such clause or parameter.
    """
    now = parameter(number, name)
    found = Clause.objects.filter(version__number=pinned, number=number).first()
    if found is None or name not in found.parameters:
        return now
    return stricter(directions().get((number, name), Safer.NONE), now, found.parameters[name])


def directions() -> dict[tuple[str, str], Safer]:
    """Return to which side each parameter is safer, as the database's table has it."""
    rows = ParameterDirection.objects.values_list("clause", "name", "safer")
    return {(number, name): Safer(safer) for number, name, safer in rows}


def rulebook(*, version: int | None = None) -> list[ClauseText]:
    """Return every clause of one version, by default the one in force, in the order of their numbers."""
    version = version if version is not None else current_version()
    found = [_text(each, version) for each in Clause.objects.filter(version__number=version)]
    return sorted(found, key=lambda each: in_order(each.number))


def clauses_on(subject: str) -> list[ClauseText]:
    """Return the clauses in force whose number begins with one letter, such as P for prompts."""
    return [found for found in rulebook() if found.number.startswith(subject)]
