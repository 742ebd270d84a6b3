"""Cases opened for what waits below: flagged prompts, findings, and prompts that a person reads afterwards."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.contributors.models import Network
from apps.integrity.models import Finding, FindingState
from apps.moderation.domain.priority import Place, Reason, place_for, place_of_flagged
from apps.moderation.domain.sampling import is_drawn
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Action, Appeal, Case, CaseKind, CaseState, Decision, DecisionSource
from apps.moderation.permissions import may_sweep
from apps.moderation.queries.exports import exports_to_look_at
from apps.policy.queries import clause, current_version
from apps.prompts.models import Prompt, PromptState

_RULE: Final = "P1"
_TIMES: Final = "M4"
_SAMPLE: Final = "sample"


class NothingWaits(Refused):
    """What was to become a case does not wait any more; the next sweep finds nothing of it."""


@transaction.atomic
def open_prompt_case(*, actor: Actor, prompt_id: int, now: datetime) -> Case:
    """Open the case of a prompt that screening handed to a person; one that is open already is returned.

    Raises:
        NothingWaits: when the prompt does not wait for a person.
    """
    _require_sweeper(actor)
    prompt = Prompt.objects.select_for_update(no_key=True).get(pk=prompt_id)
    if prompt.state != PromptState.AWAITING_REVIEW:
        raise NothingWaits(_("This prompt does not wait for a person."), subject=prompt.ref)
    flagged = prompt.hints.filter(needs_review=True).values_list("clause", flat=True)
    return _opened(
        actor,
        Case(kind=CaseKind.PROMPT, prompt=prompt, language=prompt.language),
        place=place_of_flagged(set(flagged)),
        waits_since=prompt.screened_at or prompt.submitted_at,
        hours=CaseKind.PROMPT,
        now=now,
    )


@transaction.atomic
def open_finding_case(*, actor: Actor, finding_id: int, now: datetime) -> Case:
    """Open the case of a finding about somebody's votes; one that is open already is returned.

    Raises:
        NothingWaits: when the finding was decided.
    """
    _require_sweeper(actor)
    finding = Finding.objects.select_for_update(no_key=True).get(pk=finding_id)
    if finding.state != FindingState.OPEN:
        raise NothingWaits(_("This finding does not wait for a person."), subject=finding.ref)
    return _opened(
        actor,
        Case(kind=CaseKind.FINDING, finding=finding),
        place=place_for(Reason.FINDING),
        waits_since=finding.found_at,
        hours=CaseKind.FINDING,
        now=now,
    )


@transaction.atomic
def open_exports_case(*, actor: Actor, network_id: int, now: datetime) -> Case:
    """Open the case of a network many of whose people took their words away; one that is open already is returned.

    Raises:
        NothingWaits: when they are not as many as clause G2 says, or somebody has looked since.
    """
    _require_sweeper(actor)
    network = Network.objects.select_for_update(no_key=True).get(pk=network_id)
    found = exports_to_look_at(network_id=network_id)
    if not found:
        raise NothingWaits(_("Nobody needs to look at this network."), subject=network.ref)
    return _opened(
        actor,
        Case(kind=CaseKind.EXPORTS, network=network),
        place=place_for(Reason.EXPORTS),
        waits_since=now,
        hours=CaseKind.FINDING,
        now=now,
    )


@transaction.atomic
def open_appeal_case(*, actor: Actor, appeal: Appeal, language: str, now: datetime) -> Case:
    """Open the case of an appeal, in the transaction in which it is made."""
    return _opened(
        actor,
        Case(kind=CaseKind.APPEAL, appeal=appeal, language=language),
        place=place_for(Reason.APPEAL),
        waits_since=appeal.made_at,
        hours=CaseKind.APPEAL,
        now=now,
    )


@transaction.atomic
def record_rule_decision(*, actor: Actor, prompt_id: int, now: datetime) -> Decision:
    """Write down that the rule approved a prompt; when clause P1 wants it read afterwards, open a case for that.

    The decision stands under the rulebook's version and at the moment of the approval, not of the sweep. Asked again,
    it is returned as it is.

    Raises:
        NothingWaits: when no rule approved the prompt, or a person has decided since.
    """
    _require_sweeper(actor)
    prompt = Prompt.objects.select_for_update(no_key=True).get(pk=prompt_id)
    if prompt.decided_clause != _RULE or prompt.state != PromptState.APPROVED or prompt.decided_at is None:
        raise NothingWaits(_("No rule approved this prompt."), subject=prompt.ref)
    found = prompt.decisions.filter(supersedes=None).first()
    if found is not None:
        return found
    decision = Decision.objects.create(
        prompt=prompt,
        action=Action.APPROVE,
        source=DecisionSource.RULE,
        policy_version=current_version(at=prompt.decided_at),
        clause=_RULE,
        decided_at=prompt.decided_at,
        effective_at=prompt.decided_at,
    )
    record(
        ModerationEvent.DECIDED,
        actor=actor,
        subject=decision.ref,
        at=now,
        clause=_RULE,
        facts={
            "action": decision.action,
            "source": decision.source,
            "on": prompt.ref,
            "policy_version": decision.policy_version,
        },
    )
    reason = _read_afterwards(prompt)
    if reason is not None:
        _opened(
            actor,
            Case(kind=CaseKind.PROMPT, prompt=prompt, language=prompt.language),
            place=place_for(reason),
            waits_since=prompt.decided_at,
            hours=_SAMPLE,
            now=now,
        )
    return decision


@transaction.atomic
def close_moot_case(*, actor: Actor, case_id: int, now: datetime) -> Case:
    """Close a case whose prompt its author took back before anybody decided.

    Raises:
        NothingWaits: when the case is closed, or its prompt is still there to decide on.
    """
    _require_sweeper(actor)
    case = Case.objects.select_for_update(of=("self",)).select_related("prompt").get(pk=case_id)
    if case.state != CaseState.OPEN or case.prompt is None or case.prompt.state != PromptState.WITHDRAWN:
        raise NothingWaits(_("This case is not moot."), subject=case.ref)
    case.state, case.decided_at = CaseState.MOOT, now
    case.lease_holder = case.lease_until = None
    case.save(update_fields=["state", "decided_at", "lease_holder", "lease_until"])
    record(ModerationEvent.CASE_MOOT, actor=actor, subject=case.ref, at=now, facts={"on": case.prompt.ref})
    return case


def _require_sweeper(actor: Actor) -> None:
    if not may_sweep(actor):
        raise NotPermitted(_("Cases are opened by the platform, for what waits."))


def _read_afterwards(prompt: Prompt) -> Reason | None:
    """Return why a person should read a prompt that the rule approved, or None."""
    rules = clause(_RULE).parameters
    earlier = Prompt.objects.filter(author_id=prompt.author_id, pk__lt=prompt.pk).count()
    if earlier < int(rules["newcomer_first"]):
        return Reason.NEWCOMER
    key = settings.SECRET_KEY.encode()
    return Reason.SAMPLE if is_drawn(prompt.pk, key=key, share=float(rules["sample_share"])) else None


def _opened(actor: Actor, case: Case, *, place: Place, waits_since: datetime, hours: str, now: datetime) -> Case:
    """Store a new case; its time runs from when somebody began to wait, not from when the sweep came by."""
    case.priority, case.priority_reason = place.band, place.reason.value
    case.opened_at = now
    case.due_at = waits_since + timedelta(hours=float(clause(_TIMES).parameters[hours]))
    try:
        with transaction.atomic():
            case.save(force_insert=True)
    except IntegrityError:
        # Two sweeps meet at the unique constraint on open cases; the second finds what the first has opened.
        return _open_case_like(case)
    record(
        ModerationEvent.CASE_OPENED,
        actor=actor,
        subject=case.ref,
        at=now,
        clause=_TIMES,
        facts={"kind": case.kind, "on": _subject_of(case), "band": place.band, "reason": place.reason.value},
    )
    return case


def _open_case_like(case: Case) -> Case:
    return Case.objects.open().get(prompt=case.prompt, finding=case.finding, appeal=case.appeal, network=case.network)


def _subject_of(case: Case) -> str:
    subjects: Collection[Prompt | Finding | Appeal | Network | None] = (
        case.prompt,
        case.finding,
        case.appeal,
        case.network,
    )
    return next(subject.ref for subject in subjects if subject is not None)
