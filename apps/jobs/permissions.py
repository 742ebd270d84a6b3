"""Who may see and stop long pieces of work."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.jobs.models import JobRun


@rules.predicate
def may_watch(actor: Actor, job: JobRun | None = None) -> bool:
    """Hold for whoever started the work, and for administrators, officers and auditors."""
    owns = job is not None and job.owner == actor.pseudonym
    return (
        owns
        or actor.is_system
        or any(actor.has(role) for role in (Role.NETWORK_ADMIN, Role.LICENSING_OFFICER, Role.AUDITOR))
    )


@rules.predicate
def may_cancel(actor: Actor, job: JobRun | None = None) -> bool:
    """Hold for whoever started the work, and for administrators."""
    owns = job is not None and job.owner == actor.pseudonym
    return owns or actor.is_system or actor.has(Role.NETWORK_ADMIN)
