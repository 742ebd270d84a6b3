"""Reads of the register: who is tied to whom, and who owns whom at any distance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from apps.organizations.models import Organization, Tie, TieKind

# Ownership is walked both ways, so two daughters of one holding are found as well: each answers to the same owner.
# UNION without ALL drops what was found before, and a circle of owners ends by itself.
_OWNERS_AND_OWNED = """
    WITH RECURSIVE tied(id) AS (
        SELECT unnest(%(start)s::bigint[])
        UNION
        SELECT CASE WHEN tie.holder_id = tied.id THEN tie.held_id ELSE tie.holder_id END
        FROM tied
        JOIN organizations_tie tie ON tied.id IN (tie.holder_id, tie.held_id)
        WHERE tie.kind = %(ownership)s
          AND tie.since <= %(on)s
          AND (tie.until IS NULL OR tie.until > %(on)s)
    )
    SELECT id FROM tied
"""


def owners_and_owned(organization_ids: Iterable[int], *, on: date) -> frozenset[int]:
    """Return the ids of everything tied to these organizations by ownership on a day, themselves included.

    Ownership counts at any distance and in either direction: the owners, what they own, and what is owned in turn.
    """
    start = sorted(set(organization_ids))
    if not start:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS_AND_OWNED, {"start": start, "ownership": TieKind.OWNERSHIP.value, "on": on})
        return frozenset(row[0] for row in cursor.fetchall())


def registered_under(name: str) -> Organization | None:
    """Return the organization of this name, whatever its case and spacing; None when it is not registered."""
    return Organization.objects.filter(name__iexact=" ".join(name.split())).first()


def registered_names() -> list[str]:
    """Return every name in the register, in alphabetical order, to choose an employer from."""
    return list(Organization.objects.order_by("name").values_list("name", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class TieLine:
    """One tie as a line of the register; ``share`` is in per cent."""

    id: int
    holder: str
    held: str
    kind: str
    share: Decimal | None
    since: date
    until: date | None
    source: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationLine:
    """One organization as a line of the register, with the number of ties that hold on the day asked for."""

    name: str
    slug: str
    country: str
    is_lab: bool
    ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The whole register as it stood on a day; ties that have ended, or not begun, stay in it and say so."""

    on: date
    organizations: tuple[OrganizationLine, ...]
    ties: tuple[TieLine, ...]

    @property
    def labs(self) -> int:
        """How many of the organizations make language models."""
        return sum(line.is_lab for line in self.organizations)

    @property
    def ties_that_hold(self) -> int:
        """How many ties held on that day."""
        return sum(tie.holds for tie in self.ties)


def register(*, on: date, of: str = "") -> Register:
    """Return the register on a day in two queries; ``of`` is an organization's slug and keeps what is tied to it."""
    found = Tie.objects.select_related("holder", "held").order_by("holder__name", "held__name", "since")
    organizations = Organization.objects.order_by("name")
    if of:
        found = found.filter(Q(holder__slug=of) | Q(held__slug=of))
        organizations = organizations.filter(
            Q(slug=of) | Q(ties_held__held__slug=of) | Q(ties_borne__holder__slug=of)
        ).distinct()
    ties = tuple(
        TieLine(
            id=tie.pk,
            holder=tie.holder.name,
            held=tie.held.name,
            kind=str(TieKind(tie.kind).label),
            share=tie.share,
            since=tie.since,
            until=tie.until,
            source=tie.source,
            holds=tie.since <= on and (tie.until is None or tie.until > on),
        )
        for tie in found
    )
    held_by_name: dict[str, int] = {}
    for tie in ties:
        if tie.holds:
            for name in (tie.holder, tie.held):
                held_by_name[name] = held_by_name.get(name, 0) + 1
    return Register(
        on=on,
        organizations=tuple(
            OrganizationLine(
                name=organization.name,
                slug=organization.slug,
                country=organization.country,
                is_lab=organization.is_lab,
                ties=held_by_name.get(organization.name, 0),
            )
            for organization in organizations
        ),
        ties=ties,
    )
