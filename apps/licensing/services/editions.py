"""An edition's life in the database: asked for, begun, confirmed once its files are there, or given up."""

from collections.abc import Mapping
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
from apps.licensing.domain.hierarchies import Attribute
from apps.licensing.domain.manifest import About, Kind, Place
from apps.licensing.domain.near_duplicates import near_duplicates
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    Edition,
    EditionRevision,
    Licensee,
    Offer,
    OfferLicensee,
    OfferState,
    PseudonymKey,
    Release,
    ReleaseFit,
    ReleaseState,
)
from apps.licensing.permissions import may_license
from apps.licensing.queries.editions import (
    BUILD_KIND,
    DueEdition,
    folder_of,
    last_build,
    may_go_on,
    people_left_out,
    tombstones_in,
)
from apps.licensing.queries.people import hold_the_fitting, rule_of
from apps.licensing.services.fitting import hold_back_small_combinations
from apps.prompts.queries import screening_rules, signing_of

_OPEN = (JobState.DUE, JobState.RUNNING)


class NothingToBuild(Refused):
    """The release is not sealed, its edition is there, or somebody builds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a manifest says of the agreement and of how near-duplicates were found: as first built."""

    licensee: Mapping[str, JSON]
    near_duplicates: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What writing an edition, or its next revision, needs to know; ``job_id`` is None when nobody waits for it."""

    release_id: int
    offer_id: int
    licensee_id: int
    policy_version: int
    job_id: int | None
    folder: str
    items: int
    key: bytes
    about: About


@transaction.atomic
def request_edition(*, actor: Actor, release_id: int, now: datetime) -> JobRun:
    """Ask for the editions of a sealed release again, after a build failed or was stopped.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        NothingToBuild: when all are there, or being built, or the release is not sealed.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers have editions built."))
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    wanted = Offer.objects.filter(release=release, state=OfferState.BUILDING)
    if release.state != ReleaseState.SEALED or not wanted.exists() or _open_job(release):
        raise NothingToBuild(_("There is nothing to build for this release."), subject=release.ref)
    job = start_job(actor=actor, kind=BUILD_KIND, subject=release.ref, now=now)
    record(LicensingEvent.BUILD_REQUESTED, actor=actor, subject=release.ref, at=now, facts={"job": job.ref})
    return job


@transaction.atomic
def begin_building(*, actor: Actor, due: DueEdition, now: datetime) -> Build:
    """Take up the build of an edition, or take it up again after a crash; the caller holds the build locks.

    Raises:
        NotPermitted: when the actor is not the platform.
        NothingToBuild: when there is nothing to build.
    """
    _require_platform(actor)
    release = Release.objects.select_for_update(no_key=True).get(pk=due.release_id)
    offer = Offer.objects.get(pk=due.offer_id, release=release)
    if (
        release.state != ReleaseState.SEALED
        or offer.state != OfferState.BUILDING
        or not OfferLicensee.objects.filter(offer=offer, licensee=due.licensee_id).exists()
        or Edition.objects.filter(release=release, licensee=due.licensee_id).exists()
        or not may_go_on(offer)
    ):
        raise NothingToBuild(_("There is nothing to build for this release."), subject=release.ref)
    job = _open_job(release) or start_job(actor=actor, kind=BUILD_KIND, subject=release.ref, now=now)
    begin(job_id=job.pk, now=now)
    licensee = Licensee.objects.select_related("organization").get(pk=due.licensee_id)
    place = Place(ordinal=Edition.objects.filter(licensee=licensee).count())
    return _build(release, licensee, offer=offer, place=place, job_id=job.pk, stated=_stated_today(licensee))


@transaction.atomic
def begin_rewriting(*, actor: Actor, edition_id: int) -> Build:
    """Take up the next revision of an edition; the caller holds the build locks.

    Raises:
        NotPermitted: when the actor is not the platform.
        NothingToBuild: when the release or the offer has ended.
    """
    _require_platform(actor)
    edition = Edition.objects.select_related("release", "offer", "licensee__organization").get(pk=edition_id)
    if edition.release.state != ReleaseState.SEALED or edition.offer.ended_at is not None:
        raise NothingToBuild(_("Nobody can have this edition any more."), subject=edition.ref)
    first = EditionRevision.objects.get(edition=edition, number=0)
    place = Place(
        ordinal=edition.ordinal,
        revision=edition.revision + 1,
        approved=first.manifest_sha256,
        predecessor=edition.manifest_sha256,
    )
    # Two people approved these words; the copy that leaves rows out says the same about everything else, whatever the
    # licensee agreed to since, and whatever clause P3 asks of newer prompts.
    approved = Stated(licensee=first.manifest["licensee"], near_duplicates=first.manifest["near_duplicates"])
    return _build(edition.release, edition.licensee, offer=edition.offer, place=place, job_id=None, stated=approved)


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
    hold_the_fitting()
    release = Release.objects.select_for_update(no_key=True).get(pk=build.release_id)
    offer = Offer.objects.get(pk=build.offer_id)
    if release.state != ReleaseState.SEALED or offer.state != OfferState.BUILDING:
        raise NothingToBuild(_("The release changed while its edition was built."), subject=release.ref)
    # Held, so that two editions of a licensee are counted one after the other.
    licensee = Licensee.objects.select_for_update(no_key=True).get(pk=build.licensee_id)
    if Edition.objects.filter(licensee=licensee).count() != build.about.place.ordinal:
        raise NothingToBuild(_("Another edition of this licensee was counted meanwhile."), subject=licensee.ref)
    edition = Edition.objects.create(
        release=release,
        offer=offer,
        licensee=licensee,
        ordinal=build.about.place.ordinal,
        manifest=manifest,
        manifest_sha256=manifest_sha256,
        path=build.folder,
        rows=manifest["rows"],
        built_at=now,
    )
    _keep_revision(edition)
    record(
        LicensingEvent.EDITION_BUILT,
        actor=actor,
        subject=edition.ref,
        at=now,
        facts={
            **_facts(edition),
            "release": release.ref,
            "items_root": release.items_root,
            "licensee": licensee.ref,
            "editions_before": edition.ordinal,
        },
    )
    _look_again(release, actor=actor, now=now)
    if build.job_id is not None and not _still_to_build(release):
        finish_job(actor=actor, job_id=build.job_id, now=now)
    return edition


