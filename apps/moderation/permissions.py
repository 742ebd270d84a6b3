"""Who may work on cases, and who may open them."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_moderate(actor: Actor) -> bool:
    """Hold for moderators."""
    return actor.has(Role.MODERATOR)


@rules.predicate
def may_sweep(actor: Actor) -> bool:
    """Hold for the platform alone: cases are opened by what waits, not by whom somebody would like to look at."""
    return actor.is_system
