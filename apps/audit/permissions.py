"""Who may read the log's entries, tend its keys, and name its witnesses."""

from datetime import datetime, timedelta
from typing import Final

import rules
from django.conf import settings

from apps.audit.domain.actor import Actor
from apps.audit.models import Witness

AUDITOR: Final = "auditor"
ADMINISTRATOR: Final = "network_admin"


@rules.predicate
def is_auditor(actor: Actor) -> bool:
    """Whether the actor is an auditor of this platform."""
    return actor.has(AUDITOR)


@rules.predicate
def may_tend_the_log(actor: Actor) -> bool:
    """Whether the actor announces and retires the log's keys: only the platform's own commands do."""
    return actor.is_system


@rules.predicate
def may_add_witness(actor: Actor, owner_pseudonym: str | None = None) -> bool:
    """Whether the actor may register a witness of this owner: an auditor their own, an administrator nobody's.

    Nobody registers one in another person's name but the platform's own commands.
    """
    if actor.is_system:
        return True
    if owner_pseudonym:
        return is_auditor(actor) and owner_pseudonym == actor.pseudonym
    return actor.has(ADMINISTRATOR)


@rules.predicate
def may_end_witness(actor: Actor, witness: Witness | None = None) -> bool:
    """Whether the actor may end this witness: those who run the platform cannot end an auditor's from its pages."""
    return witness is not None and may_add_witness(actor, witness.owner_pseudonym)


def has_lately_proved_identity(actor: Actor, now: datetime) -> bool:
    """Whether the actor is the system, or proved within the last minutes who they are."""
    if actor.is_system:
        return True
    proved, within = actor.reauthenticated_at, timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    return proved is not None and now - proved <= within
