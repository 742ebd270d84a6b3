"""Writing the files of an edition into the store, whichever revision of it, and its proof once there is one."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

from apps.audit.flows import publicly_proved
from apps.audit.queries import receipt_for
from apps.licensing.domain.beside import Beside
from apps.licensing.domain.card import card_text, policy_text
from apps.licensing.domain.croissant import croissant_of
from apps.licensing.domain.edition import ENTRY, MANIFEST, PROOF, SCHEMA, EditionWriter, FileEntry, entry_of
from apps.licensing.domain.manifest import CARD, CROISSANT, POLICY, About, manifest_bytes, manifest_of
from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.domain.rows import Mark, Named, Naming
from apps.licensing.domain.sorting import SortedRows
from apps.licensing.events import LicensingEvent
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Edition
from apps.licensing.queries.editions import editions_to_be_had
from apps.licensing.queries.rows import blocks_of, pieces_of, table_of
from apps.licensing.services.editions import Build
from apps.policy.queries import rulebook

Tell = Callable[[str, int], None]
_APART = "rows"


class RowsMissing(RuntimeError):
    """A sealed item has lost its vote, prompt or answers since it was sealed, and nobody took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An edition that lies whole under its name, with its manifest and the manifest's SHA-256 in hexadecimal digits."""

    manifest: dict[str, Any]
    sha256: str


def write_edition(build: Build, store: EditionStore, *, tell: Tell) -> Written:
    """Write every row and every text, then the manifest, and let the folder appear.

    What another process wrote before it died is taken as it is when it is whole and of the same build.
    """
    manifest = _already_there(build, store)
    if manifest is None:
        store.remove(build.folder)
        manifest = _write(build, store, tell=tell)
    return Written(manifest=manifest, sha256=sha256(manifest_bytes(manifest)).hexdigest())


def _write(build: Build, store: EditionStore, *, tell: Tell) -> dict[str, Any]:
    tell("reading rows", 0)
    folder = store.begin(build.folder)
    apart = folder / _APART
    apart.mkdir(mode=0o700)
    naming = Naming(Pseudonyms(build.key))
    rows = SortedRows(apart, SCHEMA, by="row", rows=build.items)

    def take(block: bytearray) -> None:
        rows.add(naming.rows(table_of(block)))

    try:
        with Beside() as beside:
            for piece in pieces_of(build.release_id):
                tell("reading rows", naming.seen.seen)
                for block in blocks_of(build.release_id, piece):
                    beside.do(partial(take, block))
    finally:
        rows.close()
    _require_whole(naming.seen, build.items)
    writer = EditionWriter(folder)
    try:
        done = 0
        with Beside() as beside:
            for table in beside.ahead(rows.tables()):
                tell("writing rows", done)
                writer.write(table)
                done += table.num_rows
        files = writer.finish()
    finally:
        writer.abandon()
    apart.rmdir()
    tell("writing the manifest", done)
    about = _about(build, naming.seen)
    manifest = manifest_of(about, [*files, *_texts(build, about, files, store)])
    store.write(build.folder, MANIFEST, manifest_bytes(manifest))
    tell("publishing", done)
    store.publish(build.folder)
    tell("published", done)
    return manifest


def _texts(build: Build, about: About, files: list[FileEntry], store: EditionStore) -> list[FileEntry]:
    """Write the card, the description and the rulebook beside the rows, and return their entries."""
    clauses = rulebook(version=build.policy_version)
    texts = {
        CARD: card_text(about, files).encode(),
        CROISSANT: croissant_of(about, files),
        POLICY: policy_text(clauses, version=build.policy_version).encode(),
    }
    for name, content in texts.items():
        store.write(build.folder, name, content)
    return [entry_of(name, content) for name, content in texts.items()]


def _about(build: Build, seen: Named) -> About:
    kind = replace(build.about.kind, rows_left_out=seen.counts[Mark.LEFT_OUT])
    return replace(build.about, kind=kind, gone=seen.gone())


def _require_whole(seen: Named, items: int) -> None:
    if lost := seen.counts[Mark.MISSING]:
        raise RowsMissing(f"{lost} of the release's rows are not complete any more.")
    if seen.seen != items:
        raise RowsMissing("The release does not hold as many rows as were sealed.")


def _already_there(build: Build, store: EditionStore) -> dict[str, Any] | None:
    """Return the manifest of an edition whose process died before confirming it; None unless it is whole."""
    stored = store.manifest(build.folder)
    if stored is None:
        return None
    manifest: dict[str, Any] = json.loads(stored)
    named = sorted((file["name"], file["sha256"]) for file in manifest["files"])
    found = [(file.name, file.sha256) for file in store.files(build.folder)]
    expected = manifest_of(build.about, [])
    is_of_this_build = all(
        manifest.get(part) == expected[part] for part in ("edition", "format", "licensee", "release")
    )
    return manifest if manifest_bytes(manifest) == stored and named == found and is_of_this_build else None


def told(error: Exception) -> str:
    """Say what went wrong in words that hold no path and no content."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}. Nothing of the edition is left behind; it can be built again."
    return str(error) if isinstance(error, RowsMissing) else "The files could not be written."


def prove_editions(*, store: EditionStore | None = None) -> int:
    """Put its entry and the proof of it beside each edition that a published checkpoint covers; return how many.

    The manifest cannot name the proof: the entry names the manifest, and the proof the entry.
    """
    where = store or EditionStore()
    there = [edition for edition in editions_to_be_had() if where.has(edition.path, MANIFEST)]
    return sum(_prove(edition, where) for edition in there if not where.has(edition.path, PROOF))


def _prove(edition: Edition, store: EditionStore) -> bool:
    event = LicensingEvent.EDITION_REWRITTEN if edition.revision else LicensingEvent.EDITION_BUILT
    proof = publicly_proved(lambda size: receipt_for(edition.ref, event.value, size=size))
    text = proof.as_text() if proof is not None else None
    if text is None or proof is None or proof.proved.facts["manifest_digest"] != edition.manifest_sha256:
        return False
    store.add(edition.path, ENTRY, proof.proved.body)
    store.add(edition.path, PROOF, text.encode())
    return True
