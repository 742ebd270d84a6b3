"""Who may do what with contributors and their networks."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_run_networks(actor: Actor) -> bool:
    """Hold for network administrators: they see people and counts, never content or ballots."""
    return actor.has(Role.NETWORK_ADMIN)
