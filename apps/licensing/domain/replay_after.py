"""Judging what left and what followed: names, versions, checkpoints, withdrawals and counters, from what was kept.

A rule whose evidence was not kept is not decided: the verdict says so, and neither holds nor refuses.
"""

from dataclasses import dataclass
from datetime import timedelta

from apps.licensing.domain.verdicts import Outcome, Verdict

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedNotice:
    """One notice about rows of a release: how long its licensee had, and whether it was urgent."""

    allowed: timedelta
    is_urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAfter:
    """What is recorded of a release's copies and of what was taken back; None where it was not kept.

    ``shared_keys`` are editions whose names were made under a key that another licensee has too, or none; ``unsigned``
    are deliveries that began before a signed checkpoint covered their manifest; ``untold`` are rows that a licensee
    has, that were taken or held back, and of which no notice is written; ``gaps`` are numbers missing between a
    licensee's deliveries.
    """

    editions: int
    shared_keys: int | None
    was_in_force: bool | None
    deliveries: int
    unsigned: int | None
    notices: tuple[RecordedNotice, ...] = ()
    untold: int = 0
    gaps: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The days of clause W11 in one version; None where it has no such clause."""

    notice_days: int | None
    urgent_days: int | None


def judge_after(after: RecordedAfter | None, terms: Terms) -> tuple[Verdict, ...]:
    """Return the verdicts of clauses W8 to W12, in their order; nothing recorded decides none of them."""
    if after is None:
        return tuple(Verdict(clause=clause, outcome=Outcome.UNKNOWN) for clause in ("W8", "W9", "W10", "W11", "W12"))
    return (_names(after), _version(after), _signed(after), _told(after, terms), _counted(after))


def _names(after: RecordedAfter) -> Verdict:
    if not after.editions:
        return Verdict(clause="W8", outcome=Outcome.NOT_YET)
    return _of("W8", after.shared_keys, of=after.editions)


def _version(after: RecordedAfter) -> Verdict:
    if after.was_in_force is None:
        return Verdict(clause="W9", outcome=Outcome.UNKNOWN)
    return _of("W9", 0 if after.was_in_force else 1, of=1)


def _signed(after: RecordedAfter) -> Verdict:
    if not after.deliveries:
        return Verdict(clause="W10", outcome=Outcome.NOT_YET)
    return _of("W10", after.unsigned, of=after.deliveries)


def _told(after: RecordedAfter, terms: Terms) -> Verdict:
    if terms.notice_days is None or terms.urgent_days is None:
        return Verdict(clause="W11", outcome=Outcome.ABSENT)
    if not after.deliveries:
        return Verdict(clause="W11", outcome=Outcome.NOT_YET, limit=terms.notice_days)
    late = sum(
        notice.allowed > (terms.urgent_days if notice.is_urgent else terms.notice_days) * DAY
        for notice in after.notices
    )
    return Verdict(
        clause="W11",
        outcome=Outcome.REFUSES if late else Outcome.HOLDS,
        counted=late,
        of=len(after.notices),
        limit=terms.notice_days,
        found=after.untold,
    )


def _counted(after: RecordedAfter) -> Verdict:
    if not after.deliveries:
        return Verdict(clause="W12", outcome=Outcome.NOT_YET)
    return _of("W12", after.gaps + after.incidents, of=after.deliveries)


def _of(clause: str, wrong: int | None, *, of: int) -> Verdict:
    if wrong is None:
        return Verdict(clause=clause, outcome=Outcome.UNKNOWN, of=of)
    return Verdict(clause=clause, outcome=Outcome.REFUSES if wrong else Outcome.HOLDS, counted=wrong, of=of)
