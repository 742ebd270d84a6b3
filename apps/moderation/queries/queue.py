"""The queue as a moderator sees it: how much waits, since when, and which cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Case as Choose
from django.db.models import Count, Min, Q, When
from django.utils.translation import gettext_lazy as _

from apps.audit.domain.actor import Actor
from apps.moderation.models import Case, CaseKind, PriorityReason

PAGE_SIZE: Final = 50
_SOON: Final = timedelta(hours=24)
_ONE: Final = {
    CaseKind.APPEAL: _("Appeal"),
    CaseKind.FINDING: _("Finding about votes"),
    CaseKind.PROMPT: _("Prompt"),
    CaseKind.RELEASE: _("Release"),
    CaseKind.EXPORTS: _("Many exports from one network"),
}
#: Kinds that wait in this queue; releases are decided at their own desk.
KINDS: Final = (CaseKind.APPEAL, CaseKind.FINDING, CaseKind.EXPORTS, CaseKind.PROMPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How much of one kind waits: all of it, what is due within a day, what is late, and since when the oldest."""

    kind: CaseKind
    open: int
    lent: int
    due_soon: int
    late: int
    oldest: datetime | None
    next_due: datetime | None

    @property
    def label(self) -> str:
        """The kind in words."""
        return str(self.kind.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case in the list."""

    id: int
    kind: CaseKind
    band: int
    why: str
    language: str
    opened_at: datetime
    due_at: datetime
    is_late: bool
    lent_until: datetime | None
    is_mine: bool

    @property
    def label(self) -> str:
        """The kind in words."""
        return one_of(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The desk: counts by kind, and the cases in the order in which they are lent."""

    counts: list[QueueCount]
    lines: list[CaseLine]
    languages: list[str]
    is_cut: bool

    @property
    def open(self) -> int:
        """How many cases wait in all."""
        return sum(count.open for count in self.counts)

    @property
    def late(self) -> int:
        """How many are past their time."""
        return sum(count.late for count in self.counts)


def queue_for(actor: Actor, *, kind: str = "", language: str = "", only_late: bool = False, now: datetime) -> Queue:
    """Return the desk in three queries; cases that somebody else must decide are counted and not listed."""
    waiting = Case.objects.open().filter(kind__in=KINDS)
    is_lent = Q(lease_until__gt=now)
    counted = {
        row["kind"]: row
        for row in waiting.order_by("kind")
        .values("kind")
        .annotate(
            every=Count("pk"),
            lent=Count("pk", filter=is_lent),
            due_soon=Count("pk", filter=Q(due_at__gt=now, due_at__lte=now + _SOON)),
            late=Count("pk", filter=Q(due_at__lte=now)),
            oldest=Min("opened_at"),
            next_due=Min("due_at"),
        )
    }
    me = actor.account_id
    listed = waiting.exclude(
        Q(prompt__author__account=me)
        | Q(finding__contributor__account=me)
        | Q(appeal__appellant=me)
        | Q(appeal__decision__decided_by=me)
        | Q(network__own_exports__contributor__account=me)
    )
    if kind in KINDS:
        listed = listed.filter(kind=kind)
    if language:
        listed = listed.filter(language=language)
    if only_late:
        listed = listed.filter(due_at__lte=now)
    mine_first = Choose(When(Q(lease_holder=me) & is_lent, then=0), default=1)
    lines = list(listed.order_by(mine_first, "priority", "due_at", "pk")[: PAGE_SIZE + 1])
    return Queue(
        counts=[_count(kind, counted.get(kind.value)) for kind in KINDS],
        lines=[
            CaseLine(
                id=case.pk,
                kind=CaseKind(case.kind),
                band=case.priority,
                why=why(case.priority_reason),
                language=case.language,
                opened_at=case.opened_at,
                due_at=case.due_at,
                is_late=case.due_at <= now,
                lent_until=case.lease_until if case.lease_until and case.lease_until > now else None,
                is_mine=case.lease_holder_id == me and case.lease_until is not None and case.lease_until > now,
            )
            for case in lines[:PAGE_SIZE]
        ],
        languages=list(waiting.exclude(language="").order_by("language").values_list("language", flat=True).distinct()),
        is_cut=len(lines) > PAGE_SIZE,
    )


def one_of(kind: CaseKind) -> str:
    """Return the name of one case of a kind."""
    return str(_ONE[kind])


def why(reason: str) -> str:
    """Return the reason for a place in the queue in words; what is not from the list stands as it is."""
    return str(PriorityReason(reason).label) if reason in PriorityReason.values else reason


def _count(kind: CaseKind, row: Mapping[str, Any] | None) -> QueueCount:
    found = row or {"every": 0, "lent": 0, "due_soon": 0, "late": 0, "oldest": None, "next_due": None}
    return QueueCount(
        kind=kind,
        open=found["every"],
        lent=found["lent"],
        due_soon=found["due_soon"],
        late=found["late"],
        oldest=found["oldest"],
        next_due=found["next_due"],
    )
