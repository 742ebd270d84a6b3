"""Reads for the tests of voters, and what everybody may see of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, Q
from numpy.typing import NDArray

from apps.battles.models import Choice, Source, Vote
from apps.integrity.models import Exclusion, Finding, FindingState, Sweep
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import rulebook
from apps.rankings.domain.method import POINTS
from apps.rankings.domain.votes import Outcome, Votes

LEDGER_LENGTH = 100
_OUTCOMES = {
    Choice.LEFT.value: Outcome.A,
    Choice.RIGHT.value: Outcome.B,
    Choice.BOTH_GOOD.value: Outcome.BOTH_GOOD,
    Choice.BOTH_BAD.value: Outcome.BOTH_BAD,
}
# A fixed number, the same in every process: one look at everybody's votes at a time.
_SWEEP_LOCK = 0x5D_0002


def wait_for_other_sweeps() -> None:
    """Wait, inside a transaction, until no other process is testing voters; the lock falls at its end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SWEEP_LOCK])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VotesToTest:
    """The counted votes of drawn battles as columns, in the order of their ids.

    ``contributor_ids`` maps the voters' codes to rows; ``fresh`` (bool, n) marks the votes that nobody has looked at:
    those after the last finding about their voter that a person dismissed.
    """

    votes: Votes
    contributor_ids: tuple[int, ...]
    fresh: NDArray[np.bool_]


_SELECT = """
SELECT v.contributor_id, b.left_model_id, b.right_model_id, v.choice,
       v.cast_at > coalesce(looked.at, '-infinity'::timestamptz)
FROM battles_vote v
JOIN battles_battle b ON b.id = v.battle_id
LEFT JOIN (
    SELECT contributor_id, max(found_at) AS at FROM integrity_finding
    WHERE state = %(dismissed)s GROUP BY contributor_id
) looked ON looked.contributor_id = v.contributor_id
WHERE b.source = %(source)s AND b.tag IS NULL AND v.excluded_under = '' AND v.cast_at <= %(until)s
ORDER BY v.id
"""


def votes_to_test(*, until: datetime) -> VotesToTest:
    """Read every vote that counts, in one statement, so that they are of one moment."""
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {"source": Source.PLATFORM, "until": until, "dismissed": FindingState.DISMISSED}
        cursor.execute(_SELECT, wanted)
        rows = cursor.fetchall()
    people: dict[int, int] = {}
    models = sorted({row[1] for row in rows} | {row[2] for row in rows})
    code = {model_id: place for place, model_id in enumerate(models)}
    contributor = np.array([people.setdefault(row[0], len(people)) for row in rows], dtype=np.int32)
    return VotesToTest(
        votes=Votes(
            models=tuple(str(model_id) for model_id in models),
            model_a=np.array([code[row[1]] for row in rows], dtype=np.int32),
            model_b=np.array([code[row[2]] for row in rows], dtype=np.int32),
            outcome=np.array([_OUTCOMES[row[3]] for row in rows], dtype=np.int8),
            contributor=contributor,
            contributors=len(people),
        ),
        contributor_ids=tuple(people),
        fresh=np.array([row[4] for row in rows], dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One line of the exclusion ledger: nothing in it says who it was."""

    id: int
    test: str
    clause: str
    votes: int
    excluded_at: datetime
    restored_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedUnder:
    """How many votes are left out now under one clause."""

    clause: str
    title: str
    votes: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityOverview:
    """What everybody may see of the tests and of what came of them."""

    rule: ClauseText
    last: Sweep | None
    nights: int
    counted: int
    excluded: int
    by_clause: list[ExcludedUnder]
    open: int
    upheld: int
    dismissed: int
    exclusions: int
    restored: int
    ledger: list[LedgerLine]

    @property
    def decided(self) -> int:
        """How many findings a person has decided on."""
        return self.upheld + self.dismissed

    @property
    def alpha(self) -> float:
        """The share of false flags among all flags that the clause allows."""
        return float(self.rule.parameters["alpha"])

    @property
    def position_points(self) -> float | None:
        """The worth of standing left at the last look, in rating points; None before the first."""
        return None if self.last is None else self.last.position * POINTS

    @property
    def share_excluded(self) -> float:
        """The share of all votes of the platform that is left out."""
        every = self.counted + self.excluded
        return self.excluded / every if every else 0.0


def integrity_overview() -> IntegrityOverview:
    """Return the public page's facts in a handful of queries."""
    clauses = {text.number: text for text in rulebook()}
    votes = Vote.objects.filter(battle__source=Source.PLATFORM)
    by_clause = (
        votes.excluded()
        .values_list("excluded_under")
        .annotate(votes=Count("pk"), people=Count("contributor", distinct=True))
        .order_by("-votes")
    )
    lines = [
        ExcludedUnder(
            clause=number, title=clauses[number].title if number in clauses else "", votes=count, people=people
        )
        for number, count, people in by_clause
    ]
    findings = Finding.objects.aggregate(**{state.value: Count("pk", filter=Q(state=state)) for state in FindingState})
    exclusions = Exclusion.objects.aggregate(every=Count("pk"), restored=Count("restored_at"))
    return IntegrityOverview(
        rule=clauses["I1"],
        last=Sweep.objects.order_by("-swept_at", "-pk").first(),
        nights=Sweep.objects.exclude(night=None).count(),
        counted=votes.counted().count(),
        excluded=sum(line.votes for line in lines),
        by_clause=lines,
        open=findings["open"],
        upheld=findings["upheld"],
        dismissed=findings["dismissed"],
        exclusions=exclusions["every"],
        restored=exclusions["restored"],
        ledger=[
            LedgerLine(
                id=line.pk,
                test=line.finding.test if line.finding else "",
                clause=line.clause,
                votes=line.votes,
                excluded_at=line.excluded_at,
                restored_at=line.restored_at,
            )
            for line in Exclusion.objects.select_related("finding").order_by("-excluded_at", "-pk")[:LEDGER_LENGTH]
        ],
    )
