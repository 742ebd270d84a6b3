"""What must not be: a read without a delivery, a file that is not what its manifest says. Written once, and told."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.accounts.services import notify
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.domain.journal import Fault, Mismatch
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Edition, ReadIncident, ReadMatch, Transfer
from apps.licensing.permissions import may_tend_deliveries
from apps.licensing.queries.deliveries import OfferedFile

_CLAUSE = "W12"
_PAGE = "/releases/reads/"


@transaction.atomic
def put_down_match(
    *, actor: Actor, day: date, lines: int, journal_sha256: str, found: Sequence[Mismatch], now: datetime
) -> ReadMatch:
    """Write that a day's reads were compared with the deliveries, each thing that does not fit as an incident.

    Compared a second time, a day stays as it was written first.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Reads are compared by the platform itself."))
    match, is_new = ReadMatch.objects.get_or_create(
        day=day,
        defaults={
            "lines": lines,
            "incidents": len(found),
            "journal_sha256": journal_sha256,
            "matched_at": now,
        },
    )
    if not is_new:
        return match
    record(
        LicensingEvent.READS_MATCHED,
        actor=actor,
        subject=match.ref,
        at=now,
        clause=_CLAUSE,
        facts={"day": day.isoformat(), "lines": lines, "incidents": len(found), "journal_digest": journal_sha256},
    )
    known = set(Transfer.objects.filter(pk__in=[each.answer for each in found]).values_list("pk", flat=True))
    for each in found:
        _incident(
            actor,
            ReadIncident(
                fault=each.fault.value,
                key=each.key,
                day=day,
                file=each.file[:120],
                transfer_id=each.answer if each.answer in known else None,
                found_at=now,
            ),
            now,
        )
    return match


@transaction.atomic
def put_down_file_incident(
    *, actor: Actor, edition_id: int, file: OfferedFile, fault: Fault, now: datetime
) -> ReadIncident:
    """Write that a file of an edition is missing or changed; the same once a day, however often somebody asks."""
    edition = Edition.objects.get(pk=edition_id)
    return _incident(
        actor,
        ReadIncident(
            fault=fault.value,
            key=f"{edition.pk}:{file.sha256[:32]}:{now.date().isoformat()}",
            day=now.date(),
            file=file.name[:120],
            edition=edition,
            found_at=now,
        ),
        now,
    )


def _incident(actor: Actor, incident: ReadIncident, now: datetime) -> ReadIncident:
    try:
        with transaction.atomic():
            incident.save(force_insert=True)
    except IntegrityError:
        return ReadIncident.objects.get(fault=incident.fault, key=incident.key)
    kept = incident
    record(
        LicensingEvent.READ_INCIDENT,
        actor=actor,
        subject=kept.ref,
        at=now,
        clause=_CLAUSE,
        facts={
            "fault": kept.fault,
            "day": kept.day.isoformat(),
            "answer": kept.transfer_id or 0,
            "edition": f"licensing.edition:{kept.edition_id}" if kept.edition_id else "",
        },
    )
    for officer in officers():
        notify(
            actor=actor,
            recipient=officer,
            subject=_("A file of a release was read or changed past the deliveries"),
            body=_("Found on %(day)s: %(fault)s, file %(file)s. The page of reads says more; auditors see it as well.")
            % {"day": kept.day.isoformat(), "fault": kept.fault, "file": kept.file or "?"},
            address=_PAGE,
            now=now,
        )
    return kept


def officers() -> list[User]:
    """Return the licensing officers, to whom it is told when something about deliveries is wrong."""
    held = User.objects.filter(is_active=True, role_grants__role=Role.LICENSING_OFFICER, role_grants__ended_at=None)
    return list(held.order_by("pk").distinct())
