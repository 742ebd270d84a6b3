"""Appeals: made once by the person concerned, heard by somebody else, and undone at once when they are right."""

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import commit_to, record
from apps.integrity.models import Exclusion
from apps.integrity.services import restore_after_appeal
from apps.moderation.events import ModerationEvent
from apps.moderation.models import APPEALABLE, Action, Appeal, AppealState, Case, CaseKind, CaseState, Decision
from apps.moderation.queries.access import APPEAL_CLAUSE, NoSuchDecision, appealable_until, is_concerned
from apps.moderation.services.case_rows import already_decided, locked_case, require_lease, require_open
from apps.moderation.services.decision_rows import UnknownAction, fit_reason, tell, write_decision
from apps.moderation.services.opening import open_appeal_case
from apps.policy.queries import clause, current_version
from apps.prompts.domain.normalisation import storable
from apps.prompts.models import PromptState
from apps.prompts.services import approve_prompt

LONGEST_APPEAL: Final = 4000
_CLEAN: Final = "P1"


class NotAppealable(Refused):
    """The decision is not against anybody, or it is the last word already."""


class AlreadyAppealed(Refused):
    """A decision is appealed once."""


class TooLateToAppeal(Refused):
    """The time for an appeal is over."""


class AppealSaysNothing(Refused):
    """An appeal says what was overlooked."""


class AppealTooLong(Refused):
    """Nobody reads an appeal of that length."""


@transaction.atomic
def make_appeal(*, actor: Actor, decision_id: int, text: str, now: datetime) -> Appeal:
    """Object to a decision about oneself; a case for somebody else is open at once.

    Raises:
        NoSuchDecision: when it is about somebody else, or there is none.
        NotAppealable: when it is not against anybody, was replaced, or is an appeal's own.
        AlreadyAppealed: the second time.
        TooLateToAppeal: after the days that clause M1 gave when the decision was made.
        AppealSaysNothing, AppealTooLong: for a text of nothing, or of more than 4,000 characters.
    """
    decision = (
        Decision.objects.select_related("prompt__author", "finding__contributor", "superseded_by")
        .filter(pk=decision_id)
        .first()
    )
    if decision is None or not is_concerned(actor, decision):
        raise NoSuchDecision(_("There is no such decision about you."))
    if Appeal.objects.filter(decision=decision).exists():
        raise AlreadyAppealed(_("You have already appealed this decision."), clause=APPEAL_CLAUSE, subject=decision.ref)
    if decision.action not in APPEALABLE or hasattr(decision, "superseded_by"):
        raise NotAppealable(_("This decision cannot be appealed."), clause=APPEAL_CLAUSE, subject=decision.ref)
    if now > appealable_until(decision):
        raise TooLateToAppeal(
            _("The time to appeal this decision is over."), clause=APPEAL_CLAUSE, subject=decision.ref
        )
    said = _fit_text(text)
    appeal = Appeal(decision=decision, appellant_id=actor.account_id or 0, text=said, made_at=now)
    try:
        with transaction.atomic():
            appeal.save(force_insert=True)
    except IntegrityError as twice:
        # Two clicks at once meet at the unique constraint.
        raise AlreadyAppealed(
            _("You have already appealed this decision."), clause=APPEAL_CLAUSE, subject=decision.ref
        ) from twice
    case = open_appeal_case(
        actor=actor, appeal=appeal, language=decision.prompt.language if decision.prompt else "", now=now
    )
    record(
        ModerationEvent.APPEALED,
        actor=actor,
        subject=appeal.ref,
        at=now,
        clause=APPEAL_CLAUSE,
        facts={"decision": decision.ref, "case": case.ref, "words": commit_to(said, subject=appeal.ref)},
    )
    return appeal


@transaction.atomic
def decide_appeal(*, actor: Actor, case: Case, action: Action, reason: str, now: datetime) -> Decision:
    """Uphold or overturn a decision on appeal, with a reason that the appellant reads.

    Overturning undoes the decision in the same transaction: a rejected prompt enters the pool, excluded votes count
    again. The new decision names the clause of the old one, whose ground it confirms or denies, and supersedes it.

    Raises:
        NotPermitted, AboutYourself, SameDecider: when it is not the actor's to decide.
        CaseTaken, LeaseEnded: when the actor does not have the case now.
        AlreadyDecided: when somebody has heard it.
        UnknownAction, ReasonMissing, ReasonTooLong: when the decision is not complete.
    """
    case = locked_case(actor, case.pk)
    appeal = case.appeal
    if appeal is None or case.kind != CaseKind.APPEAL or action not in {Action.UPHOLD, Action.OVERTURN}:
        raise UnknownAction(_("An appeal is upheld or overturned."), subject=case.ref)
    said = fit_reason(reason, action=action)
    if case.state == CaseState.DECIDED:
        made = Decision.objects.get(case=case)
        if (made.decided_by_id, made.action, made.reason) == (actor.account_id, action, said):
            return made
        raise already_decided(case, made)
    require_open(case)
    require_lease(actor, case, now)
    if action == Action.OVERTURN:
        _undo(actor, appeal.decision, now)
    decision = write_decision(
        actor=actor,
        case=case,
        action=action,
        clause=appeal.decision.clause,
        policy_version=current_version(),
        reason=said,
        supersedes=appeal.decision,
        now=now,
    )
    appeal.state = AppealState.OVERTURNED if action == Action.OVERTURN else AppealState.UPHELD
    appeal.closed_at = now
    appeal.save(update_fields=["state", "closed_at"])
    tell(actor=actor, decision=decision, now=now)
    return decision


def _undo(actor: Actor, decision: Decision, now: datetime) -> None:
    if decision.prompt is not None:
        # Its author may have taken it back meanwhile: then there is nothing to put into the pool.
        if decision.prompt.state == PromptState.REJECTED:
            approve_prompt(actor=actor, prompt=decision.prompt, clause=clause(_CLEAN), now=now)
        return
    exclusion = Exclusion.objects.filter(contributor=decision.concerns, restored_at=None).first()
    if exclusion is not None:
        restore_after_appeal(actor=actor, exclusion=exclusion, now=now)


def _fit_text(text: str) -> str:
    stored = storable(text)
    if not any(character.isalnum() for character in stored):
        raise AppealSaysNothing(_("Write what you think was overlooked."))
    if len(stored) > LONGEST_APPEAL:
        raise AppealTooLong(
            _("Your appeal has %(count)s characters, and at most %(most)s fit. It is still in the form: shorten it.")
            % {"count": f"{len(stored):,}", "most": f"{LONGEST_APPEAL:,}"}
        )
    return stored
