"""Who may do what with a prompt."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.prompts.models import Prompt


@rules.predicate
def is_author(actor: Actor, prompt: Prompt) -> bool:
    """Hold for the person whose prompt it is; the prompt's author is looked up when it is not at hand."""
    return actor.account_id is not None and prompt.author.account_id == actor.account_id


@rules.predicate
def may_decide(actor: Actor, prompt: Prompt) -> bool:
    """Hold for the rulebook and for moderators, but never for a prompt of one's own."""
    return (actor.is_system or actor.has(Role.MODERATOR)) and not is_author(actor, prompt)


@rules.predicate
def may_withdraw(actor: Actor, prompt: Prompt) -> bool:
    """Hold for the author, and for those who decide."""
    return bool(is_author(actor, prompt) or may_decide(actor, prompt))
