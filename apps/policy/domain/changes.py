"""What a proposal changes, what two versions differ in, and what that does to those whom the rules protect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from apps.policy.domain.directions import (
    CEILINGS,
    DIRECTIONS,
    FLOORS,
    MOST,
    Effect,
    Safer,
    effect_of,
    is_number,
    is_same,
)
from apps.policy.domain.rulebook import ClauseText

Directions = Mapping[tuple[str, str], Safer]
MISSING: Final = object()


class Kind(StrEnum):
    """What a change as a whole does; everything but tightening waits in public."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    MIXED = "mixed"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseChange:
    """How a clause is to read; with ``is_removed`` it is to go."""

    number: str
    title: str = ""
    text: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_removed: bool = False

    @classmethod
    def of(cls, clause: ClauseText, **parameters: Any) -> "ClauseChange":
        """Return a clause as it is, with other numbers."""
        return cls(
            number=clause.number,
            title=clause.title,
            text=clause.text,
            parameters={**clause.parameters, **parameters},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterDifference:
    """One parameter before and after; ``None`` where it is not there."""

    name: str
    before: Any
    after: Any
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseDifference:
    """One clause before and after, ``None`` where it is not there, and its parameters that differ."""

    number: str
    before: ClauseText | None
    after: ClauseText | None
    parameters: tuple[ParameterDifference, ...] = ()

    @property
    def is_reworded(self) -> bool:
        """Whether title or words differ; a clause that comes or goes is not counted."""
        if self.before is None or self.after is None:
            return False
        return (self.before.title, self.before.text) != (self.after.title, self.after.text)

    @property
    def title(self) -> str:
        """What the clause is called, or was."""
        found = self.after or self.before
        return found.title if found is not None else ""

    @property
    def effects(self) -> frozenset[Effect]:
        """All that this difference does."""
        found = {each.effect for each in self.parameters}
        if self.is_reworded or self.before is None or self.after is None:
            found.add(Effect.CHANGES)
        return frozenset(found)


def differences(
    before: Iterable[ClauseText], after: Iterable[ClauseText], *, directions: Directions = DIRECTIONS
) -> tuple[ClauseDifference, ...]:
    """Return what differs between two versions, in the order of the clauses' numbers."""
    old, new = {each.number: each for each in before}, {each.number: each for each in after}
    found = []
    for number in sorted(old.keys() | new.keys(), key=in_order):
        was, becomes = old.get(number), new.get(number)
        moved = _moved(was, becomes, directions) if was is not None and becomes is not None else ()
        difference = ClauseDifference(number=number, before=was, after=becomes, parameters=moved)
        if difference.effects:
            found.append(difference)
    return tuple(found)


def _moved(was: ClauseText, becomes: ClauseText, directions: Directions) -> tuple[ParameterDifference, ...]:
    found = []
    for name in [*was.parameters, *(name for name in becomes.parameters if name not in was.parameters)]:
        before, after = was.parameters.get(name, MISSING), becomes.parameters.get(name, MISSING)
        effect = effect_of(directions.get((was.number, name), Safer.NONE), before, after)
        if effect is not Effect.SAME:
            found.append(
                ParameterDifference(
                    name=name,
                    before=None if before is MISSING else before,
                    after=None if after is MISSING else after,
                    effect=effect,
                )
            )
    return tuple(found)


def kind_of(found: Iterable[ClauseDifference]) -> Kind | None:
    """Say what some differences do together; None when there are none."""
    effects = frozenset[Effect]().union(*(each.effects for each in found))
    if not effects:
        return None
    if effects == {Effect.TIGHTENS}:
        return Kind.TIGHTENS
    if Effect.TIGHTENS in effects:
        return Kind.MIXED
    return Kind.LOOSENS if Effect.LOOSENS in effects else Kind.CHANGES


def changed(clauses: Iterable[ClauseText], changes: Iterable[ClauseChange]) -> tuple[ClauseText, ...]:
    """Return the clauses of a version as they read with some changes, in the order of their numbers."""
    book = {each.number: each for each in clauses}
    for change in changes:
        if change.is_removed:
            book.pop(change.number, None)
        else:
            book[change.number] = ClauseText(
                number=change.number, title=change.title, text=change.text, parameters=dict(change.parameters)
            )
    return tuple(sorted(book.values(), key=lambda each: in_order(each.number)))


def in_order(number: str) -> tuple[str, int]:
    """Return what the number of a clause is sorted by: W10 comes after W9."""
    return number[:1], int(number[1:]) if number[1:].isdecimal() else 0


class Unfit(StrEnum):
    """Why a clause cannot read as somebody wishes."""

    BELOW_FLOOR = "below_floor"
    ABOVE_CEILING = "above_ceiling"
    OTHER_NAMES = "other_names"
    OTHER_SORT = "other_sort"
    OUT_OF_RANGE = "out_of_range"
    STANDS = "stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one parameter, or with the clause when ``name`` is empty."""

    why: Unfit
    name: str = ""


def fault_in(clause: ClauseText | None, change: ClauseChange) -> Fault | None:
    """Say why a change is not fit for the program that reads the clause; None when it is.

    The names of parameters come with the program, so a change neither adds nor takes one away, a clause with numbers or
    of the wall is not removed, and a value stays of its sort: whole numbers whole, lists lists.
    """
    if change.is_removed:
        stands = clause is not None and (bool(clause.parameters) or clause.number.startswith("W"))
        return Fault(why=Unfit.STANDS) if stands else None
    if set(change.parameters) != set(clause.parameters if clause is not None else ()):
        return Fault(why=Unfit.OTHER_NAMES)
    if clause is None:
        return None
    for name, value in change.parameters.items():
        why = _why_unfit(change.number, name, clause.parameters[name], value)
        if why is not None:
            return Fault(why=why, name=name)
    return None


def _why_unfit(number: str, name: str, before: Any, after: Any) -> Unfit | None:
    if is_same(before, after):
        return None
    if before is None or after is None:
        return Unfit.OTHER_SORT if DIRECTIONS.get((number, name), Safer.NONE) is not Safer.NONE else None
    if is_number(before) and is_number(after):
        where = (number, name)
        return _why_no_such_number(before, after, floor=FLOORS.get(where, 0), ceiling=CEILINGS.get(where, MOST))
    return Unfit.OTHER_SORT if type(before) is not type(after) else None


def _why_no_such_number(before: float, after: float, *, floor: int, ceiling: int) -> Unfit | None:
    # Also what is no number at all, such as NaN, lies between no two numbers.
    if not 0 <= after <= MOST:
        return Unfit.OUT_OF_RANGE
    if before == int(before) and after != int(after):
        return Unfit.OTHER_SORT
    if after < floor:
        return Unfit.BELOW_FLOOR
    return Unfit.ABOVE_CEILING if after > ceiling else None


def digest_source(clauses: Sequence[ClauseText]) -> list[dict[str, Any]]:
    """Return a version as the canonical JSON behind its digest spells it, in the order of the clauses' numbers."""
    return [
        {"number": each.number, "parameters": dict(each.parameters), "text": each.text, "title": each.title}
        for each in sorted(clauses, key=lambda each: in_order(each.number))
    ]
