"""Many people of one network taking their words away at once: which networks, and what a moderator sees of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.contributors.models import Contributor, OwnExport
from apps.moderation.models import Case, CaseKind
from apps.moderation.queries.access import NoSuchCase, require_other_person
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import clause

CLAUSE: Final = "G2"
_YOUNG: Final = timedelta(days=7)
# A look that closed a case covers what came before it; the database's clock counts the days.
_TO_LOOK_AT: Final = """
    SELECT taken.network_id FROM contributors_ownexport taken
    WHERE taken.at > clock_timestamp() - make_interval(hours => %(hours)s)
      AND taken.at > coalesce((SELECT max(looked.decided_at) FROM moderation_case looked
        WHERE looked.network_id = taken.network_id AND looked.state = 'decided'), '-infinity')
      AND (%(network)s::bigint IS NULL OR taken.network_id = %(network)s)
      AND NOT EXISTS (SELECT FROM moderation_case waiting
        WHERE waiting.network_id = taken.network_id AND waiting.state = 'open')
    GROUP BY taken.network_id
    HAVING count(DISTINCT taken.contributor_id) >= greatest(%(people)s, ceil(%(share)s * (
      SELECT count(*) FROM contributors_contributor one
      WHERE one.network_id = taken.network_id AND one.standing = 'active')))
    ORDER BY taken.network_id
"""


def exports_to_look_at(*, network_id: int | None = None) -> list[int]:
    """Return the networks so many of whose people took their words away that a moderator should look (clause G2)."""
    rule = clause(CLAUSE).parameters
    asked = {
        "hours": round(24 * float(rule["days"])),
        "people": int(rule["people"]),
        "share": float(rule.get("share", 0)),
        "network": network_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TO_LOOK_AT, asked)
        return [found for (found,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfExports:
    """How many people of the network took their words away on one day (UTC)."""

    day: date
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsView:
    """A case about many exports: counts and no names, since nobody in particular is accused."""

    case: Case
    lease: str  # "mine", "free" or "taken"
    network: str
    people: int
    active: int
    newcomers: int
    first_at: datetime | None
    last_at: datetime | None
    days: list[DayOfExports]
    clause: ClauseText

    @property
    def share(self) -> float:
        """The part of the network's active people that took their words away."""
        return self.people / self.active if self.active else 0.0


def exports_view(actor: Actor, case_id: int, *, now: datetime) -> ExportsView:
    """Return a case about many exports.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself: when it is not the actor's to look into.
    """
    if not actor.has(Role.MODERATOR):
        raise NotPermitted(_("Cases are for moderators."))
    case = Case.objects.select_related("network").filter(pk=case_id, kind=CaseKind.EXPORTS).first()
    if case is None or case.network is None:
        raise NoSuchCase(_("There is no such case."))
    require_other_person(actor, case)
    rule = clause(CLAUSE)
    earlier = Case.objects.filter(network=case.network, state="decided", pk__lt=case.pk).aggregate(at=Max("decided_at"))
    taken = OwnExport.objects.filter(network=case.network, at__lte=case.decided_at or now)
    if earlier["at"] is not None:
        taken = taken.filter(at__gt=earlier["at"])
    told = taken.aggregate(people=Count("contributor", distinct=True), first=Min("at"), last=Max("at"))
    lent = case.lease_until is not None and case.lease_until > now
    days = taken.annotate(day=TruncDate("at")).values("day").annotate(people=Count("contributor", distinct=True))
    young = taken.filter(contributor__joined_at__gt=case.opened_at - _YOUNG).aggregate(
        people=Count("contributor", distinct=True)
    )
    return ExportsView(
        case=case,
        lease=("mine" if case.lease_holder_id == actor.account_id else "taken") if lent else "free",
        network=case.network.name,
        people=told["people"],
        active=Contributor.objects.active().filter(network=case.network).count(),
        newcomers=young["people"],
        first_at=told["first"],
        last_at=told["last"],
        days=[DayOfExports(day=row["day"], people=row["people"]) for row in days.order_by("-day")[:14]],
        clause=rule,
    )
