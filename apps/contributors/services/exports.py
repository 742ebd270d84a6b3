"""Taking one's own words away: at any time, and never unrecorded."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.services import record
from apps.contributors.events import ContributorEvent
from apps.contributors.models import OwnExport
from apps.contributors.queries import membership_of
from apps.contributors.services.membership import NoApplication


def take_own_words(*, actor: Actor, now: datetime) -> OwnExport:
    """Write down that somebody takes their own words and votes away, and commit that before the first byte is sent.

    Whoever left may do so too. A stream that breaks off afterwards stays written.

    Raises:
        NoApplication: for who never began to take part and has no words here.
        RuntimeError: inside a transaction.
    """
    contributor = membership_of(actor)
    if contributor is None:
        raise NoApplication(_("You have not begun to take part, so there are no words of yours here."))
    with transaction.atomic(durable=True):
        export = OwnExport.objects.create(contributor=contributor, network_id=contributor.network_id)
        record(
            ContributorEvent.WORDS_TAKEN,
            actor=actor,
            subject=export.ref,
            at=now,
            facts={"contributor": contributor.ref, "network": f"contributors.network:{contributor.network_id}"},
        )
    return export
