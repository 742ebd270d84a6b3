"""Cases lent to a moderator for a while: taken, extended, given back, and what was written meanwhile."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Case as Choose
from django.db.models import Q, When
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.services import record
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Case, CaseState, Draft
from apps.moderation.services.case_rows import (
    LEASE_CLAUSE,
    CaseTaken,
    lease_end,
    locked_case,
    require_lease,
    require_moderator,
    require_open,
)
from apps.prompts.domain.normalisation import storable

LONGEST_DRAFT: Final = 20_000


@transaction.atomic
def take_next(*, actor: Actor, now: datetime) -> Case | None:
    """Lend the moderator the most urgent free case, or the one they have already; None when nothing waits for them.

    Two who ask at once get two cases: a row that somebody is taking is passed over. Cases about the moderator, and
    appeals against their own decisions, are left for others.

    Raises:
        NotPermitted: when the actor does not moderate.
    """
    require_moderator(actor)
    me = actor.account_id
    own = Q(lease_holder=me, lease_until__gt=now)
    is_free = Q(lease_until=None) | Q(lease_until__lte=now) | own
    about_me = (
        Q(prompt__author__account=me)
        | Q(finding__contributor__account=me)
        | Q(appeal__appellant=me)
        | Q(appeal__decision__decided_by=me)
        | Q(network__own_exports__contributor__account=me)
    )
    waiting = Case.objects.open().filter(is_free).exclude(about_me).exclude(kind="release")
    ranked = waiting.order_by(Choose(When(own, then=0), default=1), "priority", "due_at", "pk")
    case = ranked.select_for_update(skip_locked=True, of=("self",)).first()
    if case is None or (case.lease_holder_id == me and case.lease_until is not None and case.lease_until > now):
        return case
    return _lent(actor, case, now)


@transaction.atomic
def take_case(*, actor: Actor, case_id: int, now: datetime) -> Case:
    """Lend the moderator one case; having it already, they have it longer.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself, SameDecider: when it is not theirs to decide.
        AlreadyDecided, NothingLeftToDecide: when it waits no more.
        CaseTaken: while another moderator has it.
    """
    case = locked_case(actor, case_id)
    require_open(case)
    if case.lease_until is not None and case.lease_until > now:
        if case.lease_holder_id != actor.account_id:
            raise CaseTaken(_("Another moderator has this case now."), clause=LEASE_CLAUSE, subject=case.ref)
        return _longer(case, now)
    return _lent(actor, case, now)


@transaction.atomic
def extend_lease(*, actor: Actor, case_id: int, now: datetime) -> Case:
    """Give the moderator who has a case the whole time again.

    Raises:
        LeaseEnded, CaseTaken: when they do not have it any more.
        AlreadyDecided, NothingLeftToDecide: when it waits no more.
    """
    case = locked_case(actor, case_id)
    require_open(case)
    require_lease(actor, case, now)
    return _longer(case, now)


@transaction.atomic
def release_case(*, actor: Actor, case_id: int, now: datetime) -> Case:
    """Give a case back to the queue; what was written stays as a draft.

    Raises:
        LeaseEnded, CaseTaken: when the actor does not have it.
        AlreadyDecided, NothingLeftToDecide: when it waits no more.
    """
    case = locked_case(actor, case_id)
    require_open(case)
    require_lease(actor, case, now)
    case.lease_holder = case.lease_until = None
    case.save(update_fields=["lease_holder", "lease_until"])
    record(ModerationEvent.RELEASED, actor=actor, subject=case.ref, at=now)
    return case


@transaction.atomic
def save_draft(*, actor: Actor, case_id: int, action: str, clause: str, reason: str, now: datetime) -> Draft:
    """Keep what a moderator has written on a case, at most 20,000 characters; whoever writes keeps the case meanwhile.

    A draft is the moderator's own, whether they have the case or not: a lease that ends takes nothing from anybody.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself, SameDecider: when it is not theirs to decide.
    """
    case = locked_case(actor, case_id)
    draft, _made = Draft.objects.update_or_create(
        case=case,
        moderator_id=actor.account_id,
        defaults={
            "action": storable(action)[:16],
            "clause": storable(clause)[:8],
            "reason": storable(reason)[:LONGEST_DRAFT],
            "saved_at": now,
        },
    )
    is_theirs = case.lease_holder_id == actor.account_id and case.lease_until is not None and case.lease_until > now
    if case.state == CaseState.OPEN and is_theirs:
        _longer(case, now)
    return draft


@transaction.atomic
def forget_old_drafts(*, actor: Actor, now: datetime) -> int:
    """Delete the drafts on cases that wait no more, and return how many."""
    deleted, _rows = Draft.objects.exclude(case__state=CaseState.OPEN).delete()
    return deleted


def _lent(actor: Actor, case: Case, now: datetime) -> Case:
    case.lease_holder_id = actor.account_id
    _longer(case, now)
    record(ModerationEvent.TAKEN, actor=actor, subject=case.ref, at=now, clause=LEASE_CLAUSE)
    return case


def _longer(case: Case, now: datetime) -> Case:
    case.lease_until = lease_end(now)
    case.save(update_fields=["lease_holder", "lease_until"])
    return case
