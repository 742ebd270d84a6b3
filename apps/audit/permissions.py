"""Who may read the log's entries."""

from typing import Final

import rules

from apps.audit.domain.actor import Actor

AUDITOR: Final = "auditor"


@rules.predicate
def is_auditor(actor: Actor) -> bool:
    """Whether the actor is an auditor of this platform."""
    return actor.has(AUDITOR)
