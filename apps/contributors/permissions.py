"""Who may do what with contributors and their networks."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_run_networks(actor: Actor) -> bool:
    """Hold for network administrators: they see people and counts, never content or ballots."""
    return actor.has(Role.NETWORK_ADMIN)


@rules.predicate
def may_add_networks(actor: Actor) -> bool:
    """Hold for network administrators, and for the system, which imports."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)
