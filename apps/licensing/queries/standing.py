"""What stands between a licensee and receiving anything: one question, for one licensee or for a page of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Max, Q

from apps.licensing.models import Agreement, ControlReview, FinalRecipient, Licensee, Release, Suspension
from apps.licensing.queries.agreements import clock_now
from apps.organizations.queries import ControlChange, changes_of_control_of_each


class Hindrance(StrEnum):
    """Why a licensee may receive nothing; each is named as the refusal that it becomes."""

    SUSPENDED = "licensee-suspended"
    NO_AGREEMENT = "no-agreement"
    AGREEMENT_EXPIRED = "agreement-expired"
    CONTROL_CHANGED = "control-changed"
    RECIPIENT_UNDECLARED = "recipient-undeclared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindered:
    """The first thing that stands in the way; ``change`` is the first change of owners, where that is it."""

    by: Hindrance
    change: ControlChange | None = None


def hindered(licensee: Licensee, *, at: datetime) -> Hindered | None:
    """Return what stands between a licensee and receiving something at a moment, or None."""
    return hindered_of([licensee], at=at).get(licensee.pk)


def hindered_of(licensees: Iterable[Licensee], *, at: datetime) -> dict[int, Hindered]:
    """Return by id what stands in whose way; whoever may receive is not among them.

    The later of the moment and the database's clock decides. However many are asked about, the queries are the same.
    """
    moment, ids = max(at, clock_now()), [licensee.pk for licensee in licensees]
    suspended = {
        *Licensee.objects.filter(pk__in=ids, suspended_at__isnull=False).values_list("pk", flat=True),
        *Suspension.objects.filter(licensee__in=ids, ended_at=None).values_list("licensee_id", flat=True),
    }
    agreements = {agreement.licensee_id: agreement for agreement in _in_force(ids, at=moment)}
    changes = _changes(list(agreements.values()), at=moment)
    with_recipient = set(
        FinalRecipient.objects.filter(licensee__in=ids, ended_at=None).values_list("licensee_id", flat=True)
    )
    found: dict[int, Hindered] = {}
    for pk in ids:
        agreement = agreements.get(pk)
        if pk in suspended:
            found[pk] = Hindered(by=Hindrance.SUSPENDED)
        elif agreement is None:
            found[pk] = Hindered(by=Hindrance.NO_AGREEMENT)
        elif agreement.expires_at <= moment:
            found[pk] = Hindered(by=Hindrance.AGREEMENT_EXPIRED)
        elif changes.get(pk):
            found[pk] = Hindered(by=Hindrance.CONTROL_CHANGED, change=changes[pk][0])
        elif pk not in with_recipient:
            found[pk] = Hindered(by=Hindrance.RECIPIENT_UNDECLARED)
    return found


def fits_purpose(release: Release, licensee: Licensee, *, at: datetime) -> bool:
    """Say whether what a licensee asked a release for is among the purposes that it agreed to.

    Releases that nobody asked for in a request of their own are for any of the agreed purposes.
    """
    asked = release.request
    if asked is None or asked.licensee_id != licensee.pk:
        return True
    in_force = _in_force([licensee.pk], at=max(at, clock_now()))
    return any(asked.purpose in agreement.purposes for agreement in in_force)


def _in_force(ids: list[int], *, at: datetime) -> list[Agreement]:
    """Return for each licensee the newest agreement that was accepted and not ended at a moment, expired or not."""
    found = Agreement.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=at), licensee_id__in=ids, accepted_at__lte=at
    ).select_related("licensee")
    return list(found.order_by("licensee_id", "-accepted_at", "-pk").distinct("licensee_id"))


def _changes(agreements: list[Agreement], *, at: datetime) -> dict[int, tuple[ControlChange, ...]]:
    """Return by licensee what changed among its owners since it agreed, or since an officer last looked."""
    reviewed: dict[int, datetime] = dict(
        ControlReview.objects.filter(agreement__in=agreements, reviewed_at__lte=at)
        .values("agreement_id")
        .annotate(last=Max("reviewed_at"))
        .values_list("agreement_id", "last")
    )
    asked = [
        (each.licensee.organization_id, max(each.accepted_at, reviewed.get(each.pk, each.accepted_at)))
        for each in agreements
    ]
    found = changes_of_control_of_each(asked, at=at)
    return {each.licensee_id: changes for each, changes in zip(agreements, found, strict=True)}
