"""Who may write into the register; everybody may read it."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_keep_the_register(actor: Actor) -> bool:
    """Hold for the system, for network administrators and for licensing officers."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN) or actor.has(Role.LICENSING_OFFICER)
