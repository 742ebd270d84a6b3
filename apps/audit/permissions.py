"""Who may read the log's entries."""

from typing import Final

import rules

from apps.audit.domain.actor import Actor

AUDITOR: Final = "auditor"


@rules.predicate
def is_auditor(actor: Actor) -> bool:
    """Whether the actor is an auditor of this platform."""
    return actor.has(AUDITOR)


@rules.predicate
def may_tend_the_log(actor: Actor) -> bool:
    """Whether the actor announces and retires the log's keys: only the platform's own commands do."""
    return actor.is_system
