"""Checking a whole log: its checkpoint, its growth since the reader's last visit, its tiles, its entries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from showdown_verify.checkpoint import Checkpoint
from showdown_verify.entries import UnfitEntry, UnknownVersion, read_entry
from showdown_verify.growth import require_beginning, require_edge, require_growth
from showdown_verify.ledger import MANIFESTS, Ledger, manifest_path, require_manifest, require_named
from showdown_verify.note import InvalidNote, Note, parse_signature_line
from showdown_verify.sources import (
    CHECKPOINT,
    COSIGNATURES,
    KEYS,
    MAX_CHECKPOINT_BYTES,
    MAX_KEYS_BYTES,
    MAX_MANIFEST_BYTES,
    Deadline,
    Missing,
    Source,
)
from showdown_verify.state import Seen, State, require_same_tree
from showdown_verify.tiles import FULL_WIDTH
from showdown_verify.trust import Trust, open_signed, read_key_lines
from showdown_verify.verdict import Broken, CouldNotCheck, Report, shown
from showdown_verify.walk import Walk

Progress = Callable[[int, int], None]


class Depth(StrEnum):
    """How much of the log is read."""

    EDGE = "edge"
    TILES = "tiles"
    ENTRIES = "entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How to check a log, and what to compare it with."""

    depth: Depth
    deadline: Deadline
    state: State | None = None
    first_use: bool = False
    progress: Progress | None = None


def check_log(source: Source, trust: Trust, question: Question, report: Report) -> None:
    """Check a log and write into the report what held; raises ``Broken`` and ``CouldNotCheck``.

    The state file, when there is one, remembers the checkpoint once everything held.
    """
    state = question.state
    try:
        note = source.read(CHECKPOINT, MAX_CHECKPOINT_BYTES)
    except Missing:
        raise CouldNotCheck("signature", "no-checkpoint", "There is no checkpoint.", where=CHECKPOINT) from None
    trust = _completed(trust, source, question, report)
    checkpoint, opened = open_signed(_with_cosignatures(source, note), trust, report)
    seen = state.logs.get(checkpoint.origin) if state else None
    try:
        if seen is not None:
            _require_not_behind(seen, checkpoint)
        ledger = _check_tree(source, checkpoint, seen, question, report)
    except Broken as error:
        if seen is not None and error.check == "consistency":
            report.evidence += [seen.note, note.decode("utf-8", "replace")]
        raise
    if ledger is not None:
        _check_ledger(source, ledger, report)
    if state is not None:
        state.remember(checkpoint, _signed_text(opened), trust.all_vkeys)
        report.hold("state", f"remembered size {checkpoint.size:,} in {shown(str(state.path))}")


def _completed(trust: Trust, source: Source, question: Question, report: Report) -> Trust:
    """Return the trust, with the keys of an earlier visit or, when asked for, those that the log names itself."""
    if trust.has_a_log:
        return trust
    remembered: dict[str, None] = {}
    for origin, seen in (question.state.logs if question.state else {}).items():
        if trust.origin in {None, origin}:
            remembered.update(dict.fromkeys(seen.vkeys))
    if remembered:
        report.hold("keys", "those of the first visit, from the state file")
        return Trust((*trust.vkeys, *remembered), trust.policy, trust.origin)
    if not question.first_use:
        return trust
    try:
        named = read_key_lines(source.read(KEYS, MAX_KEYS_BYTES))
    except Missing:
        raise CouldNotCheck("signature", "no-key", "The log names no keys.", where=KEYS) from None
    report.hold("keys", "on the log's own word, as asked for with --first-use")
    return Trust((*trust.vkeys, *named), trust.policy, trust.origin)


def _with_cosignatures(source: Source, note: bytes) -> bytes:
    """Return the note with the witnesses' lines that a bundle keeps beside it."""
    found = [path for path in source.paths_below(COSIGNATURES) if path.removeprefix(COSIGNATURES).isdecimal()]
    size = note.split(b"\n", 2)[1:2]
    wanted = COSIGNATURES.encode() + size[0] if size else b""
    for path in found:
        if path.encode() == wanted:
            lines = source.read(path, MAX_CHECKPOINT_BYTES).decode("utf-8", "replace").splitlines()
            for line in dict.fromkeys(filter(None, lines)):
                try:
                    parse_signature_line(line)
                except InvalidNote as error:
                    raise Broken("signature", error.fault.value, shown(str(error)), where=path) from None
                if line.encode() not in note.split(b"\n"):
                    note += line.encode() + b"\n"
    return note


