"""Who works at the auditor's desk."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.web.models import Export, Sample


@rules.predicate
def may_audit(actor: Actor) -> bool:
    """Hold for auditors: they draw samples and have the log exported."""
    return actor.has(Role.AUDITOR)


@rules.predicate
def may_open(actor: Actor, sample: Sample | None = None) -> bool:
    """Hold for the auditor whose lot it was: what another one drew was not drawn for them."""
    return may_audit(actor) and sample is not None and sample.auditor == actor.pseudonym


@rules.predicate
def may_fetch(actor: Actor, export: Export | None = None) -> bool:
    """Hold for the auditor for whom the bundle was written."""
    return may_audit(actor) and export is not None and export.auditor == actor.pseudonym
