"""Ties of those who work here: what approvers, auditors and officers declared about themselves."""

from dataclasses import dataclass
from datetime import date

from apps.organizations.models import StaffTie, StaffTieKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTieLine:
    """One tie that somebody declared about themselves."""

    id: int
    organization: str
    slug: str
    kind: str
    since: date
    until: date | None
    source: str
    holds: bool


def ties_of_person(account_id: int, *, on: date) -> tuple[StaffTieLine, ...]:
    """Return everything that a person declared, those that have ended as well, newest first."""
    found = StaffTie.objects.filter(account_id=account_id).select_related("organization").order_by("-since", "-pk")
    return tuple(
        StaffTieLine(
            id=tie.pk,
            organization=tie.organization.name,
            slug=tie.organization.slug,
            kind=str(StaffTieKind(tie.kind).label),
            since=tie.since,
            until=tie.until,
            source=tie.source,
            holds=tie.since <= on and (tie.until is None or tie.until > on),
        )
        for tie in found
    )
