"""Ties of those who work here, declared and ended by themselves."""

import hashlib
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.organizations.events import OrganizationEvent
from apps.organizations.models import Organization, StaffTie, StaffTieKind
from apps.organizations.permissions import may_declare_own_ties
from apps.organizations.services.register import AlreadyTied, NotATie, TieAlreadyEnded


class NotYourTie(NotPermitted):
    """Somebody ends their own ties, and nobody else's."""


@transaction.atomic
def declare_staff_tie(
    *,
    actor: Actor,
    organization: Organization,
    kind: StaffTieKind,
    since: date,
    until: date | None = None,
    source: str,
    now: datetime,
) -> StaffTie:
    """Put down that the actor works for, owns part of, is paid by or sits on a board of an organization.

    Raises:
        NotPermitted: when the actor works nowhere where a tie matters.
        NotATie: when it ends before it begins.
        AlreadyTied: when the same tie is open.
    """
    if not may_declare_own_ties(actor) or actor.account_id is None:
        raise NotPermitted(_("Ties are declared by those who approve, audit, license or moderate."))
    if until is not None and until < since:
        raise NotATie(_("A tie cannot end before it begins."), subject=organization.ref)
    try:
        with transaction.atomic():
            tie = StaffTie.objects.create(
                account_id=actor.account_id,
                organization=organization,
                kind=kind,
                since=since,
                until=until,
                source=" ".join(source.split()),
                declared_at=now,
            )
    except IntegrityError as taken:
        raise AlreadyTied(_("You have declared this tie already."), subject=organization.ref) from taken
    record(
        OrganizationEvent.STAFF_TIE_DECLARED,
        actor=actor,
        subject=tie.ref,
        at=now,
        facts={
            "organization": organization.ref,
            "kind": kind.value,
            "since": since.isoformat(),
            "until": until.isoformat() if until else None,
            "source_hash": hashlib.sha256(tie.source.encode()).hexdigest(),
        },
    )
    return tie


@transaction.atomic
def end_staff_tie(*, actor: Actor, tie_id: int, until: date, now: datetime) -> StaffTie:
    """Put down that a tie of the actor's ended; it stays with both dates.

    Raises:
        NotYourTie: when it is somebody else's, or not there.
        TieAlreadyEnded: when it has ended.
        NotATie: when the end lies before the beginning.
    """
    tie = StaffTie.objects.select_for_update().filter(pk=tie_id, account_id=actor.account_id).first()
    if tie is None or actor.account_id is None:
        raise NotYourTie(_("You have declared no such tie."))
    if tie.until is not None:
        raise TieAlreadyEnded(_("This tie has already ended."), subject=tie.ref)
    if until < tie.since:
        raise NotATie(_("A tie cannot end before it begins."), subject=tie.ref)
    tie.until = until
    tie.save(update_fields=["until"])
    record(OrganizationEvent.STAFF_TIE_ENDED, actor=actor, subject=tie.ref, at=now, facts={"until": until.isoformat()})
    return tie
