"""Deciding about a proposal: a second person adopts or rejects it, or its proposer takes it back.

What adopting does is the database's to say (``policy_adopt``): it compares, dates and writes the versions.
"""

from datetime import datetime
from typing import Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.permissions import has_lately_proved_identity
from apps.audit.services import ReauthenticationNeeded, commit_to, record
from apps.policy.events import PolicyEvent
from apps.policy.models import PolicyProposal, ProposalState
from apps.policy.permissions import may_decide, may_second, may_withdraw
from apps.policy.queries import newest_version, version_digest

LONGEST_DECISION: Final = 300
CLAUSE: Final = "W9"


class ProposalIsOver(Refused):
    """The proposal was adopted, rejected or withdrawn before."""


class TwoPeopleNeeded(NotPermitted):
    """Whoever proposes a change does not decide about it."""


class BackTestMissing(Refused):
    """A release was judged that the proposal has not been tested on."""


class ProposalIsStale(Refused):
    """Another version was adopted since; the proposal would have to be made upon that one."""


class DecisionNeedsReason(Refused):
    """Whoever rejects says why."""


class UnfitProposal(Refused):
    """The database finds the proposal unfit; only rows that no service wrote can be."""


def _refusal(code: str | None, proposal: PolicyProposal) -> Refused | None:
    """Return what a refusal of the database's function means; None when it is none of its own."""
    match code:
        case "BK001":
            return ProposalIsOver(_("This proposal was decided already."), clause=CLAUSE, subject=proposal.ref)
        case "BK002":
            return TwoPeopleNeeded(_("Two people change the rulebook."), clause=CLAUSE, subject=proposal.ref)
        case "BK003":
            return BackTestMissing(
                _("The back-test has not judged every past release. Run it again, look at it, and decide then."),
                clause=CLAUSE,
                subject=proposal.ref,
            )
        case "BK004":
            return ProposalIsStale(
                _(
                    "Version %(newest)d was adopted since, and this was proposed upon version %(based_on)d. "
                    "Propose it anew."
                )
                % {"newest": newest_version().number, "based_on": proposal.based_on.number},
                clause=CLAUSE,
                subject=proposal.ref,
            )
        case "BK005" | "BK006":
            return UnfitProposal(_("The database finds this proposal unfit."), clause=CLAUSE, subject=proposal.ref)
    return None


def adopt_version(*, actor: Actor, proposal: PolicyProposal, now: datetime) -> PolicyProposal:
    """Adopt a proposal as its second person; the database decides when it holds, by its own clock.

    Raises:
        NotPermitted: when the actor is none of those who may.
        TwoPeopleNeeded: when the actor proposed it.
        ReauthenticationNeeded: when the actor proved too long ago who they are.
        ProposalIsOver, ProposalIsStale, BackTestMissing: when it cannot be adopted any more, or not yet.
    """
    _require_second(actor, proposal)
    if not has_lately_proved_identity(actor, now):
        raise ReauthenticationNeeded(_("Sign in again first: this changes the rulebook."), subject=proposal.ref)
    try:
        with transaction.atomic():
            return _adopt(actor, proposal, now)
    except DatabaseError as error:
        refused = _refusal(getattr(error.__cause__, "sqlstate", None), proposal)
        if refused is None:
            raise
        raise refused from error


def _adopt(actor: Actor, proposal: PolicyProposal, now: datetime) -> PolicyProposal:
    with connection.cursor() as cursor:
        cursor.execute("SELECT policy_adopt(%s, %s)", [proposal.pk, actor.account_id])
    adopted = PolicyProposal.objects.select_related("based_on").get(pk=proposal.pk)
    versions = list(adopted.versions.order_by("number"))
    for version in versions:
        record(
            PolicyEvent.VERSION_WRITTEN,
            actor=actor,
            subject=version.ref,
            at=now,
            clause=CLAUSE,
            facts={
                "digest": version_digest(version.number),
                "effective_at": time_text(version.effective_at),
                "kind": version.kind,
                "carries": version.carries.number if version.carries is not None else None,
                "proposal": adopted.ref,
            },
        )
    record(
        PolicyEvent.ADOPTED,
        actor=actor,
        subject=adopted.ref,
        at=now,
        clause=CLAUSE,
        facts={
            "kind": adopted.kind,
            "based_on": adopted.based_on.number,
            "versions": [version.number for version in versions],
            "effective_at": time_text(adopted.effective_at) if adopted.effective_at is not None else None,
        },
    )
    return adopted


@transaction.atomic
def reject_version(*, actor: Actor, proposal: PolicyProposal, reason: str, now: datetime) -> PolicyProposal:
    """Say no to a proposal, with a reason.

    Raises:
        NotPermitted: when the actor is none of those who may.
        TwoPeopleNeeded: when the actor proposed it.
        DecisionNeedsReason: when the reason is missing or too long.
        ProposalIsOver: when it was decided before.
    """
    _require_second(actor, proposal)
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_DECISION or not reason.isprintable():
        raise DecisionNeedsReason(_("Say in at most 300 characters why not."), subject=proposal.ref)
    proposal = _open(proposal)
    proposal.state, proposal.second_id, proposal.decided_at = ProposalState.REJECTED, actor.account_id, now
    proposal.decision = reason
    proposal.save(update_fields=["state", "second_id", "decided_at", "decision"])
    record(
        PolicyEvent.REJECTED,
        actor=actor,
        subject=proposal.ref,
        at=now,
        facts={"reason": commit_to(reason, subject=proposal.ref)},
    )
    return proposal


@transaction.atomic
def withdraw_proposal(*, actor: Actor, proposal: PolicyProposal, now: datetime) -> PolicyProposal:
    """Take one's own proposal back.

    Raises:
        NotPermitted: when it is somebody else's.
        ProposalIsOver: when it was decided before.
    """
    if not may_withdraw(actor, proposal):
        raise NotPermitted(_("A proposal is taken back by whoever made it."), subject=proposal.ref)
    proposal = _open(proposal)
    proposal.state, proposal.decided_at = ProposalState.WITHDRAWN, now
    proposal.save(update_fields=["state", "decided_at"])
    record(PolicyEvent.WITHDRAWN, actor=actor, subject=proposal.ref, at=now)
    return proposal


def _require_second(actor: Actor, proposal: PolicyProposal) -> None:
    if not may_second(actor) or actor.account_id is None:
        raise NotPermitted(
            _("Changes to the rulebook are decided by approvers, licensing officers and network administrators."),
            subject=proposal.ref,
        )
    if not may_decide(actor, proposal):
        raise TwoPeopleNeeded(
            _("Two people change the rulebook: you proposed this, and somebody else decides."),
            clause=CLAUSE,
            subject=proposal.ref,
        )


def _open(proposal: PolicyProposal) -> PolicyProposal:
    found = PolicyProposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)
    if found.state != ProposalState.PROPOSED:
        raise ProposalIsOver(_("This proposal was decided already."), subject=proposal.ref)
    return found
