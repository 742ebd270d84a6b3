"""What may be seen by whom of cases and decisions, and the refusals when it may not."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.moderation.models import Case, Decision
from apps.policy.queries import clause

APPEAL_CLAUSE: Final = "M1"
OTHER_PERSON_CLAUSE: Final = "M2"
#: All that a decision needs to know about a case's subject, to come with its row.
WITH_SUBJECT: Final = (
    "prompt__author__account",
    "finding__contributor__account",
    "appeal__decision__prompt__author__account",
    "appeal__decision__finding__contributor__account",
    "network",
)


class NoSuchCase(NotPermitted):
    """There is no such case."""


class AboutYourself(NotPermitted):
    """The case is about the moderator's own prompt or votes."""


class SameDecider(NotPermitted):
    """The appeal is against the moderator's own decision."""


class NoSuchDecision(NotPermitted):
    """There is no such decision, or it is about somebody else: the two cannot be told apart from outside."""


def case_named(case_id: int) -> Case:
    """Return a case by its number; raise ``NoSuchCase`` when there is none."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise NoSuchCase(_("There is no such case."))
    return case


def require_other_person(actor: Actor, case: Case) -> None:
    """Raise ``AboutYourself`` or ``SameDecider`` when somebody else must decide."""
    if case.is_about(actor.account_id):
        raise AboutYourself(_("This case is about you. Somebody else decides on it."), subject=case.ref)
    if case.is_against(actor.account_id):
        raise SameDecider(
            _("This is an appeal against your own decision. Somebody else decides on it."),
            clause=OTHER_PERSON_CLAUSE,
            subject=case.ref,
        )


def is_concerned(actor: Actor, decision: Decision) -> bool:
    """Whether it is about the actor's own prompt or votes."""
    return actor.account_id is not None and decision.concerns.account_id == actor.account_id


def require_reader(actor: Actor, decision: Decision | None) -> Decision:
    """Return a decision to the person concerned and to moderators; raise ``NoSuchDecision`` for anybody else."""
    if decision is None or not (is_concerned(actor, decision) or actor.has(Role.MODERATOR)):
        raise NoSuchDecision(_("There is no such decision about you."))
    return decision


def appealable_until(decision: Decision) -> datetime:
    """Return when the time to appeal a decision ends, by the rulebook under which it was made (clause M1)."""
    days = float(clause(APPEAL_CLAUSE, version=decision.policy_version).parameters["days"])
    return decision.decided_at + timedelta(days=days)
