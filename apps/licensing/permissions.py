"""Who may do what at the licensing desk."""

import rules

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.licensing.models import Licensee, Release, ReleaseState


@rules.predicate
def may_license(actor: Actor) -> bool:
    """Hold for licensing officers; nobody else drafts, seals, cancels or adds a licensee."""
    return actor.has(Role.LICENSING_OFFICER)


@rules.predicate
def may_approve(actor: Actor) -> bool:
    """Hold for approvers; whether they are the right people for an offer is decided at the offer."""
    return actor.has(Role.APPROVER)


@rules.predicate
def may_open(actor: Actor) -> bool:
    """Hold for the platform and for officers: the database decides whether it is time, whoever asks."""
    return actor.is_system or actor.has(Role.LICENSING_OFFICER)


@rules.predicate
def may_judge_objections(actor: Actor) -> bool:
    """Hold for approvers and officers; whoever asked, built or objected is refused at the objection."""
    return actor.has(Role.APPROVER) or actor.has(Role.LICENSING_OFFICER)


@rules.predicate
def may_retire(actor: Actor) -> bool:
    """Hold for the nightly task and for officers: the database decides what is old enough, whoever asks."""
    return actor.is_system or actor.has(Role.LICENSING_OFFICER)


@rules.predicate
def may_merge(actor: Actor) -> bool:
    """Hold for the platform alone, which compares texts."""
    return actor.is_system


@rules.predicate
def may_see_drafts(actor: Actor) -> bool:
    """Hold for those who work on releases or look over them."""
    return any(actor.has(role) for role in (Role.LICENSING_OFFICER, Role.APPROVER, Role.AUDITOR))


@rules.predicate
def may_see(actor: Actor, release: Release | None = None) -> bool:
    """Hold for everybody once a release is more than a draft, and before that for staff and its licensee."""
    if release is None:
        return False
    if release.state != ReleaseState.DRAFT or may_see_drafts(actor):
        return True
    return bool(speaks_for(actor, release.licensee))


@rules.predicate
def speaks_for(actor: Actor, licensee: Licensee | None = None) -> bool:
    """Hold for the person whom an officer named to speak for a licensee, while they hold that role."""
    if licensee is None or actor.account_id is None:
        return False
    return actor.has(Role.LICENSEE) and licensee.contact_id == actor.account_id


@rules.predicate
def may_see_licensee(actor: Actor, licensee: Licensee | None = None) -> bool:
    """Hold for whoever speaks for a licensee, and for those who work on releases or look over them."""
    return licensee is not None and (may_see_drafts(actor) or speaks_for(actor, licensee))


@rules.predicate
def may_tend_deliveries(actor: Actor) -> bool:
    """Hold for the platform alone: it closes what broke off, takes rows back, and compares reads."""
    return actor.is_system


@rules.predicate
def may_see_incidents(actor: Actor) -> bool:
    """Hold for those who look over what left, and for the officers who answer for it."""
    return any(actor.has(role) for role in (Role.AUDITOR, Role.APPROVER, Role.LICENSING_OFFICER))
