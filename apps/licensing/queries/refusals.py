"""Refusals: who asked for what, which clause said no, when, and in which entry of the log."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, Q

from apps.licensing.models import Act, Attempt, AttemptState, ReleaseState

PAGE_LENGTH: Final = 25
_CURSOR: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalPage:
    """One page of refusals, newest first; ``older`` is where the next one begins, or nothing."""

    refusals: tuple[Attempt, ...]
    older: str
    clauses: tuple[tuple[str, int], ...]
    total: int


def refusals_page(*, act: str = "", clause: str = "", before: str = "", with_drafts: bool = False) -> RefusalPage:
    """Return refused attempts, at an act or under a clause; those on drafts are for staff alone.

    ``before`` is the ``older`` of the page above; anything that is none means the first page.
    """
    everything = Attempt.objects.filter(state=AttemptState.REFUSED)
    if not with_drafts:
        everything = everything.filter(release__isnull=False).exclude(release__state=ReleaseState.DRAFT)
    counts = list(everything.values("clause").annotate(times=Count("pk")).order_by("clause"))
    found = everything
    if act in Act.values:
        found = found.filter(act=act)
    if clause:
        # Whatever somebody writes into the address is compared here, and only what is there is asked of the database.
        found = found.filter(clause=clause) if clause in {each["clause"] for each in counts} else found.none()
    if (place := _CURSOR.fullmatch(before)) is not None:
        try:
            at = _EPOCH + int(place[1]) * _MICROSECOND
        except OverflowError:
            at = datetime.max.replace(tzinfo=UTC)
        found = found.filter(Q(closed_at__lt=at) | Q(closed_at=at, pk__lt=int(place[2])))
    rows = list(
        found.select_related("release__licensee__organization", "licensee__organization", "offer").order_by(
            "-closed_at", "-pk"
        )[: PAGE_LENGTH + 1]
    )
    shown = rows[:PAGE_LENGTH]
    return RefusalPage(
        refusals=tuple(shown),
        older=_cursor_of(shown[-1]) if len(rows) > PAGE_LENGTH else "",
        clauses=tuple((each["clause"], each["times"]) for each in counts if each["clause"]),
        total=sum(each["times"] for each in counts),
    )


def _cursor_of(attempt: Attempt) -> str:
    if attempt.closed_at is None:
        return ""
    return f"{(attempt.closed_at - _EPOCH) // _MICROSECOND}-{attempt.pk}"
