"""An edition's life in the database: asked for, begun, confirmed once its files are there, or given up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON, time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.jobs.models import JobRun, JobState
from apps.jobs.services import begin, cancel_job, fail_job, finish_job, start_job
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Edition, Licensee, OfferLicensee, PseudonymKey, Release, ReleaseState
from apps.licensing.permissions import may_license
from apps.licensing.queries.editions import BUILD_KIND

_OPEN = (JobState.DUE, JobState.RUNNING)


class NothingToBuild(Refused):
    """The release is not sealed, its edition is there, or somebody builds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What building an edition needs to know; ``about`` and ``licensee`` go into the manifest as they are."""

    release_id: int
    job_id: int
    folder: str
    rows: int
    key: bytes
    about: dict[str, JSON]
    licensee: dict[str, JSON]


@transaction.atomic
def request_edition(*, actor: Actor, release_id: int, now: datetime) -> JobRun:
    """Ask for the edition of a sealed release again, after a build failed or was stopped.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        NothingToBuild: when it is there, or being built, or the release is not sealed.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers have editions built."))
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if release.state != ReleaseState.SEALED or Edition.objects.filter(release=release).exists() or _open_job(release):
        raise NothingToBuild(_("There is nothing to build for this release."), subject=release.ref)
    job = start_job(actor=actor, kind=BUILD_KIND, subject=release.ref, now=now)
    record(LicensingEvent.BUILD_REQUESTED, actor=actor, subject=release.ref, at=now, facts={"job": job.ref})
    return job


@transaction.atomic
def begin_building(*, actor: Actor, release_id: int, now: datetime) -> Build:
    """Take up the build of an edition, or take it up again after a crash; the caller holds the build lock.

    Raises:
        NotPermitted: when the actor is not the platform.
        NothingToBuild: when there is nothing to build.
    """
    _require_platform(actor)
    release = Release.objects.select_related("licensee__organization").get(pk=release_id)
    job = _open_job(release)
    if job is None or release.state != ReleaseState.SEALED or Edition.objects.filter(release=release).exists():
        raise NothingToBuild(_("There is nothing to build for this release."), subject=release.ref)
    begin(job_id=job.pk, now=now)
    key = PseudonymKey.objects.get(licensee=release.licensee)
    return Build(
        release_id=release.pk,
        job_id=job.pk,
        folder=folder_of(release.pk),
        rows=release.items,
        key=bytes(key.key),
        about=_about(release),
        licensee={
            "agreement_sha256": release.licensee.agreement_sha256,
            "name": release.licensee.organization.name,
            "purpose": release.licensee.purpose,
        },
    )


@transaction.atomic
def confirm_edition(
    *, actor: Actor, build: Build, manifest: dict[str, Any], manifest_sha256: str, now: datetime
) -> Edition:
    """Write that an edition lies on the disk under this manifest.

    Raises:
        NotPermitted: when the actor is not the platform.
        NothingToBuild: when the release was cancelled meanwhile; the files must go.
    """
    _require_platform(actor)
    release = Release.objects.select_for_update(no_key=True).get(pk=build.release_id)
    if release.state != ReleaseState.SEALED or manifest["rows"] != release.items:
        raise NothingToBuild(_("The release changed while its edition was built."), subject=release.ref)
    offer = OfferLicensee.objects.select_related("offer").get(offer__release=release, licensee=release.licensee).offer
    # The licensee is held, so that two editions of theirs are counted one after the other.
    licensee = Licensee.objects.select_for_update(no_key=True).get(pk=release.licensee_id)
    edition = Edition.objects.create(
        release=release,
        offer=offer,
        licensee=licensee,
        ordinal=Edition.objects.filter(licensee=licensee).count(),
        manifest=manifest,
        manifest_sha256=manifest_sha256,
        path=build.folder,
        rows=manifest["rows"],
        built_at=now,
    )
    record(
        LicensingEvent.EDITION_BUILT,
        actor=actor,
        subject=release.ref,
        at=now,
        facts={"manifest_digest": manifest_sha256, "rows": edition.rows, "files": len(manifest["files"])},
    )
    finish_job(actor=actor, job_id=build.job_id, now=now)
    return edition


@transaction.atomic
def end_building_stopped(*, actor: Actor, release_id: int, now: datetime) -> Release:
    """End a build that somebody asked to stop, or whose release is sealed no longer; nothing is there of it."""
    _require_platform(actor)
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if (job := _open_job(release)) is not None:
        cancel_job(actor=actor, job_id=job.pk, now=now)
        record(LicensingEvent.BUILD_STOPPED, actor=actor, subject=release.ref, at=now, facts={"failed": False})
    return release


@transaction.atomic
def end_building_failed(*, actor: Actor, release_id: int, error: str, now: datetime) -> Release:
    """End a build that cannot be finished, such as on a full disk; the officer can ask for it again."""
    _require_platform(actor)
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if (job := _open_job(release)) is not None:
        fail_job(actor=actor, job_id=job.pk, error=error, now=now)
        record(LicensingEvent.BUILD_STOPPED, actor=actor, subject=release.ref, at=now, facts={"failed": True})
    return release


def folder_of(release_id: int) -> str:
    """Return the name of a release's folder below the releases' storage."""
    return f"release-{release_id}"


def release_of(folder: str) -> int:
    """Return the release whose folder this is, or 0."""
    number = folder.removeprefix("release-").partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _about(release: Release) -> dict[str, JSON]:
    if release.sealed_at is None:
        raise NothingToBuild(_("This release is not sealed."), subject=release.ref)
    return {
        "asked": release.asked,
        "filters": release.filters,
        "items": release.items,
        "items_root": release.items_root,
        "number": release.pk,
        "policy_version": release.policy_version,
        "sealed_at": time_text(release.sealed_at),
        "taken_out": release.tally,
        "title": release.title,
    }


def _open_job(release: Release) -> JobRun | None:
    return JobRun.objects.filter(kind=BUILD_KIND, subject=release.ref, state__in=_OPEN).order_by("pk").first()


def _require_platform(actor: Actor) -> None:
    if not actor.is_system:
        raise NotPermitted(_("Editions are built by the platform itself."))
