"""Who may change the rulebook: nobody alone."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.policy.models import PolicyProposal


@rules.predicate
def may_propose(actor: Actor) -> bool:
    """Hold for those who run the networks or the licensing desk; what they wish for, somebody else decides."""
    return actor.has(Role.NETWORK_ADMIN) or actor.has(Role.LICENSING_OFFICER)


@rules.predicate
def may_second(actor: Actor) -> bool:
    """Hold for those who may be the second person: approvers, and those who may propose."""
    return actor.has(Role.APPROVER) or bool(may_propose(actor))


@rules.predicate
def may_decide(actor: Actor, proposal: PolicyProposal | None = None) -> bool:
    """Hold for a second person who did not propose this."""
    return proposal is not None and bool(may_second(actor)) and actor.account_id != proposal.proposer_id


@rules.predicate
def may_withdraw(actor: Actor, proposal: PolicyProposal | None = None) -> bool:
    """Hold for whoever proposed it."""
    return proposal is not None and actor.account_id is not None and actor.account_id == proposal.proposer_id


@rules.predicate
def may_back_test(actor: Actor) -> bool:
    """Hold for those who propose or decide, and for the platform."""
    return actor.is_system or bool(may_second(actor))


@rules.predicate
def may_see_proposals(actor: Actor) -> bool:
    """Hold for those who change the book, and for auditors; what was adopted is public."""
    return bool(may_second(actor)) or actor.has(Role.AUDITOR)
