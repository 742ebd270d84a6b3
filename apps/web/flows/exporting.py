"""Writing an export: the files that are published, the manifests that their entries name, and a README."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from apps.audit.domain.note import InvalidNote
from apps.audit.domain.tiles import EntryBundle, InvalidBundle, Tile, decode_bundle, new_bundles, tiles_of
from apps.audit.gateways import TileStore
from apps.audit.queries import announced_keys, policy_now
from apps.jobs.services import JobCancelled, advance_job
from apps.licensing.queries import manifest_of_digest
from apps.web.domain.bundle import BundleWriter, readme
from apps.web.gateways import ExportStore
from apps.web.models import Export
from apps.web.queries import due_exports, expired_exports, holding_the_export_lock
from apps.web.services import (
    Exporting,
    NothingToExport,
    begin_export,
    confirm_export,
    expire_export,
    stop_export,
)

Clock = Callable[[], datetime]
_EVERY: Final = 64
_NAMES_A_MANIFEST: Final = b'"manifest_digest":'


class NothingPublished(RuntimeError):
    """There is no checkpoint yet, or none that the log's keys signed; or a file of it is missing or damaged."""


def tend_exports(*, actor: Actor, clock: Clock = timezone.now) -> int:
    """Write every export that is due, remove those whose time is over; return how many were written."""
    written = [write_export(actor=actor, export_id=export_id, clock=clock) for export_id in due_exports()]
    store = ExportStore()
    for export_id, folder in expired_exports(now=clock()):
        # The files first: a bundle that is said to be gone must be.
        store.remove(folder)
        expire_export(actor=actor, export_id=export_id, now=clock())
    return sum(export is not None for export in written)


def write_export(*, actor: Actor, export_id: int, clock: Clock = timezone.now) -> Export | None:
    """Write one export; None when there is nothing to do, when it was stopped, or when it failed."""
    with holding_the_export_lock(export_id) as is_ours:
        if not is_ours:
            return None
        store = ExportStore()
        try:
            exporting = begin_export(actor=actor, export_id=export_id, now=clock())
        except NothingToExport:
            return None
        try:
            size = _write(exporting, store, clock)
            byte_count, sha256 = store.publish(exporting.folder)
            return confirm_export(
                actor=actor, export_id=export_id, size=size, byte_count=byte_count, sha256=sha256, now=clock()
            )
        except JobCancelled:
            stop_export(actor=actor, export_id=export_id, error="", now=clock())
        except NothingPublished as error:
            stop_export(actor=actor, export_id=export_id, error=str(error), now=clock())
        except OSError as error:
            told = f"{error.strerror or 'The disk does not answer'}. Nothing is left behind; ask for it again."
            stop_export(actor=actor, export_id=export_id, error=told, now=clock())
        finally:
            store.discard(exporting.folder)
    return None


def _write(exporting: Exporting, store: ExportStore, clock: Clock) -> int:
    """Write the bundle of the checkpoint that everybody sees now; return its size."""
    tiles = TileStore(settings.LOG_FILES)
    note = tiles.checkpoint()
    if note is None:
        raise NothingPublished("The log has published no checkpoint yet; try again in a minute.")
    checkpoint = _opened(note)
    files: list[Tile | EntryBundle] = [*tiles_of(checkpoint.size), *new_bundles(0, checkpoint.size)]

    def tell(phase: str, done: int) -> None:
        advance_job(job_id=exporting.job_id, phase=phase, done=done, total=len(files), now=clock())

    tell("beginning", 0)
    writer = BundleWriter(store.begin(exporting.folder))
    try:
        for name, data in _small_files(checkpoint, note):
            writer.add(name, data)
        digests: dict[str, None] = {}
        for done, file in enumerate(files):
            is_tile = isinstance(file, Tile)
            if done % _EVERY == 0:
                tell("hashes" if is_tile else "entries", done)
            data = _read(tiles, file)
            writer.add(file.path, data, packed=not is_tile)
            if isinstance(file, EntryBundle) and _NAMES_A_MANIFEST in data:
                digests |= dict.fromkeys(_manifests_named(data, file.width))
        tell("manifests", len(files))
        for digest in digests:
            manifest = manifest_of_digest(digest)
            if manifest is not None:
                writer.add(f"manifests/{digest}.json", manifest)
    finally:
        writer.close()
    tell("sealing", len(files))
    return checkpoint.size


def _opened(note: bytes) -> Checkpoint:
    try:
        return open_checkpoint(note, [key.vkey for key in announced_keys()])[0]
    except (InvalidNote, InvalidCheckpoint) as error:
        raise NothingPublished(f"The published checkpoint cannot be trusted ({error.fault.value}).") from error


def _small_files(checkpoint: Checkpoint, note: bytes) -> Iterator[tuple[str, bytes]]:
    first_bundle, first_tile = next(new_bundles(0, checkpoint.size)), next(tiles_of(checkpoint.size))
    root = base64.b64encode(checkpoint.root).decode()
    text = readme(checkpoint, root=root, first_bundle=first_bundle.path, first_tile=first_tile.path)
    yield "README.md", text.encode()
    yield "checkpoint", note
    yield "keys", "".join(f"{key.vkey}\n" for key in announced_keys()).encode()
    yield "policy", policy_now(log_address=f"{settings.SITE_ADDRESS}/log").encode()
    for program in ("redraw.py", "check.go"):
        yield program, (settings.BASE_DIR / "clients" / program).read_bytes()


def _read(tiles: TileStore, file: Tile | EntryBundle) -> bytes:
    try:
        data = tiles.read(file)
    except InvalidBundle as error:
        raise NothingPublished(f"{file.path} is damaged: {error.fault.value}.") from error
    if data is None:
        raise NothingPublished(f"{file.path} is missing from the log's files.")
    return data


def _manifests_named(data: bytes, width: int) -> Iterator[str]:
    for body in decode_bundle(data, width):
        if _NAMES_A_MANIFEST in body:
            yield json.loads(body)["facts"]["manifest_digest"]
