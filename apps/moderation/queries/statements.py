"""The statement of reasons: what was decided, under which words of the rulebook, why, by whom, and how to appeal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from apps.audit.domain.actor import Actor
from apps.moderation.models import APPEALABLE, Action, Appeal, Case, Decision, DecisionSource
from apps.moderation.queries.access import appealable_until, is_concerned, require_reader
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import clause

_LAST_WORD: Final = _lazy("Another person than the first looked at it again. This is the last word.")
# What was decided and what follows from it, by the action and by whether it is about a prompt rather than votes.
_WORDS: Final[Mapping[tuple[Action, bool], tuple[object, object]]] = {
    (Action.APPROVE, True): (
        _lazy("Your prompt was approved"),
        _lazy("It can meet two models in battles from now on."),
    ),
    (Action.REJECT, True): (
        _lazy("Your prompt was not approved"),
        _lazy("No new battle is fought on it. Votes on battles already fought keep counting."),
    ),
    (Action.UPHOLD, True): (_lazy("Your appeal was heard: the decision stands"), _LAST_WORD),
    (Action.OVERTURN, True): (
        _lazy("Your appeal was heard: your prompt is approved"),
        _lazy("It can meet two models in battles from now on. The first decision no longer holds."),
    ),
    (Action.DISMISS, False): (
        _lazy("A finding about your votes was dismissed"),
        _lazy("Your votes count as before, and nobody will raise the same votes again."),
    ),
    (Action.EXCLUDE_VOTES, False): (
        _lazy("Your votes are left out of the boards"),
        _lazy("They stay in the log and in your list, and count in no board. You can go on voting."),
    ),
    (Action.UPHOLD, False): (_lazy("Your appeal was heard: the decision stands"), _LAST_WORD),
    (Action.OVERTURN, False): (
        _lazy("Your appeal was heard: your votes count again"),
        _lazy("Every one of them counts from the next recomputation. The first decision no longer holds."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the person concerned reads; the preview before sending is the same thing without an id."""

    decision_id: int | None
    action: Action
    subject_text: str
    subject_language: str
    clause: ClauseText
    reason: str
    source: DecisionSource
    was_flagged: bool
    decided_at: datetime
    effective_at: datetime
    appealable_until: datetime | None
    appeal: Appeal | None = None
    heard_in: "Statement | None" = None
    is_replaced: bool = False
    is_for_reader: bool = True

    @property
    def headline(self) -> str:
        """What was decided, in one sentence."""
        return str(_WORDS[self.action, bool(self.subject_text)][0])

    @property
    def consequence(self) -> str:
        """What follows from it."""
        return str(_WORDS[self.action, bool(self.subject_text)][1])

    @property
    def is_last_word(self) -> bool:
        """Whether it is an appeal's own decision."""
        return self.action in {Action.UPHOLD, Action.OVERTURN}

    @property
    def by(self) -> str:
        """Who decided."""
        if self.source == DecisionSource.RULE:
            return _("The rule decided by itself, without a person.")
        if self.was_flagged:
            return _("A person decided. A program had pointed them to it.")
        return _("A person decided.")


_SUBJECT = ("prompt__author", "finding__contributor", "appeal", "superseded_by", "case")


def words_in_statement(actor: Actor, decision_id: int) -> list[str]:
    """Return the references of the words in a statement that somebody else wrote; none for the person concerned.

    Raises:
        NoSuchDecision: for who is neither concerned nor a moderator, and when there is none.
    """
    found = Decision.objects.select_related(*_SUBJECT).defer("prompt__text", "appeal__text").filter(pk=decision_id)
    decision = require_reader(actor, found.first())
    if is_concerned(actor, decision):
        return []
    appeal = getattr(decision, "appeal", None)
    return [thing.ref for thing in (decision.prompt, appeal) if thing is not None]


def statement_for(actor: Actor, decision_id: int) -> Statement:
    """Return a decision for the person concerned, or for a moderator.

    Only ``flows.read_statement`` calls it, which has a moderator's look written down before.

    Raises:
        NoSuchDecision: for anybody else, and when there is none.
    """
    found = Decision.objects.select_related(*_SUBJECT, "superseded_by__prompt").filter(pk=decision_id).first()
    decision = require_reader(actor, found)
    return _statement(decision, is_for_reader=is_concerned(actor, decision))


def newest_decision_on(actor: Actor, prompt_id: int) -> int | None:
    """Return the id of the decision that stands on a prompt; None while nothing was decided.

    Raises:
        NoSuchDecision: when the prompt is somebody else's and the actor does not moderate.
    """
    decision = Decision.objects.standing().select_related("prompt__author").filter(prompt_id=prompt_id).first()
    if decision is None:
        return None
    return require_reader(actor, decision).pk


def _statement(decision: Decision, *, is_for_reader: bool) -> Statement:
    later = getattr(decision, "superseded_by", None)
    can_appeal = decision.action in APPEALABLE and later is None
    return Statement(
        decision_id=decision.pk,
        action=Action(decision.action),
        subject_text=decision.prompt.text if decision.prompt else "",
        subject_language=decision.prompt.language if decision.prompt else "",
        clause=clause(decision.clause, version=decision.policy_version),
        reason=decision.reason,
        source=DecisionSource(decision.source),
        was_flagged=decision.case is not None and decision.action not in {Action.UPHOLD, Action.OVERTURN},
        decided_at=decision.decided_at,
        effective_at=decision.effective_at,
        appealable_until=appealable_until(decision) if can_appeal else None,
        appeal=getattr(decision, "appeal", None),
        heard_in=_heard(later),
        is_replaced=later is not None,
        is_for_reader=is_for_reader,
    )


def _heard(later: Decision | None) -> Statement | None:
    if later is None or later.action not in {Action.UPHOLD, Action.OVERTURN}:
        return None
    return Statement(
        decision_id=later.pk,
        action=Action(later.action),
        subject_text=later.prompt.text if later.prompt else "",
        subject_language=later.prompt.language if later.prompt else "",
        clause=clause(later.clause, version=later.policy_version),
        reason=later.reason,
        source=DecisionSource(later.source),
        was_flagged=False,
        decided_at=later.decided_at,
        effective_at=later.effective_at,
        appealable_until=None,
    )


def preview(case: Case, *, action: Action, clause: ClauseText, reason: str, now: datetime) -> Statement:
    """Return the statement that a decision sent now would make."""
    about = case.appeal.decision if case.appeal else case
    will_stand = Decision(action=action, decided_at=now, policy_version=clause.version)
    return Statement(
        decision_id=None,
        action=action,
        subject_text=about.prompt.text if about.prompt else "",
        subject_language=about.prompt.language if about.prompt else "",
        clause=clause,
        reason=reason,
        source=DecisionSource.PERSON,
        was_flagged=case.appeal is None,
        decided_at=now,
        effective_at=now,
        appealable_until=appealable_until(will_stand) if action in APPEALABLE else None,
    )
