"""When a change comes into force, and what then becomes of changes that wait already.

The database decides this (``migrations/sql/book_functions.sql``); here it is explained: the staff's pages tell with it
what a proposal would do, and a test holds both against each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from apps.policy.domain.changes import ClauseChange, Directions, Kind, changed, differences, kind_of
from apps.policy.domain.directions import DIRECTIONS, FLOORS, Safer, stricter
from apps.policy.domain.rulebook import ClauseText

NOTICE_CLAUSE: Final = "W9"
NOTICE_PARAMETER: Final = "loosening_days"
LEAST_NOTICE_DAYS: Final = FLOORS[NOTICE_CLAUSE, NOTICE_PARAMETER]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One version with all its clauses; ``carries`` is the waiting version that it writes anew, if it does."""

    number: int
    effective_at: datetime
    clauses: tuple[ClauseText, ...]
    carries: int | None = None


class NothingDiffers(ValueError):
    """The change leaves every clause as it is."""


def in_force(editions: Iterable[Edition], at: datetime) -> Edition | None:
    """Return the highest version whose time has come."""
    return max((each for each in editions if each.effective_at <= at), key=lambda each: each.number, default=None)


def line_of(editions: Sequence[Edition], at: datetime) -> list[Edition]:
    """Return the version in force and those that will be, in the order in which their times come."""
    return [
        each
        for each in sorted(editions, key=lambda one: one.number)
        if not any(
            later.number > each.number and later.effective_at <= max(each.effective_at, at) for later in editions
        )
    ]


def adopted(
    editions: Sequence[Edition],
    changes: Sequence[ClauseChange],
    *,
    now: datetime,
    directions: Directions = DIRECTIONS,
) -> tuple[Kind, list[Edition]]:
    """Return what a change to the newest version does, and the versions that its adoption writes.

    A change that only tightens is written into the version in force and into each that waits, where it is stricter;
    these keep their times. Any other change is written once, upon the newest version, and waits.

    Raises:
        NothingDiffers: when nothing would change.
    """
    newest = max(editions, key=lambda each: each.number)
    target = changed(newest.clauses, changes)
    found = differences(newest.clauses, target, directions=directions)
    kind = kind_of(found)
    if kind is None:
        raise NothingDiffers
    line = line_of(editions, now)
    number = newest.number + 1
    if kind is not Kind.TIGHTENS:
        days = max(LEAST_NOTICE_DAYS, *(_notice_days(each) for each in line))
        effective_at = max(now + timedelta(days=days), newest.effective_at)
        return kind, [Edition(number=number, effective_at=effective_at, clauses=target)]
    moves = {(each.number, one.name): one.after for each in found for one in each.parameters}
    written: list[Edition] = []
    for each in line:
        tightened = tuple(_tightened(clause, moves, directions) for clause in each.clauses)
        if not written and tightened == each.clauses:
            continue
        waits = each.effective_at > now
        written.append(
            Edition(
                number=number + len(written),
                effective_at=each.effective_at if waits else now,
                clauses=tightened,
                carries=each.number if waits else None,
            )
        )
    return kind, written


def _tightened(clause: ClauseText, moves: dict[tuple[str, str], Any], directions: Directions) -> ClauseText:
    parameters = dict(clause.parameters)
    for name, value in clause.parameters.items():
        key = clause.number, name
        if key in moves:
            parameters[name] = stricter(directions.get(key, Safer.NONE), value, moves[key])
    return replace(clause, parameters=parameters)


def _notice_days(edition: Edition) -> int:
    for clause in edition.clauses:
        if clause.number == NOTICE_CLAUSE:
            return int(clause.parameters.get(NOTICE_PARAMETER, LEAST_NOTICE_DAYS))
    return LEAST_NOTICE_DAYS
