"""The row of a case, locked, and everything that can stand between a moderator and a decision on it."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.moderation.models import Case, CaseState, Decision
from apps.moderation.permissions import may_moderate
from apps.moderation.queries.access import WITH_SUBJECT, NoSuchCase, require_other_person
from apps.policy.queries import parameter

LEASE_CLAUSE: Final = "M3"


class CaseTaken(Refused):
    """Another moderator has the case now."""


class LeaseEnded(Refused):
    """The moderator does not have the case any more, or never took it."""


class NothingLeftToDecide(Refused):
    """The subject went away before anybody decided."""


class AlreadyDecided(Refused):
    """The case was decided before; ``decision_id`` says by which decision."""

    decision_id: int


def require_moderator(actor: Actor) -> None:
    """Raise ``NotPermitted`` for whoever does not moderate."""
    if not may_moderate(actor):
        raise NotPermitted(_("Cases are for moderators."))


def locked_case(actor: Actor, case_id: int) -> Case:
    """Return a case with its subject, the row locked, for a moderator who may decide on it.

    Raises:
        NotPermitted: when the actor does not moderate.
        NoSuchCase: when there is none.
        AboutYourself, SameDecider: when somebody else must decide.
    """
    require_moderator(actor)
    try:
        case = Case.objects.select_for_update(of=("self",)).select_related(*WITH_SUBJECT).get(pk=case_id)
    except Case.DoesNotExist as unknown:
        raise NoSuchCase(_("There is no such case.")) from unknown
    require_other_person(actor, case)
    return case


def require_open(case: Case) -> None:
    """Raise ``AlreadyDecided`` or ``NothingLeftToDecide`` for a case that waits no more."""
    if case.state == CaseState.DECIDED:
        decision = Decision.objects.filter(case=case).first()
        if decision is None:
            raise NothingLeftToDecide(_("Somebody has already looked into this."), subject=case.ref)
        raise already_decided(case, decision)
    if case.state == CaseState.MOOT:
        raise NothingLeftToDecide(_("There is nothing left to decide on this case."), subject=case.ref)


def already_decided(case: Case, decision: Decision) -> AlreadyDecided:
    """Return the refusal that leads to the decision made on a case."""
    refused = AlreadyDecided(_("Somebody has already decided on this case."), subject=case.ref)
    refused.decision_id = decision.pk
    return refused


def require_lease(actor: Actor, case: Case, now: datetime) -> None:
    """Raise ``CaseTaken`` or ``LeaseEnded`` unless the actor has the case now."""
    is_lent = case.lease_until is not None and case.lease_until > now
    if is_lent and case.lease_holder_id == actor.account_id:
        return
    if is_lent:
        raise CaseTaken(
            _("Another moderator has this case now. What you wrote is kept as your draft."),
            clause=LEASE_CLAUSE,
            subject=case.ref,
        )
    raise LeaseEnded(
        _("You do not have this case any more. Take it again and send once more: what you wrote is still here."),
        clause=LEASE_CLAUSE,
        subject=case.ref,
    )


def lease_end(now: datetime) -> datetime:
    """Return until when a case is lent that is taken now (clause M3)."""
    return now + timedelta(minutes=float(parameter(LEASE_CLAUSE, "minutes")))
