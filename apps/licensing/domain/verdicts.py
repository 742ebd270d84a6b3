"""What a rule says of a past release, and in which numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Outcome(StrEnum):
    """What a rule says of a release."""

    HOLDS = "holds"
    REFUSES = "refuses"
    NOT_YET = "not_yet"
    UNKNOWN = "unknown"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule says: how many of how many it takes out, the number it asks for, and the one that was found.

    ``is_sealed`` tells whether it was counted over what was sealed, or over what a draft had asked for.
    """

    clause: str
    outcome: Outcome
    counted: int = 0
    of: int = 0
    limit: int | None = None
    found: int | None = None
    is_sealed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as it is stored."""
        return {
            "clause": self.clause,
            "outcome": self.outcome.value,
            "counted": self.counted,
            "of": self.of,
            "limit": self.limit,
            "found": self.found,
            "is_sealed": self.is_sealed,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read a verdict as it is stored."""
        return cls(
            clause=told["clause"],
            outcome=Outcome(told["outcome"]),
            counted=told["counted"],
            of=told["of"],
            limit=told["limit"],
            found=told["found"],
            is_sealed=told["is_sealed"],
        )
