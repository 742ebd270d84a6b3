"""Keeping a back-test: what each past release would have met under a proposal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.policy.events import PolicyEvent
from apps.policy.models import BackTest, PolicyProposal, ProposalState
from apps.policy.permissions import may_back_test
from apps.policy.services.deciding import ProposalIsOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One thing that was judged again: whether it held before and holds under the proposal, and rule by rule why."""

    subject: str
    held: bool
    holds: bool
    verdicts: Sequence[JSON]


@transaction.atomic
def keep_back_test(
    *, actor: Actor, proposal: PolicyProposal, tested: Iterable[Tested], now: datetime
) -> PolicyProposal:
    """Keep what was judged; a subject that was tested before keeps its row, since neither it nor the proposal changes.

    Raises:
        NotPermitted: when the actor may not.
        ProposalIsOver: when the proposal was decided already.
    """
    if not may_back_test(actor):
        raise NotPermitted(_("Back-tests are run by those who propose or decide changes."))
    proposal = PolicyProposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)
    if proposal.state != ProposalState.PROPOSED:
        raise ProposalIsOver(_("This proposal was decided already."), subject=proposal.ref)
    known = set(proposal.back_tests.values_list("subject", flat=True))
    BackTest.objects.bulk_create(
        BackTest(
            proposal=proposal,
            subject=each.subject,
            held=each.held,
            holds=each.holds,
            verdicts=list(each.verdicts),
            tested_at=now,
        )
        for each in tested
        if each.subject not in known
    )
    proposal.backtested_at = now
    proposal.save(update_fields=["backtested_at"])
    rows = BackTest.objects.filter(proposal=proposal)
    record(
        PolicyEvent.BACK_TESTED,
        actor=actor,
        subject=proposal.ref,
        at=now,
        facts={"tested": rows.count(), "refused": rows.filter(holds=False).count()},
    )
    return proposal
