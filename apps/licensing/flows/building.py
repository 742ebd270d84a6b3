"""Building an edition: read the rows a batch at a time, write them apart, let them appear at once, confirm.

Killed at any stage, the next look finds the job open and begins again: what lies apart is thrown away, and an edition
that has appeared but was not confirmed is compared with its manifest and built anew unless it is whole.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.jobs.services import JobCancelled, advance_job
from apps.licensing.domain.edition import (
    MANIFEST,
    ROWS_PER_GROUP,
    EditionWriter,
    manifest_bytes,
    manifest_of,
)
from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Edition
from apps.licensing.queries import (
    due_builds,
    edition_batch,
    holding_the_build_lock,
    offers_all_built,
    rows_in_order,
)
from apps.licensing.services import (
    Build,
    NothingToBuild,
    begin_building,
    confirm_edition,
    end_building_failed,
    end_building_stopped,
    offer_is_built,
)

Report = Callable[[str, int, int], None]
Clock = Callable[[], datetime]


class RowsMissing(RuntimeError):
    """A sealed item has lost its vote, prompt or answers since it was sealed."""


def build_due_editions(
    *, actor: Actor, report: Report | None = None, clock: Clock = timezone.now, store: EditionStore | None = None
) -> int:
    """Build every edition that is due and that no other process builds; return how many were built."""
    built = [build_edition(actor=actor, release_id=pk, report=report, clock=clock, store=store) for pk in due_builds()]
    return sum(edition is not None for edition in built)


def build_edition(
    *,
    actor: Actor,
    release_id: int,
    report: Report | None = None,
    clock: Clock = timezone.now,
    store: EditionStore | None = None,
) -> Edition | None:
    """Build the edition of one release; None when there is nothing to do, or when it was stopped or failed.

    ``report`` is told the phase, and how many rows of how many are done.
    """
    with holding_the_build_lock(release_id) as is_ours:
        if not is_ours:
            return None
        where = store or EditionStore()
        try:
            build = begin_building(actor=actor, release_id=release_id, now=clock())
        except NothingToBuild:
            return None
        try:
            manifest = _already_there(build, where) or _write(build, where, report=report, clock=clock)
            told = manifest_bytes(manifest)
            edition = confirm_edition(
                actor=actor,
                build=build,
                manifest=manifest,
                manifest_sha256=hashlib.sha256(told).hexdigest(),
                now=clock(),
            )
            if edition.offer_id in offers_all_built():
                offer_is_built(actor=actor, offer_id=edition.offer_id, now=clock())
            return edition
        except (JobCancelled, NothingToBuild):
            where.remove(build.folder)
            end_building_stopped(actor=actor, release_id=release_id, now=clock())
        except (OSError, RowsMissing, pa.ArrowException) as error:
            end_building_failed(actor=actor, release_id=release_id, error=_told(error), now=clock())
        finally:
            where.discard(build.folder)
    return None


def _write(build: Build, store: EditionStore, *, report: Report | None, clock: Clock) -> dict[str, Any]:
    """Write every row, then the manifest, and let the folder appear; return the manifest."""

    def tell(phase: str, done: int) -> None:
        advance_job(job_id=build.job_id, phase=phase, done=done, total=build.rows, now=clock())
        if report is not None:
            report(phase, done, build.rows)

    names = Pseudonyms(build.key)
    tell("sorting rows", 0)
    battles = rows_in_order(build.release_id, names)
    writer = EditionWriter(store.begin(build.folder))
    try:
        for start in range(0, len(battles), ROWS_PER_GROUP):
            tell("writing rows", start)
            batch = battles[start : start + ROWS_PER_GROUP]
            rows = edition_batch(batch, names)
            if len(rows) != len(batch):
                raise RowsMissing(f"{len(batch) - len(rows)} of the release's rows are not complete any more.")
            writer.write(rows)
        files = writer.finish()
    finally:
        writer.abandon()
    if sum(file.rows for file in files) != build.rows:
        raise RowsMissing("The release does not hold as many rows as were sealed.")
    tell("hashing files", build.rows)
    manifest = manifest_of(release=build.about, licensee=build.licensee, files=files)
    store.write(build.folder, MANIFEST, manifest_bytes(manifest))
    tell("publishing", build.rows)
    store.publish(build.folder)
    if report is not None:
        report("published", build.rows, build.rows)
    return manifest


def _already_there(build: Build, store: EditionStore) -> dict[str, Any] | None:
    """Return the manifest of an edition whose process died before confirming it; one that is not whole is removed."""
    told = store.manifest(build.folder)
    if told is not None:
        manifest: dict[str, Any] = json.loads(told)
        named = [(file["name"], file["sha256"]) for file in manifest["files"]]
        found = [(file.name, file.sha256) for file in store.files(build.folder)]
        if manifest_bytes(manifest) == told and named == found and manifest["release"] == build.about:
            return manifest
    store.remove(build.folder)
    return None


def _told(error: Exception) -> str:
    """Say what went wrong in words that hold no path and no content."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}. Nothing of the edition is left behind; it can be built again."
    return str(error) if isinstance(error, RowsMissing) else "The files could not be written."
