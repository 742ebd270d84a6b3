"""Who may change what people may do."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_grant_roles(actor: Actor) -> bool:
    """Hold for the system and for network administrators."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)