def _require_not_behind(seen: Seen, checkpoint: Checkpoint) -> None:
    if checkpoint.size < seen.checkpoint.size:
        raise Broken(
            "consistency",
            "rolled-back",
            f"The log has {checkpoint.size:,} entries and had {seen.checkpoint.size:,} before. (Leave out --state to "
            "check something that was made earlier.)",
            where=CHECKPOINT,
        )
    require_same_tree(seen, checkpoint)


def _check_tree(
    source: Source, checkpoint: Checkpoint, seen: Seen | None, question: Question, report: Report
) -> Ledger | None:
    """Check the tree as deep as asked for; return what the entries count when they were read."""
    size, old_size = checkpoint.size, seen.checkpoint.size if seen else 0
    if question.depth is Depth.EDGE:
        require_edge(source, size=size, root=checkpoint.root)
        report.hold("tree", "the tiles at the edge give the signed root")
        if seen is not None and 0 < old_size < size:
            require_growth(
                source,
                old_size=old_size,
                old_root=seen.checkpoint.root,
                new_size=size,
                new_root=checkpoint.root,
            )
        _report_growth(seen, size, report)
        return None
    ledger = Ledger() if question.depth is Depth.ENTRIES else None
    # Whoever reads no entries needs only the tiles since the last visit; counters begin at the first entry.
    first = old_size // FULL_WIDTH * FULL_WIDTH if ledger is None else 0
    walk = Walk(source, size, first=first)
    root, old_root = walk.run(
        old_size=old_size,
        take_entry=_taker(ledger) if ledger is not None else None,
        progress=_ticker(question, size),
    )
    if root != checkpoint.root:
        raise Broken(
            "tree",
            "root-mismatch",
            "Entries and tiles agree with each other and give another root than the signed one.",
            where=f"leaves {first} to {size - 1}",
        )
    if seen is not None and old_size:
        require_beginning(old_size=old_size, old_root=seen.checkpoint.root, told=old_root)
    since = f", from leaf {first:,} on" if first else ""
    report.hold("tree", f"{size:,} leaves{since} and all tiles above them give the signed root")
    if ledger is None:
        report.leave_out("entries", "only the hashes were read")
    else:
        report.hold("entries", f"{size:,} entries have the hashes in the tree and read as entries")
    _report_growth(seen, size, report)
    return ledger


def _report_growth(seen: Seen | None, size: int, report: Report) -> None:
    if seen is None:
        report.leave_out("consistency", "nothing was seen of this log before (see --state)")
    else:
        report.hold("consistency", f"it begins with the {seen.checkpoint.size:,} entries that were seen before")


def _taker(ledger: Ledger) -> Callable[[int, bytes], None]:
    def take(index: int, body: bytes) -> None:
        try:
            found: tuple[str, Mapping[str, Any]] | None = read_entry(body)
        except UnknownVersion as error:
            raise CouldNotCheck("entries", error.reason, str(error), where=f"leaf {index}") from None
        except UnfitEntry as error:
            raise Broken("entries", error.reason, shown(str(error)), where=f"leaf {index}") from None
        if found is not None:
            ledger.note(index, *found)

    return take


def _ticker(question: Question, size: int) -> Callable[[int], None]:
    def tick(done: int) -> None:
        question.deadline.left()
        if question.progress is not None:
            question.progress(done, size)

    return tick


def _check_ledger(source: Source, ledger: Ledger, report: Report) -> None:
    counted = ledger.require_no_gaps()
    if ledger.counted:
        report.hold("counters", counted)
    else:
        report.leave_out("counters", "no entry is numbered for a licensee")
    paths = source.paths_below(MANIFESTS)
    if not source.is_whole:
        report.leave_out("manifests", f"{len(ledger.manifests):,} are named, and only a bundle has them")
        return
    for digest, named in ledger.manifests.items():
        path = manifest_path(digest)
        try:
            data = source.read(path, MAX_MANIFEST_BYTES)
        except Missing:
            raise Broken("manifests", "manifest-missing", f"Leaf {named[0]} names it.", where=path) from None
        require_manifest(digest, named, data)
    require_named(paths, ledger.manifests.keys())
    report.hold("manifests", f"{len(ledger.manifests):,} are the ones that entries name")


def _signed_text(opened: Note) -> str:
    """Return the note with the lines that were verified, so that what is kept can be shown to others."""
    return opened.text + "\n" + "".join(f"{each.line}\n" for each in opened.signatures)
