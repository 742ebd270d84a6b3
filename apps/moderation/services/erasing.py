"""The words of somebody who is erased, in what they asked moderation."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Appeal

# An appeal is never empty; that it was made and what became of it stays.
NOTHING_LEFT: Final = "-"


@transaction.atomic
def erase_appeals_of(*, actor: Actor, appellant_id: int, now: datetime) -> int:
    """Take the words out of somebody's appeals, and return how many there were.

    The service that erases the person calls this in the same transaction. Raises ``NotPermitted`` when the actor is
    neither that person nor the platform.
    """
    if not actor.is_system and actor.account_id != appellant_id:
        raise NotPermitted(_("These are somebody else's appeals."))
    erased = Appeal.objects.filter(appellant=appellant_id).exclude(text=NOTHING_LEFT).update(text=NOTHING_LEFT)
    if erased:
        record(
            ModerationEvent.APPEALS_ERASED,
            actor=actor,
            subject=f"accounts.user:{appellant_id}",
            at=now,
            facts={"appeals": erased},
        )
    return erased
