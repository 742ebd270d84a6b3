"""An export's life in the database: asked for, written, fetched, removed when its time is over."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.jobs.models import JobState
from apps.jobs.services import begin, cancel_job, fail_job, finish_job, start_job
from apps.web.events import WebEvent
from apps.web.models import Export
from apps.web.permissions import may_audit, may_fetch

JOB_KIND: Final = "web.export"
KEPT_FOR: Final = timedelta(hours=48)
_OPEN: Final = (JobState.DUE, JobState.RUNNING)


class NotAnAuditorsExport(NotPermitted):
    """Exports are written for auditors, and each only for the one who asked."""


class AlreadyExporting(Refused):
    """One export of this auditor is being written."""


class NothingToExport(Refused):
    """The export was stopped, is written, or was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """What writing an export needs to know."""

    export_id: int
    job_id: int
    folder: str


@transaction.atomic
def request_export(*, actor: Actor, now: datetime) -> Export:
    """Put down that the whole log is to be written for this auditor; it is a look at all of it, and says so.

    Raises:
        NotAnAuditorsExport: when the actor is no auditor.
        AlreadyExporting: when one of theirs is due or being written.
    """
    if not may_audit(actor):
        raise NotAnAuditorsExport(_("Only auditors have the log exported."))
    waiting = Export.objects.filter(auditor=actor.pseudonym, job__state__in=_OPEN).first()
    if waiting is not None:
        raise AlreadyExporting(_("An export of yours is being written; watch it first."), subject=waiting.ref)
    job = start_job(actor=actor, kind=JOB_KIND, now=now)
    export = Export.objects.create(job=job, auditor=actor.pseudonym, folder=secrets.token_hex(16), requested_at=now)
    record(WebEvent.EXPORT_REQUESTED, actor=actor, subject=export.ref, at=now, facts={"job": job.ref})
    return export


@transaction.atomic
def begin_export(*, actor: Actor, export_id: int, now: datetime) -> Exporting:
    """Take up an export, or take it up again after a crash; the caller holds its lock.

    Raises ``NothingToExport``, and ``NotAnAuditorsExport`` unless the platform acts.
    """
    _require_platform(actor)
    export = Export.objects.select_related("job").get(pk=export_id)
    if export.job.state not in _OPEN:
        raise NothingToExport(_("There is nothing to export any more."), subject=export.ref)
    begin(job_id=export.job_id, now=now)
    return Exporting(export_id=export.pk, job_id=export.job_id, folder=export.folder)


@transaction.atomic
def confirm_export(*, actor: Actor, export_id: int, size: int, byte_count: int, sha256: str, now: datetime) -> Export:
    """Write that a bundle of ``size`` entries lies on the disk, and until when."""
    _require_platform(actor)
    export = Export.objects.select_for_update().get(pk=export_id)
    if export.built_at is not None:
        return export
    export.size, export.bytes, export.sha256 = size, byte_count, sha256
    export.built_at, export.expires_at = now, now + KEPT_FOR
    export.save(update_fields=["size", "bytes", "sha256", "built_at", "expires_at"])
    record(
        WebEvent.EXPORT_BUILT,
        actor=actor,
        subject=export.ref,
        at=now,
        facts={"entries": size, "bytes": byte_count, "digest": sha256},
    )
    finish_job(actor=actor, job_id=export.job_id, now=now)
    return export


@transaction.atomic
def stop_export(*, actor: Actor, export_id: int, error: str, now: datetime) -> Export:
    """End an export that somebody stopped (no ``error``) or that cannot be written; nothing is left of it."""
    _require_platform(actor)
    export = Export.objects.select_for_update().get(pk=export_id)
    if error:
        fail_job(actor=actor, job_id=export.job_id, error=error, now=now)
    else:
        cancel_job(actor=actor, job_id=export.job_id, now=now)
    record(WebEvent.EXPORT_STOPPED, actor=actor, subject=export.ref, at=now, facts={"failed": bool(error)})
    return export


def record_download(*, actor: Actor, export_id: int, now: datetime) -> Export:
    """Write that an auditor takes a bundle away, and commit it before a byte is sent.

    Raises:
        NotAnAuditorsExport: when it was written for somebody else.
        NothingToExport: when it is not there, or not any more.
    """
    with transaction.atomic(durable=True):
        export = Export.objects.filter(pk=export_id).first()
        if export is None or not may_fetch(actor, export):
            raise NotAnAuditorsExport(_("A bundle is fetched by the auditor for whom it was written."))
        if export.expires_at is None or export.expires_at <= now or export.removed_at is not None:
            raise NothingToExport(_("This bundle is not there. Ask for a new one."), subject=export.ref)
        record(
            WebEvent.EXPORT_DOWNLOADED,
            actor=actor,
            subject=export.ref,
            at=now,
            facts={"digest": export.sha256, "entries": export.size},
        )
    return export


@transaction.atomic
def expire_export(*, actor: Actor, export_id: int, now: datetime) -> Export | None:
    """Write that a bundle whose time is over is gone; None when it was removed before. The files go first."""
    _require_platform(actor)
    export = Export.objects.select_for_update().get(pk=export_id)
    if export.removed_at is not None or export.expires_at is None or export.expires_at > now:
        return None
    export.removed_at = now
    export.save(update_fields=["removed_at"])
    record(WebEvent.EXPORT_REMOVED, actor=actor, subject=export.ref, at=now)
    return export


def _require_platform(actor: Actor) -> None:
    if not actor.is_system:
        raise NotAnAuditorsExport(_("Exports are written by the platform itself."))
