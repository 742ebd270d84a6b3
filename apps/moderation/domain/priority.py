"""Where a case stands in the queue: a band with its reason beside it, never a bare score."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a case has its place."""

    PERSONAL_DATA = "personal_data"
    APPEAL = "appeal"
    FINDING = "finding"
    EXPORTS = "exports"
    FLAGGED = "flagged"
    NEWCOMER = "newcomer"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A band from 0, the most urgent, to 3, and why."""

    band: int
    reason: Reason


#: Band 0 is kept for what two named people look at; nothing opens it by itself.
BANDS: Final = {
    Reason.PERSONAL_DATA: 1,
    Reason.APPEAL: 1,
    Reason.FINDING: 1,
    Reason.EXPORTS: 1,
    Reason.FLAGGED: 2,
    Reason.NEWCOMER: 3,
    Reason.SAMPLE: 3,
}
_PERSONAL_DATA_CLAUSE: Final = "P2"


def place_for(reason: Reason) -> Place:
    """Return the place that a reason gives."""
    return Place(band=BANDS[reason], reason=reason)


def place_of_flagged(clauses: Collection[str]) -> Place:
    """Return the place of a prompt that screening handed to a person, by the clauses that its hints name."""
    return place_for(Reason.PERSONAL_DATA if _PERSONAL_DATA_CLAUSE in clauses else Reason.FLAGGED)
