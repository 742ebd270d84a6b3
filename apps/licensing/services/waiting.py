"""Objections that came when the day was full, and get their turn."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import OfferState, WaitingObjection
from apps.licensing.permissions import may_tend_deliveries
from apps.licensing.services.objecting import is_full, stop_the_clock


@transaction.atomic
def admit_waiting_objections(*, actor: Actor, now: datetime) -> int:
    """Let objections that wait become ones as long as there is room, the oldest first; return how many did.

    One whose offer has ended meanwhile goes, with an entry that says so.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Whose turn it is, the platform itself decides."))
    admitted = 0
    for one in WaitingObjection.objects.select_related("offer__release").order_by("pk"):
        has_ended = one.offer.state not in {OfferState.ANNOUNCED, OfferState.SUSPENDED}
        if is_full() and not has_ended:
            continue
        # Whoever deletes the row has it; a second look waits here and finds it gone.
        taken, _by_kind = WaitingObjection.objects.filter(pk=one.pk).delete()
        if not taken:
            continue
        if has_ended:
            record(
                LicensingEvent.OBJECTION_LAPSED,
                actor=actor,
                subject=one.ref,
                at=now,
                clause="W6",
                facts={"offer": one.offer.ref},
            )
            continue
        stop_the_clock(
            actor=Actor.visitor(request_id=f"waiting-{one.pk:08d}"),
            offer=one.offer,
            ground=one.ground,
            words=one.words,
            contact=one.contact,
            network=one.network,
            now=now,
        )
        admitted += 1
    return admitted
