"""Decisions on prompts: approved, rejected, withdrawn. The state lives here, the reason in the case."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.policy.domain.rulebook import ClauseText
from apps.prompts.events import PromptEvent
from apps.prompts.models import Prompt, PromptState
from apps.prompts.permissions import is_author, may_decide, may_withdraw


class NotScreened(Refused):
    """Nothing is decided on a prompt before screening has read it."""


class AlreadyApproved(Refused):
    """The prompt is in the pool."""


class AlreadyRejected(Refused):
    """The prompt was rejected."""


class AlreadyWithdrawn(Refused):
    """The prompt was withdrawn, and comes back only by being submitted again."""


@transaction.atomic
def approve_prompt(*, actor: Actor, prompt: Prompt, clause: ClauseText, now: datetime) -> Prompt:
    """Let a prompt into the pool: one that waits for review, or one whose rejection was overturned.

    Raises:
        NotPermitted: when the actor does not decide on prompts, or it is their own.
        NotScreened, AlreadyApproved, AlreadyWithdrawn: when there is nothing to approve.
    """
    prompt = _locked(actor, prompt)
    match PromptState(prompt.state):
        case PromptState.APPROVED:
            raise AlreadyApproved(_("This prompt is already approved."), subject=prompt.ref)
        case PromptState.SUBMITTED | PromptState.WITHDRAWN:
            raise _not_decidable(prompt)
        case PromptState.AWAITING_REVIEW | PromptState.REJECTED:
            return _decide(actor, prompt, PromptState.APPROVED, PromptEvent.APPROVED, clause, now)


@transaction.atomic
def reject_prompt(*, actor: Actor, prompt: Prompt, clause: ClauseText, now: datetime) -> Prompt:
    """Keep a prompt out of the pool, or take it out of it: one that waits, or one that was approved.

    Battles already fought keep their votes.

    Raises:
        NotPermitted: when the actor does not decide on prompts, or it is their own.
        NotScreened, AlreadyRejected, AlreadyWithdrawn: when there is nothing to reject.
    """
    prompt = _locked(actor, prompt)
    match PromptState(prompt.state):
        case PromptState.REJECTED:
            raise AlreadyRejected(_("This prompt is already rejected."), subject=prompt.ref)
        case PromptState.SUBMITTED | PromptState.WITHDRAWN:
            raise _not_decidable(prompt)
        case PromptState.AWAITING_REVIEW | PromptState.APPROVED:
            return _decide(actor, prompt, PromptState.REJECTED, PromptEvent.REJECTED, clause, now)


@transaction.atomic
def withdraw_prompt(*, actor: Actor, prompt: Prompt, clause: ClauseText | None, now: datetime) -> Prompt:
    """Take a prompt out of the pool for good; battles already fought keep their votes, and no release holds it.

    Authors withdraw their own without a clause, before or after screening; everybody else names one.

    Raises:
        NotPermitted: when it is neither the actor's own prompt nor theirs to decide on, or a clause is missing.
        AlreadyWithdrawn: the second time.
    """
    prompt = _row(prompt)
    if not may_withdraw(actor, prompt):
        raise NotPermitted(_("You can withdraw your own prompts only."), subject=prompt.ref)
    if clause is None and not is_author(actor, prompt):
        raise NotPermitted(_("Withdrawing somebody's prompt needs a clause."), subject=prompt.ref)
    if prompt.state == PromptState.WITHDRAWN:
        raise AlreadyWithdrawn(_("This prompt is already withdrawn."), subject=prompt.ref)
    was = prompt.state
    prompt.state, prompt.decided_at, prompt.decided_clause = PromptState.WITHDRAWN, now, clause.number if clause else ""
    prompt.save(update_fields=["state", "decided_at", "decided_clause"])
    record(
        PromptEvent.WITHDRAWN,
        actor=actor,
        subject=prompt.ref,
        at=now,
        clause=clause.number if clause else None,
        facts={"was": was, "by_author": is_author(actor, prompt)},
    )
    return prompt


def _row(prompt: Prompt) -> Prompt:
    # FOR NO KEY UPDATE: a battle that is being opened on the prompt holds its key, and need not wait.
    locked = Prompt.objects.select_for_update(of=("self",), no_key=True).select_related("author")
    return locked.get(pk=prompt.pk)


def _locked(actor: Actor, prompt: Prompt) -> Prompt:
    prompt = _row(prompt)
    if not may_decide(actor, prompt):
        raise NotPermitted(_("Moderators decide on prompts, and nobody on their own."), subject=prompt.ref)
    return prompt


def _not_decidable(prompt: Prompt) -> Refused:
    if prompt.state == PromptState.WITHDRAWN:
        return AlreadyWithdrawn(_("Its author withdrew this prompt."), subject=prompt.ref)
    return NotScreened(_("This prompt has not been screened yet."), subject=prompt.ref)


def _decide(
    actor: Actor, prompt: Prompt, state: PromptState, event: PromptEvent, clause: ClauseText, now: datetime
) -> Prompt:
    was = prompt.state
    prompt.state, prompt.decided_at, prompt.decided_clause = state, now, clause.number
    prompt.save(update_fields=["state", "decided_at", "decided_clause"])
    record(
        event,
        actor=actor,
        subject=prompt.ref,
        at=now,
        clause=clause.number,
        facts={"by": "rule" if actor.is_system else "person", "was": was},
    )
    return prompt
