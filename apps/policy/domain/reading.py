"""Reading others' words: for what, in which role, and what a batch of reading comes down to."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from apps.accounts.domain.roles import Role

CLAUSE: Final = "G1"
#: Reading is counted over this long, and never over less: midnight gives nobody a second budget.
DAY: Final = timedelta(hours=24)
#: One entry of the log tells of everything that one person read for one purpose within this long.
BATCH: Final = timedelta(hours=1)


class Purpose(StrEnum):
    """What somebody reads others' words for; there is no purpose but these."""

    CASE = "case"
    STATEMENT = "statement"
    DRAWN_BALLOT = "drawn_ballot"


#: Network administrators, licensing officers, approvers and licensees read nobody's words for any purpose.
READERS: Final[Mapping[Purpose, frozenset[Role]]] = {
    Purpose.CASE: frozenset({Role.MODERATOR}),
    Purpose.STATEMENT: frozenset({Role.MODERATOR}),
    Purpose.DRAWN_BALLOT: frozenset({Role.AUDITOR}),
}


def reading_role(roles: Collection[str], *, purpose: Purpose) -> Role | None:
    """Return the role in which somebody with these roles may read for a purpose; None when in none."""
    return next((role for role in sorted(READERS[purpose]) if role in roles), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at some texts: when, at which, and how many of them counted against the day."""

    at: datetime
    subjects: tuple[str, ...]
    counted: int


def digest_of(looks: Iterable[Look]) -> str:
    """Return SHA-256 over a batch's looks in their order, as 64 hexadecimal digits.

    Each look is one line: the time in UTC with microseconds, how many counted, and the references, parted by spaces.
    """
    digest = hashlib.sha256()
    for look in looks:
        line = " ".join([look.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), str(look.counted), *look.subjects])
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
