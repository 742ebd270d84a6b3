"""The tamper lab: copies of the log are altered, the verifier is asked about each, and what it says is told."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

from apps.audit.domain.checkpoint import parse_checkpoint
from apps.audit.domain.note import Cosigner, Signer, split_note
from apps.audit.domain.tampering import (
    ALTERATIONS,
    CHECKPOINT,
    FEWEST,
    KEYS,
    PLANTED,
    POLICY,
    Alteration,
    Bench,
    Original,
    entries_of,
    head_of,
    name_keys,
    show_proof,
    sign_copy,
)
from apps.audit.domain.tiles import EntryBundle, Tile, new_bundles, tiles_of
from apps.audit.gateways import TileStore
from apps.audit.gateways.copies import CopyFolder, NoExport, take_export
from apps.audit.gateways.verifier import Verdict, Verifier
from apps.audit.queries import announced_keys, policy_now

WITNESS: Final = "witness.tamper-lab.example/w1"
_BROKEN: Final = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to one copy, whether only the holder of the log's key can do it, and what the verifier said.

    ``as_it_should`` is that an altered copy was found broken, and an untouched one to hold.
    """

    name: str
    told: str
    needs_key: bool
    is_altered: bool
    verdict: Verdict

    @property
    def as_it_should(self) -> bool:
        """Whether the verifier said what it should."""
        return self.verdict.status == (_BROKEN if self.is_altered else 0)


@contextmanager
def laboratory(parent: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tamper-lab-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export_for_the_lab(
    folder: Path, *, log_files: Path, releases: Path, log_address: str, using: str = "default"
) -> CopyFolder:
    """Write the published log into an empty folder as an export: checkpoint, tiles, entries, manifests, keys, policy.

    Raises ``NoExport`` when nothing is published, or a file of it is missing.
    """
    store, copy = TileStore(log_files), CopyFolder(folder)
    note = store.checkpoint()
    if note is None:
        raise NoExport("The log has published no checkpoint yet: the sequencer does so within a second.")
    head = parse_checkpoint(split_note(note)[0])
    published: Iterable[Tile | EntryBundle] = chain(tiles_of(head.size), new_bundles(0, head.size))
    for file in published:
        content = store.read(file)
        if content is None:
            raise NoExport(f"{file.path} is missing among the published files in {log_files}.")
        copy.write(file.path, content)
    copy.write(CHECKPOINT, note)
    copy.write(KEYS, "".join(f"{key.vkey}\n" for key in announced_keys(using=using)).encode())
    copy.write(POLICY, policy_now(log_address=log_address, using=using).encode())
    named = _manifests_named(copy, head.size)
    for path in sorted(releases.glob("*/manifest.json")):
        content = path.read_bytes()
        if (digest := hashlib.sha256(content).hexdigest()) in named:
            copy.write(f"manifests/{digest}.json", content)
    return copy


def _manifests_named(copy: CopyFolder, size: int) -> set[str]:
    bodies = (body for body in entries_of(copy, size) if b'"manifest_digest"' in body)
    return {str(json.loads(body)["facts"].get("manifest_digest")) for body in bodies}


class TamperLab:
    """One session of the lab in a folder of its own, with keys that are thrown away afterwards."""

    def __init__(self, folder: Path, export: CopyFolder, verifier: Verifier, *, now: datetime) -> None:
        """``export`` stays as it is; raises ``NoExport`` when it has too few entries to alter."""
        self._folder = folder
        self._verifier = verifier
        head = head_of(export)
        if head.size < FEWEST:
            raise NoExport(f"The log has {head.size} entries, and the lab needs {FEWEST} to have something to alter.")
        self._bench = Bench(
            origin=head.origin,
            size=head.size,
            log=Signer.generate(head.origin),
            witness=Cosigner.generate(WITNESS),
            stranger=Signer.generate(head.origin),
            now=int(now.timestamp()),
        )
        self._originals = {Original.EXPORT: export}

    @property
    def steps(self) -> int:
        """How many copies are shown to the verifier."""
        return len(ALTERATIONS) + 3

    def run(self) -> Iterator[Outcome]:
        """Show the untouched copies to the verifier, then every altered one."""
        yield self._untouched(Original.EXPORT, "untouched", "nothing: the log as it is")
        yield self._untouched_proof()
        signed = self._originals[Original.EXPORT].twin(self._folder / Original.SIGNED)
        sign_copy(signed, self._bench, list(entries_of(signed, self._bench.size)), counters=PLANTED)
        name_keys(signed, self._bench)
        self._originals[Original.SIGNED] = signed
        yield self._untouched(Original.SIGNED, "untouched-signed", "nothing: signed by the lab's keys")
        for alteration in ALTERATIONS:
            yield self._altered(alteration)

    def _untouched(self, original: Original, name: str, told: str) -> Outcome:
        source = self._originals[original].folder
        verdict = self._verifier.check(source, *self._trust(original), "--state", str(self._state(original)))
        return Outcome(name, told, needs_key=False, is_altered=False, verdict=verdict)

    def _untouched_proof(self) -> Outcome:
        with self._copy(Original.EXPORT, "proof") as copy:
            path = show_proof(copy, self._bench)
            verdict = self._verifier.check(copy.folder / path, *self._trust(Original.EXPORT))
        return Outcome("untouched-proof", "nothing: the proof of an entry", False, False, verdict)

    def _altered(self, alteration: Alteration) -> Outcome:
        state = self._folder / "state.json"
        # The reader of the copy has seen the untouched one.
        if (seen := self._state(alteration.on)).exists():
            shutil.copyfile(seen, state)
        size = head_of(self._originals[alteration.on]).size
        bench = self._bench.of_size(size)
        with self._copy(alteration.on, alteration.name) as copy:
            path = alteration.change(copy, bench)
            options = (*self._trust(alteration.on), "--state", str(state))
            verdict = self._verifier.check(copy.folder / path, *options)
        return Outcome(alteration.name, alteration.told, alteration.needs_key, True, verdict)

    @contextmanager
    def _copy(self, original: Original, name: str) -> Iterator[CopyFolder]:
        folder = self._folder / "copies" / name
        try:
            yield self._originals[original].twin(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _trust(self, original: Original) -> tuple[str, ...]:
        """Return what the reader brings along: keys and policy that were read before anything was altered."""
        folder = self._originals[original].folder
        named = [("--keys", folder / KEYS), ("--policy", folder / POLICY)]
        return tuple(part for option, path in named if path.exists() for part in (option, str(path)))

    def _state(self, original: Original) -> Path:
        return self._folder / f"seen-{original}.json"


def open_export(folder: Path, source: Path | None, *, log_files: Path, releases: Path, log_address: str) -> CopyFolder:
    """Return the export that is given, copied, or a fresh one of the published log; raises ``NoExport``."""
    target = folder / Original.EXPORT
    if source is not None:
        return take_export(source, target)
    return export_for_the_lab(target, log_files=log_files, releases=releases, log_address=log_address)
