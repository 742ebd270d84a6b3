"""Reads of the rulebook, of who read how much of others' words, and of the ways out."""

from apps.policy.queries.clauses import UnknownClause, clause, clauses_on, current_version, parameter, rulebook
from apps.policy.queries.reading import ReadingLine, daily_numbers, readings_by_month, readings_by_person
from apps.policy.queries.ways_out import ways_out

__all__ = [
    "ReadingLine",
    "UnknownClause",
    "clause",
    "clauses_on",
    "current_version",
    "daily_numbers",
    "parameter",
    "readings_by_month",
    "readings_by_person",
    "rulebook",
    "ways_out",
]
