"""Writing the neutrality register: organizations, and the ties between them with their dates and sources."""

import hashlib
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.organizations.events import OrganizationEvent
from apps.organizations.models import SHARED_KINDS, Organization, Tie, TieKind
from apps.organizations.permissions import may_keep_the_register

_SLUG_LENGTH = 50
_ALL_OF_IT = 100


class AlreadyRegistered(Refused):
    """An organization of this name, in whatever case, stands in the register."""


class AlreadyTied(Refused):
    """The same tie between the same two is already open."""


class NotATie(Refused):
    """What was declared is not a tie: one organization with itself, or dates or a share that cannot be."""


class TieAlreadyEnded(Refused):
    """The tie has ended, and an end is not moved."""


@transaction.atomic
def register_organization(*, actor: Actor, name: str, country: str, is_lab: bool, now: datetime) -> Organization:
    """Put a legal person into the register.

    ``name`` has at most 120 characters, ``country`` is an ISO 3166-1 alpha-2 code or empty.

    Raises:
        NotPermitted: when the actor does not keep the register.
        AlreadyRegistered: when the name is taken, whatever its case.
    """
    _require_keeper(actor)
    name = " ".join(name.split())
    slug = slugify(name)[:_SLUG_LENGTH].strip("-")
    if not slug or Organization.objects.filter(slug=slug).exists():
        # A name in another script has no Latin short form, and two names may share one.
        slug = f"{slug[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".strip("-")
    try:
        with transaction.atomic():
            organization = Organization.objects.create(name=name, slug=slug, country=country, is_lab=is_lab)
    except IntegrityError as taken:
        raise AlreadyRegistered(_("An organization of this name is already in the register.")) from taken
    record(
        OrganizationEvent.REGISTERED,
        actor=actor,
        subject=organization.ref,
        at=now,
        facts={"slug": organization.slug, "country": country, "is_lab": is_lab},
    )
    return organization


@transaction.atomic
def declare_tie(
    *,
    actor: Actor,
    holder: Organization,
    held: Organization,
    kind: TieKind,
    since: date,
    until: date | None = None,
    share: Decimal | None = None,
    source: str,
    now: datetime,
) -> Tie:
    """Put a tie from one organization to another into the register, with where we know it from.

    ``share`` is in per cent of what is held, for ownership and investment only; ``until`` is the first day on which
    the tie no longer held.

    Raises:
        NotPermitted: when the actor does not keep the register.
        NotATie: for a tie to itself, an end before the beginning, or an impossible share.
        AlreadyTied: when the same tie is open.
    """
    _require_keeper(actor)
    if holder.pk == held.pk:
        raise NotATie(_("An organization has no tie to itself."), subject=holder.ref)
    if until is not None and until < since:
        raise NotATie(_("A tie cannot end before it begins."), subject=holder.ref)
    if share is not None and (kind not in SHARED_KINDS or not 0 < share <= _ALL_OF_IT):
        raise NotATie(_("A share is above 0 and at most 100 per cent, of what is owned."), subject=holder.ref)
    # The holder's row is locked, so that the same tie declared twice at once is seen by the second.
    Organization.objects.select_for_update().get(pk=holder.pk)
    if until is None and Tie.objects.filter(holder=holder, held=held, kind=kind, until=None).exists():
        raise AlreadyTied(_("This tie is already in the register."), subject=holder.ref)
    tie = Tie.objects.create(
        holder=holder,
        held=held,
        kind=kind,
        share=share,
        since=since,
        until=until,
        source=source,
        declared_at=now,
        end_declared_at=None if until is None else now,
    )
    record(
        OrganizationEvent.TIE_DECLARED,
        actor=actor,
        subject=tie.ref,
        at=now,
        facts={
            "holder": holder.ref,
            "held": held.ref,
            "kind": kind.value,
            "share": None if share is None else str(share),
            "since": since.isoformat(),
            "until": until.isoformat() if until else None,
            # The source is public on the register's page, so a plain hash is enough to notice a change.
            "source_hash": hashlib.sha256(source.encode()).hexdigest(),
        },
    )
    return tie


@transaction.atomic
def end_tie(*, actor: Actor, tie: Tie, until: date, now: datetime) -> Tie:
    """Write down that a tie ended; it stays in the register with both dates.

    Raises:
        NotPermitted: when the actor does not keep the register.
        TieAlreadyEnded: when it has ended.
        NotATie: when the end lies before the beginning.
    """
    _require_keeper(actor)
    tie = Tie.objects.select_for_update().get(pk=tie.pk)
    if tie.until is not None:
        raise TieAlreadyEnded(_("This tie has already ended."), subject=tie.ref)
    if until < tie.since:
        raise NotATie(_("A tie cannot end before it begins."), subject=tie.ref)
    tie.until, tie.end_declared_at = until, now
    tie.save(update_fields=["until", "end_declared_at"])
    record(OrganizationEvent.TIE_ENDED, actor=actor, subject=tie.ref, at=now, facts={"until": until.isoformat()})
    return tie


def _require_keeper(actor: Actor) -> None:
    if not may_keep_the_register(actor):
        raise NotPermitted(_("The register is kept by network administrators and licensing officers."))
