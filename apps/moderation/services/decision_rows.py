"""Writing a decision: its row, its entry, the closed case, and the notice to the person concerned."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.services import notify
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import commit_to, record
from apps.contributors.models import Attribute, Contributor
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Action, Case, CaseState, Decision, DecisionSource
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import UnknownClause
from apps.policy.queries import clause as clause_in_force
from apps.prompts.domain.normalisation import storable

LONGEST_REASON: Final = 4000
_MILD: Final = (Action.APPROVE, Action.DISMISS)
_HEADINGS: Final[Mapping[Action, object]] = {
    Action.APPROVE: gettext_lazy("Your prompt was approved"),
    Action.REJECT: gettext_lazy("Your prompt was not approved"),
    Action.EXCLUDE_VOTES: gettext_lazy("Your votes are left out of the boards"),
    Action.UPHOLD: gettext_lazy("Your appeal was heard: the decision stands"),
    Action.OVERTURN: gettext_lazy("Your appeal was heard: the decision was overturned"),
}


class ReasonMissing(Refused):
    """A decision against somebody says why."""


class ReasonTooLong(Refused):
    """Nobody reads a reason of that length."""


class UnknownGround(Refused):
    """The clause is not in force, or not one on which this can be decided."""


class UnknownAction(Refused):
    """This cannot be decided on such a case."""


def fit_reason(reason: str, *, action: Action) -> str:
    """Return the reason as it is stored.

    Raises:
        ReasonMissing: when the decision needs one and there is nothing to read.
        ReasonTooLong: above 4,000 characters.
    """
    stored = storable(reason)
    if len(stored) > LONGEST_REASON:
        raise ReasonTooLong(
            _("The reason has %(count)s characters, and at most %(most)s fit.")
            % {"count": f"{len(stored):,}", "most": f"{LONGEST_REASON:,}"}
        )
    if action not in _MILD and not any(character.isalnum() for character in stored):
        raise ReasonMissing(_("Write the reason that the person concerned will read."))
    return stored


def ground(number: str, *, among: str) -> ClauseText:
    """Return a clause in force whose number begins with ``among``, on which a decision can rest.

    Raises:
        UnknownGround: for any other.
    """
    if not number.startswith(among):
        raise UnknownGround(_("Choose the clause on which the decision rests."))
    try:
        return clause_in_force(number)
    except UnknownClause as unknown:
        raise UnknownGround(_("Choose the clause on which the decision rests.")) from unknown


def write_decision(
    *,
    actor: Actor,
    case: Case,
    action: Action,
    clause: str,
    policy_version: int,
    reason: str,
    supersedes: Decision | None,
    now: datetime,
) -> Decision:
    """Store a person's decision on the locked case, close the case, and write the entry; the reason is committed to."""
    about = supersedes or case
    # The commitment stands in the row too, and a decision is written once: so its salt is kept under the case.
    commitment = commit_to(reason, subject=case.ref) if reason else ""
    decision = Decision.objects.create(
        case=case,
        prompt=about.prompt,
        finding=about.finding,
        action=action,
        source=DecisionSource.PERSON,
        decided_by_id=actor.account_id,
        policy_version=policy_version,
        clause=clause,
        reason=reason,
        reason_commitment=commitment,
        supersedes=supersedes,
        decided_at=now,
        effective_at=now,
    )
    case.state, case.decided_at = CaseState.DECIDED, now
    case.lease_holder = case.lease_until = None
    case.save(update_fields=["state", "decided_at", "lease_holder", "lease_until"])
    record(
        ModerationEvent.DECIDED,
        actor=actor,
        subject=decision.ref,
        at=now,
        clause=clause,
        facts={
            "action": action.value,
            "source": decision.source,
            "case": case.ref,
            "on": about.prompt.ref if about.prompt else about.finding.ref if about.finding else "",
            "policy_version": policy_version,
            "reason": commitment,
            "supersedes": supersedes.ref if supersedes else "",
        },
    )
    return decision


def tell(*, actor: Actor, decision: Decision, now: datetime) -> None:
    """Put the decision into the inbox of the person concerned, in a language that they read."""
    concerned = decision.concerns
    if concerned.account is None:
        return
    with translation.override(_language_of(concerned)):
        lines = [str(_HEADINGS[Action(decision.action)]) + "."]
        if decision.reason:
            lines.append(decision.reason)
        lines.append(_("The statement of reasons says under which clause, and how to appeal."))
        notify(
            actor=actor,
            recipient=concerned.account,
            subject=str(_HEADINGS[Action(decision.action)]),
            body="\n\n".join(lines),
            address=reverse("moderation:decision", args=[decision.pk]),
            now=now,
        )


def _language_of(contributor: Contributor) -> str:
    """Return the first language that a contributor declared and the interface has, else the platform's own."""
    offered = {code.split("-")[0]: code for code, _name in settings.LANGUAGES}
    declared = contributor.claims.filter(attribute=Attribute.LANGUAGE, ended_at=None).order_by("pk")
    for value in declared.values_list("value", flat=True):
        if value.split("-")[0] in offered:
            return offered[value.split("-")[0]]
    return settings.LANGUAGE_CODE
