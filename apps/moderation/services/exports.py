"""Looking into many exports from one network: nobody is decided against, and what came of it is written down."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import commit_to, record
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Action, Case, CaseKind, CaseState, ExportsOutcome
from apps.moderation.queries.exports import CLAUSE
from apps.moderation.services.case_rows import locked_case, require_lease, require_open
from apps.moderation.services.decision_rows import fit_reason


class NotAboutExports(Refused):
    """Only a case about many exports is closed like this."""


@transaction.atomic
def look_into_exports(*, actor: Actor, case_id: int, outcome: str, note: str, now: datetime) -> Case:
    """Close a case about many exports with what a moderator found.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself: when it is not the actor's to look into.
        CaseTaken, LeaseEnded: when the actor does not have the case now.
        NothingLeftToDecide: when somebody has looked already.
        NotAboutExports: for a case about anything else.
        ReasonMissing, ReasonTooLong: when the note says nothing, or more than 4,000 characters.
    """
    case = locked_case(actor, case_id)
    if case.kind != CaseKind.EXPORTS or case.network is None or outcome not in ExportsOutcome.values:
        raise NotAboutExports(_("Only a case about many exports is closed like this."), subject=case.ref)
    require_open(case)
    require_lease(actor, case, now)
    # Held to what holds for a decision against somebody: it must say something.
    case.note = fit_reason(note, action=Action.REJECT)
    case.outcome, case.state, case.decided_at = outcome, CaseState.DECIDED, now
    case.lease_holder = case.lease_until = None
    case.save(update_fields=["note", "outcome", "state", "decided_at", "lease_holder", "lease_until"])
    record(
        ModerationEvent.EXPORTS_LOOKED_INTO,
        actor=actor,
        subject=case.ref,
        at=now,
        clause=CLAUSE,
        facts={"on": case.network.ref, "outcome": outcome, "note": commit_to(case.note, subject=case.ref)},
    )
    return case
