"""Halts: an approver turns out to be tied to whoever gets an offer, and nothing of it leaves until that has ended.

The database asks about the ties at opening and at each delivery, whether anybody has looked or not. What is here tells
people, and writes down since when.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Halt, Offer
from apps.licensing.permissions import may_tend_deliveries
from apps.licensing.queries.offers import offers_to_halt, offers_to_resume, tied_approvers
from apps.licensing.services.offering import tell_role


@transaction.atomic
def tell_halts(*, actor: Actor, now: datetime) -> int:
    """Put down every offer that halts or goes on since ties of its approvers changed; return how many did.

    Nothing is deleted: approvals stay as they were given, copies where they lie.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Whether an offer halts is found out by the platform itself."))
    moved = 0
    for offer_id in offers_to_halt():
        offer = _held(offer_id)
        tied = tied_approvers(offer.pk)
        if not tied or offer.halts.filter(ended_at=None).exists():
            continue
        Halt.objects.create(offer=offer, found_at=now)
        _tell(actor, offer, LicensingEvent.OFFER_HALTED, approvers=len(tied), now=now)
        moved += 1
    for offer_id in offers_to_resume():
        offer = _held(offer_id)
        if tied_approvers(offer.pk) or not offer.halts.filter(ended_at=None).update(ended_at=now):
            continue
        _tell(actor, offer, LicensingEvent.OFFER_RESUMED, approvers=0, now=now)
        moved += 1
    return moved


def _held(offer_id: int) -> Offer:
    return Offer.objects.select_for_update(of=("self",), no_key=True).select_related("release").get(pk=offer_id)


def _tell(actor: Actor, offer: Offer, event: LicensingEvent, *, approvers: int, now: datetime) -> None:
    record(
        event,
        actor=actor,
        subject=offer.ref,
        at=now,
        clause="W5",
        facts={"release": offer.release.ref, "state": offer.state, "tied_approvers": approvers},
    )
    if event is LicensingEvent.OFFER_HALTED:
        subject = _("Release %(number)d is halted") % {"number": offer.release_id}
        body = _(
            "Somebody who approved it is tied to whoever gets it by now. Nothing of it leaves until that is settled."
        )
    else:
        subject = _("Release %(number)d goes on") % {"number": offer.release_id}
        body = _("Nobody who approved it is tied to whoever gets it any more.")
    for role in (Role.LICENSING_OFFICER, Role.APPROVER, Role.AUDITOR):
        tell_role(actor, role, subject=subject, body=body, address=f"/releases/{offer.release_id}/", now=now)
