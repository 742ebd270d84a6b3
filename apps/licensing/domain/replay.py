"""Judging a past release again, under any version of the rulebook, from what was recorded of it.

Nothing here looks anything up. ``measure`` counts what a release's record says against a version's numbers, in Python;
``queries/replay.py`` lets the database count the same over the tables; ``judge`` turns either into verdicts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self

from apps.licensing.domain.replay_after import RecordedAfter, Terms, judge_after
from apps.licensing.domain.verdicts import Outcome, Verdict
from apps.policy.domain.rulebook import ClauseText

DAY: Final = timedelta(hours=24)
HOUR: Final = timedelta(hours=1)
FLOOR_DAYS: Final = 60
# A number of days that no interval can hold is as good as a thousand years.
MOST_DAYS: Final = 365_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The numbers of one version; None where it has no such clause."""

    version: int
    clauses: frozenset[str]
    min_age_days: int | None
    approvals: int | None
    hold_back_days: int | None
    lock_hours: int | None
    k: int | None
    notice_days: int | None = None
    urgent_days: int | None = None

    @classmethod
    def of(cls, version: int, clauses: Iterable[ClauseText]) -> Self:
        """Read the numbers of a version; the age of W1 is never below 60 days, whatever an old version says."""
        book = {clause.number: clause.parameters for clause in clauses}

        def number(clause: str, name: str) -> int | None:
            value = book.get(clause, {}).get(name)
            return int(value) if value is not None else None

        age = number("W1", "min_age_days")
        return cls(
            version=version,
            clauses=frozenset(book),
            min_age_days=None if age is None else max(age, FLOOR_DAYS),
            approvals=number("W4", "approvals"),
            hold_back_days=number("W5", "hold_back_days"),
            lock_hours=number("W6", "hours"),
            k=number("W7", "k"),
            notice_days=number("W11", "notice_days"),
            urgent_days=number("W11", "urgent_days"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOffer:
    """One offer of a release: its yeses, the time between notice and opening, and what its copies promise.

    ``lock`` is None before the notice, ``k`` where a copy does not say how many of a kind it was made up to. Nothing
    left by an offer that ``was_open`` never: refused and cancelled ones held nobody's copy back.
    """

    number: int
    approvals: int
    lock: timedelta | None = None
    is_on_the_board: bool = False
    was_open: bool = True
    k: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What is recorded of a release; ``ages`` are of its items' last live events when it was sealed."""

    release_id: int
    state: str
    asked: int
    items: int
    taken_out: Mapping[str, int] = field(default_factory=dict)
    judged_days: int = FLOOR_DAYS
    is_sealed: bool = False
    ages: tuple[timedelta, ...] = ()
    offers: tuple[RecordedOffer, ...] = ()
    after: RecordedAfter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A release counted against one version's numbers: how many items are younger than each asks for."""

    recorded: Recorded
    items: int
    too_young: int
    held_back: int
    youngest: timedelta | None


def measure(recorded: Recorded, rules: Rules) -> Measured:
    """Count a release's record against a version's numbers."""

    def younger(days: int | None) -> int:
        return 0 if days is None else sum(age < min(days, MOST_DAYS) * DAY for age in recorded.ages)

    return Measured(
        recorded=recorded,
        items=len(recorded.ages),
        too_young=younger(rules.min_age_days),
        held_back=younger(rules.hold_back_days),
        youngest=min(recorded.ages, default=None),
    )


def judge(measured: Measured, rules: Rules) -> tuple[Verdict, ...]:
    """Say for each rule whether the release holds under a version, in the order of the rules."""
    verdicts = (
        _age(measured, rules),
        _taken_out("W2", measured.recorded),
        _taken_out("W3", measured.recorded),
        _approvals(measured.recorded, rules),
        _hold_back(measured, rules),
        _lock(measured.recorded, rules),
        _crowd(measured.recorded, rules),
        *judge_after(measured.recorded.after, Terms(notice_days=rules.notice_days, urgent_days=rules.urgent_days)),
    )
    return tuple(
        each if each.clause in rules.clauses else Verdict(clause=each.clause, outcome=Outcome.ABSENT)
        for each in verdicts
    )


def holds(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether no rule refuses."""
    return all(verdict.outcome is not Outcome.REFUSES for verdict in verdicts)


def _age(measured: Measured, rules: Rules) -> Verdict:
    recorded, limit = measured.recorded, rules.min_age_days
    if limit is None:
        return Verdict(clause="W1", outcome=Outcome.ABSENT)
    if recorded.is_sealed:
        return Verdict(
            clause="W1",
            outcome=Outcome.REFUSES if measured.too_young else Outcome.HOLDS,
            counted=measured.too_young,
            of=measured.items,
            limit=limit,
            found=None if measured.youngest is None else measured.youngest // DAY,
            is_sealed=True,
        )
    # Of what was refused no item was kept, only how many battles were younger than the days of then. A longer age takes
    # out as many at least; what a shorter one would have left is not recorded.
    out = recorded.taken_out.get("W1", 0)
    if out:
        outcome = Outcome.REFUSES if limit >= recorded.judged_days else Outcome.UNKNOWN
    else:
        outcome = Outcome.HOLDS if limit <= recorded.judged_days else Outcome.UNKNOWN
    return Verdict(
        clause="W1", outcome=outcome, counted=out, of=recorded.asked, limit=limit, found=recorded.judged_days
    )


def _taken_out(clause: str, recorded: Recorded) -> Verdict:
    out = recorded.taken_out.get(clause, 0)
    if recorded.is_sealed:
        # What a clause took out stayed out of what was sealed.
        return Verdict(clause=clause, outcome=Outcome.HOLDS, counted=0, of=recorded.items)
    outcome = Outcome.REFUSES if out else Outcome.HOLDS
    return Verdict(clause=clause, outcome=outcome, counted=out, of=recorded.asked)


def _approvals(recorded: Recorded, rules: Rules) -> Verdict:
    limit = rules.approvals
    announced = [offer.approvals for offer in recorded.offers if offer.lock is not None]
    if limit is None or not announced:
        return Verdict(clause="W4", outcome=Outcome.NOT_YET if limit else Outcome.ABSENT, limit=limit)
    short = sum(found < limit for found in announced)
    return Verdict(
        clause="W4",
        outcome=Outcome.REFUSES if short else Outcome.HOLDS,
        counted=short,
        of=len(announced),
        limit=limit,
        found=min(announced),
    )


def _hold_back(measured: Measured, rules: Rules) -> Verdict:
    recorded, limit = measured.recorded, rules.hold_back_days
    if limit is None:
        return Verdict(clause="W5", outcome=Outcome.ABSENT)
    if not recorded.is_sealed:
        return Verdict(clause="W5", outcome=Outcome.UNKNOWN, limit=limit)
    opened = [offer for offer in recorded.offers if offer.was_open]
    if not opened:
        return Verdict(clause="W5", outcome=Outcome.NOT_YET, limit=limit)
    waits = any(offer.is_on_the_board for offer in opened)
    counted = measured.held_back if waits else 0
    return Verdict(
        clause="W5",
        outcome=Outcome.REFUSES if counted else Outcome.HOLDS,
        counted=counted,
        of=measured.items if waits else 0,
        limit=limit,
        found=None if measured.youngest is None else measured.youngest // DAY,
    )


def _lock(recorded: Recorded, rules: Rules) -> Verdict:
    limit = rules.lock_hours
    locks = [offer.lock for offer in recorded.offers if offer.lock is not None]
    if limit is None or not locks:
        return Verdict(clause="W6", outcome=Outcome.NOT_YET if limit is not None else Outcome.ABSENT, limit=limit)
    short = sum(lock < limit * HOUR for lock in locks)
    return Verdict(
        clause="W6",
        outcome=Outcome.REFUSES if short else Outcome.HOLDS,
        counted=short,
        of=len(locks),
        limit=limit,
        found=min(locks) // HOUR,
    )


def _crowd(recorded: Recorded, rules: Rules) -> Verdict:
    limit = rules.k
    if limit is None:
        return Verdict(clause="W7", outcome=Outcome.ABSENT)
    if not recorded.offers:
        return Verdict(clause="W7", outcome=Outcome.NOT_YET, limit=limit)
    promised = [offer.k for offer in recorded.offers if offer.k is not None]
    if not promised:
        return Verdict(clause="W7", outcome=Outcome.UNKNOWN, limit=limit)
    short = sum(k < limit for k in promised)
    return Verdict(
        clause="W7",
        outcome=Outcome.REFUSES if short else Outcome.HOLDS,
        counted=short,
        of=len(promised),
        limit=limit,
        found=min(promised),
    )
