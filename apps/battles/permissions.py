"""Who may do what with battles, votes and models; whose battle it is, is asked by the services themselves."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_see_models(actor: Actor) -> bool:
    """Hold for whoever runs the networks or moderates: endpoints, weights and failures, never an answer."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN) or actor.has(Role.MODERATOR)


@rules.predicate
def may_change_models(actor: Actor) -> bool:
    """Hold for network administrators."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)


@rules.predicate
def may_exclude_votes(actor: Actor) -> bool:
    """Hold for moderators, who decide on findings and appeals."""
    return actor.is_system or actor.has(Role.MODERATOR)


@rules.predicate
def may_settle_battles(actor: Actor) -> bool:
    """Hold for the platform alone: it fetches answers, and closes what nobody finishes."""
    return actor.is_system
