"""How many battles each clause takes out of a draft; every battle is counted once, under the first that says no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self


class WallClause(StrEnum):
    """The clauses that look at single battles, in the order in which they are asked."""

    LIVE = "W1"
    CONSENT = "W2"
    UNFIT = "W3"


ORDER: Final = tuple(WallClause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was asked for and what each clause took out; ``passing`` is the rest."""

    asked: int
    taken_out: Mapping[WallClause, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.asked < 0 or any(count < 0 for count in self.taken_out.values()) or self.passing < 0:
            raise ValueError(f"{self.asked} asked for and {dict(self.taken_out)} taken out do not add up.")

    @property
    def passing(self) -> int:
        """How many battles no clause takes out."""
        return self.asked - sum(self.taken_out.values())

    @property
    def first_refusing(self) -> WallClause | None:
        """The first clause that takes anything out; None when all battles pass."""
        return next((clause for clause in ORDER if self.count(clause)), None)

    def count(self, clause: WallClause) -> int:
        """How many battles a clause takes out."""
        return self.taken_out.get(clause, 0)

    @classmethod
    def from_json(cls, told: Mapping[str, int], *, asked: int) -> Self:
        """Read counts as they are stored."""
        return cls(asked=asked, taken_out={clause: told[clause.value] for clause in ORDER if clause.value in told})

    def to_json(self) -> dict[str, int]:
        """Return the counts by clause, every clause named."""
        return {clause.value: self.count(clause) for clause in ORDER}

    def to_facts(self) -> dict[str, int]:
        """Return the counts under words, as an entry of the log spells them."""
        return {clause.name.lower(): self.count(clause) for clause in ORDER}
