"""The strings of services: sweeping what waits into cases, and deciding one case and going on to the next."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.moderation.models import Action, Case, Decision
from apps.moderation.queries.access import case_named
from apps.moderation.queries.console import CaseView, case_view, words_on
from apps.moderation.queries.exports import exports_to_look_at
from apps.moderation.queries.statements import Statement, statement_for, words_in_statement
from apps.moderation.queries.waiting import (
    approved_without_decision,
    findings_without_case,
    moot_cases,
    prompts_without_case,
)
from apps.moderation.services import (
    NothingWaits,
    close_moot_case,
    decide_appeal,
    decide_finding,
    decide_prompt,
    forget_old_drafts,
    open_exports_case,
    open_finding_case,
    open_prompt_case,
    record_rule_decision,
    save_draft,
    take_next,
)
from apps.policy.domain.reading import Purpose
from apps.policy.services import read_content

# One wake takes this many of a kind, so that a load of old prompts does not keep new cases waiting.
_AT_ONCE: Final = 500
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How much one sweep did."""

    prompts: int
    findings: int
    exports: int
    rule_decisions: int
    moot: int


def sweep(*, actor: Actor, now: datetime) -> Swept:
    """Open a case for everything that waits for a person, and write down what the rule decided.

    Urgent things first. Two sweeps at once do the work once: each service finds its row due, or already done.
    """
    done = Swept(
        prompts=_each(
            prompts_without_case(limit=_AT_ONCE), lambda pk: open_prompt_case(actor=actor, prompt_id=pk, now=now)
        ),
        findings=_each(
            findings_without_case(limit=_AT_ONCE), lambda pk: open_finding_case(actor=actor, finding_id=pk, now=now)
        ),
        exports=_each(exports_to_look_at(), lambda pk: open_exports_case(actor=actor, network_id=pk, now=now)),
        rule_decisions=_each(
            approved_without_decision(limit=_AT_ONCE),
            lambda pk: record_rule_decision(actor=actor, prompt_id=pk, now=now),
        ),
        moot=_each(moot_cases(limit=_AT_ONCE), lambda pk: close_moot_case(actor=actor, case_id=pk, now=now)),
    )
    forget_old_drafts(actor=actor, now=now)
    return done


def _each(ids: Iterable[int], act: Callable[[int], object]) -> int:
    return sum(_done(act, pk) for pk in ids)


def _done(act: Callable[[int], object], pk: int) -> bool:
    try:
        with suppress(NothingWaits):
            act(pk)
            return True
    except Exception:
        # It waits on, and the next sweep tries again; one that fails does not hold up the others.
        _logger.exception("What waits under the id %s could not be swept.", pk)
    return False


def take_next_or_sweep(*, actor: Actor, now: datetime) -> Case | None:
    """Lend a moderator the next case; before the queue says that it is empty, it looks for what waits outside it."""
    case = take_next(actor=actor, now=now)
    if case is None:
        sweep(actor=Actor.system("moderation.sweep"), now=now)
        case = take_next(actor=actor, now=now)
    return case


def read_case(*, actor: Actor, case_id: int, now: datetime) -> CaseView:
    """Return a case as the console shows it; that its words are read is written down first (clause G1)."""
    return read_content(
        actor=actor,
        purpose=Purpose.CASE,
        subjects=words_on(actor, case_id),
        load=lambda: case_view(actor, case_id, now=now),
        now=now,
    )


def read_statement(*, actor: Actor, decision_id: int, now: datetime) -> Statement:
    """Return a statement of reasons; whoever it is not about is written down first (clause G1)."""
    others = words_in_statement(actor, decision_id)
    if not others:
        return statement_for(actor, decision_id)
    return read_content(
        actor=actor,
        purpose=Purpose.STATEMENT,
        subjects=others,
        load=lambda: statement_for(actor, decision_id),
        now=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands in a moderator's form, complete or not."""

    action: str
    clause: str
    reason: str


def keep_and(act: Callable[..., Case], *, actor: Actor, case_id: int, written: Written, now: datetime) -> Case:
    """Keep what a moderator has written, then take, extend or give back the case; without script one form does both."""
    if written.action or written.reason:
        _keep(actor, case_id, written, now)
    return act(actor=actor, case_id=case_id, now=now)


def decide_and_go_on(
    *, actor: Actor, case_id: int, action: Action, clause: str, reason: str, wants_next: bool, now: datetime
) -> tuple[Decision, Case | None]:
    """Decide a case by the service that its action belongs to, and lend the moderator the next one if wanted.

    When the service says no, what was written is kept as a draft before the refusal goes on its way.
    """
    case = case_named(case_id)
    try:
        decision = _decide(actor, case, action, clause, reason, now)
    except NotPermitted:
        raise
    except Refused:
        _keep(actor, case_id, Written(action=action.value, clause=clause, reason=reason), now)
        raise
    return decision, take_next_or_sweep(actor=actor, now=now) if wants_next else None


def _decide(actor: Actor, case: Case, action: Action, clause: str, reason: str, now: datetime) -> Decision:
    match action:
        case Action.APPROVE | Action.REJECT:
            return decide_prompt(actor=actor, case=case, action=action, clause=clause, reason=reason, now=now)
        case Action.DISMISS | Action.EXCLUDE_VOTES:
            return decide_finding(actor=actor, case=case, action=action, clause=clause, reason=reason, now=now)
        case Action.UPHOLD | Action.OVERTURN:
            return decide_appeal(actor=actor, case=case, action=action, reason=reason, now=now)


def _keep(actor: Actor, case_id: int, written: Written, now: datetime) -> None:
    save_draft(
        actor=actor, case_id=case_id, action=written.action, clause=written.clause, reason=written.reason, now=now
    )
