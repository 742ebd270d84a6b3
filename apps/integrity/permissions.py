"""Who may test voters, and who may decide what a test found."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.contributors.models import Contributor


@rules.predicate
def may_test_voters(actor: Actor) -> bool:
    """Hold for the night's own run, the command line and network administrators."""
    return actor.is_system or actor.has(Role.NETWORK_ADMIN)


@rules.predicate
def may_decide_about(actor: Actor, contributor: Contributor) -> bool:
    """Hold for moderators, but never about their own votes: only another person leaves votes out."""
    return actor.has(Role.MODERATOR) and contributor.account_id != actor.account_id
