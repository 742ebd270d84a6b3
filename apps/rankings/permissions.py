"""Who may ask for a recomputation."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_recompute(actor: Actor) -> bool:
    """Hold for the night's own run and for network administrators; nobody can choose what a run finds."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)