@transaction.atomic
def confirm_revision(
    *, actor: Actor, build: Build, edition_id: int, manifest: dict[str, Any], manifest_sha256: str, now: datetime
) -> Edition:
    """Write that an edition's next revision lies on the disk under this manifest; the approvals stand.

    Raises:
        NotPermitted: when the actor is not the platform.
        NothingToBuild: when the release or the offer has ended meanwhile, or the revision is there; the files must go.
    """
    _require_platform(actor)
    hold_the_fitting()
    release = Release.objects.select_for_update(no_key=True).get(pk=build.release_id)
    edition = Edition.objects.select_for_update(of=("self",)).select_related("offer").get(pk=edition_id)
    place = build.about.place
    if (
        release.state != ReleaseState.SEALED
        or edition.offer.ended_at is not None
        or edition.manifest_sha256 != place.predecessor
        or manifest["rows"] > edition.rows
    ):
        raise NothingToBuild(_("The edition changed while it was rewritten."), subject=edition.ref)
    edition.revision, edition.manifest, edition.manifest_sha256 = place.revision, manifest, manifest_sha256
    edition.path, edition.rows, edition.built_at = build.folder, manifest["rows"], now
    edition.save(update_fields=["revision", "manifest", "manifest_sha256", "path", "rows", "built_at"])
    _keep_revision(edition)
    record(
        LicensingEvent.EDITION_REWRITTEN,
        actor=actor,
        subject=edition.ref,
        at=now,
        clause="W6",
        facts={
            **_facts(edition),
            "revision": edition.revision,
            "approved_digest": place.approved,
            "predecessor_digest": place.predecessor,
            "rows_withdrawn": len(manifest["gone"]["withdrawn"]),
            "rows_held_back": len(manifest["gone"]["held_back"]),
        },
    )
    _look_again(release, actor=actor, now=now)
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


def _build(
    release: Release, licensee: Licensee, *, offer: Offer, place: Place, job_id: int | None, stated: Stated
) -> Build:
    if release.sealed_at is None:
        raise NothingToBuild(_("This release is not sealed."), subject=release.ref)
    fit = ReleaseFit.objects.get(release=release)
    about: dict[str, JSON] = {
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
    kind = Kind(
        k=max(fit.k, rule_of(release).k),
        order=tuple(Attribute(name) for name in fit.order),
        levels={Attribute(name): level for name, level in fit.levels.items()},
        people=fit.people,
        people_left_out=fit.left_out,
        rows_left_out=0,
        people_held_back=people_left_out(release.pk, is_later=True),
    )
    return Build(
        release_id=release.pk,
        offer_id=offer.pk,
        licensee_id=licensee.pk,
        policy_version=release.policy_version,
        job_id=job_id,
        folder=folder_of(release.pk, licensee.pk, place.revision),
        items=release.items,
        key=bytes(PseudonymKey.objects.get(licensee=licensee).key),
        about=About(
            release=about,
            licensee=stated.licensee,
            near_duplicates=stated.near_duplicates,
            place=place,
            kind=kind,
        ),
    )


def _stated_today(licensee: Licensee) -> Stated:
    rules = screening_rules()
    return Stated(
        licensee={
            "agreement_sha256": licensee.agreement_sha256,
            "name": licensee.organization.name,
            "purpose": licensee.purpose,
        },
        near_duplicates=near_duplicates(algorithm=signing_of(rules).algorithm, threshold=rules.near_jaccard),
    )


def _keep_revision(edition: Edition) -> EditionRevision:
    return EditionRevision.objects.create(
        edition=edition,
        number=edition.revision,
        manifest=edition.manifest,
        manifest_sha256=edition.manifest_sha256,
        rows=edition.rows,
        built_at=edition.built_at,
    )


def _look_again(release: Release, *, actor: Actor, now: datetime) -> None:
    """Count combinations again when rows were taken back before these files were read, or clause W7 asks for more.

    What an edition's manifest says was taken back is thereby always counted; whatever comes later makes it fall behind.
    """
    if tombstones_in(release.pk) or rule_of(release).k > ReleaseFit.objects.get(release=release).k:
        hold_back_small_combinations(actor=actor, now=now)


def _facts(edition: Edition) -> dict[str, JSON]:
    files: int = len(edition.manifest["files"])
    return {"manifest_digest": edition.manifest_sha256, "rows": edition.rows, "files": files}


def _still_to_build(release: Release) -> bool:
    there = Edition.objects.filter(release=release).values("licensee")
    waiting = OfferLicensee.objects.filter(offer__release=release, offer__state=OfferState.BUILDING)
    return waiting.exclude(licensee__in=there).exists()


def _open_job(release: Release) -> JobRun | None:
    job = last_build(release.pk)
    return job if job is not None and job.state in _OPEN else None


def _require_platform(actor: Actor) -> None:
    if not actor.is_system:
        raise NotPermitted(_("Editions are built by the platform itself."))
