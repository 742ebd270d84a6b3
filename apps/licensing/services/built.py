"""What happens to an offer when every edition of it is there."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.licensing.models import Offer, OfferState


@transaction.atomic
def offer_is_built(*, actor: Actor, offer_id: int, now: datetime) -> Offer:
    """Let an offer wait for its approvals.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not actor.is_system:
        raise NotPermitted(_("Editions are built by the platform itself."))
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state == OfferState.BUILDING:
        offer.state = OfferState.AWAITING
        offer.save(update_fields=["state"])
    return offer
