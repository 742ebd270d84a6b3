"""Who may write into the register; everybody may read it."""

from typing import Final

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor

_STAFF: Final = (
    Role.APPROVER,
    Role.AUDITOR,
    Role.LICENSING_OFFICER,
    Role.MODERATOR,
    Role.NETWORK_ADMIN,
)


@rules.predicate
def may_keep_the_register(actor: Actor) -> bool:
    """Hold for the system, for network administrators and for licensing officers."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN) or actor.has(Role.LICENSING_OFFICER)


@rules.predicate
def may_declare_own_ties(actor: Actor) -> bool:
    """Hold for those whose ties to somebody matter: they approve, audit, license, moderate or run the networks."""
    return any(actor.has(role) for role in _STAFF)
