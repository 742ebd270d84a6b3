"""What everybody may see of moderation: how much, on which grounds, how fast, and how often it was wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from apps.moderation.models import APPEALABLE, Action, Appeal, AppealState, Decision, DecisionSource
from apps.policy.queries import clause, rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """How many decisions against somebody rested on one clause, and how many of these were overturned."""

    clause: str
    title: str
    decisions: int
    overturned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How long cases of one kind took from opening to decision, and what clause M4 promises in hours."""

    label: str
    decided: int
    median: timedelta | None
    slowest_tenth: timedelta | None
    in_time: int
    promised_hours: int
    open: int
    late: int

    @property
    def share_in_time(self) -> float | None:
        """The share of decided cases that met the promise; None for none."""
        return self.in_time / self.decided if self.decided else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The public figures over one period; counts only, and nobody in them."""

    since: datetime
    approved_by_rule: int
    approved_by_people: int
    rejected: int
    findings_dismissed: int
    votes_excluded_decisions: int
    grounds: list[Ground]
    speeds: list[Speed]
    appeals: int
    appeals_open: int
    appeals_upheld: int
    appeals_overturned: int
    read_afterwards: int
    read_afterwards_rejected: int

    @property
    def against_somebody(self) -> int:
        """How many first decisions went against somebody."""
        return self.rejected + self.votes_excluded_decisions

    @property
    def appeals_heard(self) -> int:
        """How many appeals somebody has decided on."""
        return self.appeals_upheld + self.appeals_overturned


def figures(*, days: int, now: datetime) -> Figures:
    """Return the public figures of the last ``days`` days, in six queries."""
    since = now - timedelta(days=days)
    made = Decision.objects.filter(decided_at__gt=since, decided_at__lte=now)
    by_person = Q(source=DecisionSource.PERSON)
    afterwards = Q(supersedes__source=DecisionSource.RULE)
    counts = made.aggregate(
        rule=Count("pk", filter=Q(source=DecisionSource.RULE, action=Action.APPROVE)),
        approved=Count("pk", filter=by_person & Q(action=Action.APPROVE) & ~afterwards),
        rejected=Count("pk", filter=Q(action=Action.REJECT)),
        dismissed=Count("pk", filter=Q(action=Action.DISMISS)),
        excluded=Count("pk", filter=Q(action=Action.EXCLUDE_VOTES)),
        afterwards=Count("pk", filter=by_person & afterwards),
        afterwards_rejected=Count("pk", filter=by_person & afterwards & Q(action=Action.REJECT)),
    )
    appeals = Appeal.objects.filter(made_at__gt=since, made_at__lte=now).aggregate(
        every=Count("pk"), **{state.value: Count("pk", filter=Q(state=state)) for state in AppealState}
    )
    titles = {text.number: text.title for text in rulebook()}
    grounds = (
        made.filter(action__in=APPEALABLE)
        .values_list("clause")
        .annotate(decisions=Count("pk"), overturned=Count("pk", filter=Q(superseded_by__action=Action.OVERTURN)))
        .order_by("-decisions", "clause")
    )
    return Figures(
        since=since,
        approved_by_rule=counts["rule"],
        approved_by_people=counts["approved"],
        rejected=counts["rejected"],
        findings_dismissed=counts["dismissed"],
        votes_excluded_decisions=counts["excluded"],
        grounds=[
            Ground(clause=number, title=titles.get(number, ""), decisions=decisions, overturned=overturned)
            for number, decisions, overturned in grounds
        ],
        speeds=_speeds(since, now),
        appeals=appeals["every"],
        appeals_open=appeals[AppealState.OPEN.value],
        appeals_upheld=appeals[AppealState.UPHELD.value],
        appeals_overturned=appeals[AppealState.OVERTURNED.value],
        read_afterwards=counts["afterwards"],
        read_afterwards_rejected=counts["afterwards_rejected"],
    )


# What each promise of clause M4 is about: a prompt that is read afterwards keeps nobody waiting.
_LINES: Final = {
    "appeal": _("Appeals"),
    "finding": _("Findings about votes"),
    "prompt": _("Prompts that wait"),
    "sample": _("Prompts read afterwards"),
}
_SPEEDS: Final = """
WITH cases AS (
    SELECT CASE WHEN kind = 'prompt' AND priority_reason IN ('newcomer', 'sample') THEN 'sample' ELSE kind END AS line,
           decided_at - opened_at AS took, decided_at <= due_at AS in_time, due_at <= %(now)s AS late,
           state = 'open' AS open,
           state = 'decided' AND decided_at > %(since)s AND decided_at <= %(now)s AS decided
    FROM moderation_case
)
SELECT line, count(*) FILTER (WHERE decided),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE decided),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY took) FILTER (WHERE decided),
       count(*) FILTER (WHERE decided AND in_time), count(*) FILTER (WHERE open), count(*) FILTER (WHERE open AND late)
FROM cases GROUP BY line
"""


def _speeds(since: datetime, now: datetime) -> list[Speed]:
    with connection.cursor() as cursor:
        cursor.execute(_SPEEDS, {"since": since, "now": now})
        told = {line: row for line, *row in cursor.fetchall()}
    promised = clause("M4").parameters
    speeds = []
    for line, label in _LINES.items():
        decided, median, slowest, in_time, waiting, late = told.get(line, (0, None, None, 0, 0, 0))
        speeds.append(
            Speed(
                label=str(label),
                decided=decided,
                median=median,
                slowest_tenth=slowest,
                in_time=in_time,
                promised_hours=int(promised[line]),
                open=waiting,
                late=late,
            )
        )
    return speeds
