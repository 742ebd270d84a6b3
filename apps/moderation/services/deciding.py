"""First decisions by a person: on prompts, and on findings about votes."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.integrity.services import dismiss_finding, uphold_finding
from apps.moderation.models import Action, Case, CaseKind, CaseState, Decision
from apps.moderation.services.case_rows import (
    NothingLeftToDecide,
    already_decided,
    locked_case,
    require_lease,
    require_open,
)
from apps.moderation.services.decision_rows import (
    UnknownAction,
    UnknownGround,
    fit_reason,
    ground,
    tell,
    write_decision,
)
from apps.prompts.models import PromptState
from apps.prompts.services import approve_prompt, reject_prompt

CLEAN: Final = "P1"
CARELESS: Final = "I1"
_ON_PROMPTS: Final = "P"


@transaction.atomic
def decide_prompt(*, actor: Actor, case: Case, action: Action, clause: str, reason: str, now: datetime) -> Decision:
    """Approve or reject a prompt under a clause of the rulebook, with a reason that its author reads.

    A prompt that the rule has approved and a person reads afterwards is confirmed, without a notice, or taken out of
    the pool. The same decision sent twice by the same person is returned as it is.

    Raises:
        NotPermitted, AboutYourself: when it is not the actor's to decide.
        CaseTaken, LeaseEnded: when the actor does not have the case now.
        AlreadyDecided, NothingLeftToDecide: when it waits no more.
        UnknownAction, UnknownGround, ReasonMissing, ReasonTooLong: when the decision is not complete.
    """
    case = locked_case(actor, case.pk)
    if (sent_before := _sent_before(actor, case, action, clause, reason)) is not None:
        return sent_before
    require_open(case)
    require_lease(actor, case, now)
    if case.kind != CaseKind.PROMPT or case.prompt is None or action not in {Action.APPROVE, Action.REJECT}:
        raise UnknownAction(_("A prompt is approved or rejected."), subject=case.ref)
    if (action == Action.APPROVE) != (clause == CLEAN):
        raise UnknownGround(_("A prompt is approved under clause P1, and rejected under any other on prompts."))
    rule = ground(clause, among=_ON_PROMPTS)
    said = fit_reason(reason, action=action)
    stands = case.prompt.decisions.standing().first()
    was_waiting = case.prompt.state == PromptState.AWAITING_REVIEW
    if case.prompt.state not in {PromptState.AWAITING_REVIEW, PromptState.APPROVED}:
        raise NothingLeftToDecide(_("Its author took this prompt back. There is nothing left to decide."))
    if action == Action.REJECT:
        reject_prompt(actor=actor, prompt=case.prompt, clause=rule, now=now)
    elif was_waiting:
        approve_prompt(actor=actor, prompt=case.prompt, clause=rule, now=now)
    decision = write_decision(
        actor=actor,
        case=case,
        action=action,
        clause=rule.number,
        policy_version=rule.version,
        reason=said,
        supersedes=stands,
        now=now,
    )
    if was_waiting or action == Action.REJECT:
        tell(actor=actor, decision=decision, now=now)
    return decision


@transaction.atomic
def decide_finding(*, actor: Actor, case: Case, action: Action, clause: str, reason: str, now: datetime) -> Decision:
    """Dismiss a finding, or leave the contributor's votes out under its clause with a reason that they read.

    Raises:
        The same as ``decide_prompt``; and ``FindingClosed`` when the finding was decided elsewhere.
    """
    case = locked_case(actor, case.pk)
    if (sent_before := _sent_before(actor, case, action, clause, reason)) is not None:
        return sent_before
    require_open(case)
    require_lease(actor, case, now)
    if case.kind != CaseKind.FINDING or case.finding is None or action not in {Action.DISMISS, Action.EXCLUDE_VOTES}:
        raise UnknownAction(_("A finding is dismissed, or the votes are left out."), subject=case.ref)
    rule = ground(clause, among=CARELESS)
    said = fit_reason(reason, action=action)
    if action == Action.EXCLUDE_VOTES:
        uphold_finding(actor=actor, finding=case.finding, clause=rule.number, now=now)
    else:
        dismiss_finding(actor=actor, finding=case.finding, clause=rule.number, now=now)
    decision = write_decision(
        actor=actor,
        case=case,
        action=action,
        clause=rule.number,
        policy_version=rule.version,
        reason=said,
        supersedes=None,
        now=now,
    )
    if action == Action.EXCLUDE_VOTES:
        tell(actor=actor, decision=decision, now=now)
    return decision


def _sent_before(actor: Actor, case: Case, action: Action, clause: str, reason: str) -> Decision | None:
    """Return the decision of a form that was sent twice; another one on a decided case is refused."""
    if case.state != CaseState.DECIDED:
        return None
    decision = Decision.objects.get(case=case)
    told = (actor.account_id, action, clause, fit_reason(reason, action=action))
    if (decision.decided_by_id, decision.action, decision.clause, decision.reason) != told:
        raise already_decided(case, decision)
    return decision
