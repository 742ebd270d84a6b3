"""Who may ask for a recomputation."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor


@rules.predicate
def may_recompute(actor: Actor) -> bool:
    """Hold for the night's own run and for network administrators; nobody can choose what a run finds."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)


@rules.predicate
def may_correct(actor: Actor) -> bool:
    """Hold for network administrators, and for whoever runs the platform by its command."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)


@rules.predicate
def may_fetch_input(actor: Actor) -> bool:
    """Hold for auditors: a sealed input has single votes in it."""
    return actor.has(Role.AUDITOR)
