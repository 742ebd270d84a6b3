"""Checking a proof by a file: an entry's place, as a receipt in JSON or in the form of C2SP tlog-proof, or growth."""

from dataclasses import dataclass
from typing import Any, Final

from showdown_verify import two_checkpoints
from showdown_verify.checkpoint import Checkpoint
from showdown_verify.claims import Claims
from showdown_verify.entries import UnfitEntry, UnknownVersion, read_entry, read_json
from showdown_verify.merkle import InvalidProof, leaf_hash, verify_inclusion
from showdown_verify.proof_text import HEAD, InvalidProofText, read_proof
from showdown_verify.state import State, require_same_tree
from showdown_verify.tiles import MAX_ENTRY_BYTES
from showdown_verify.trust import Trust, open_signed
from showdown_verify.verdict import Broken, CouldNotCheck, Report, shown

FORMAT: Final = "showdown-inclusion-proof/1"
MAX_PROOF_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """What a file claims; size and root are those that it names beside its checkpoint, if it does."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    entry: bytes | None
    size: int | None = None
    root: bytes | None = None
    leaf: bytes | None = None
    counted: "Counted | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a receipt says of its vote in a snapshot: the place of its leaf in the tree of the votes that counted."""

    snapshot: int
    root: bytes
    votes: int
    index: int
    leaf: bytes
    hashes: tuple[bytes, ...]


def looks_like_a_proof(data: bytes) -> bool:
    """Whether a file is meant to be a proof of any kind, going by how it begins."""
    return data.startswith(HEAD.encode()) or data.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{")


def check_proof(data: bytes, trust: Trust, report: Report, *, entry: bytes | None, state: State | None) -> None:
    """Check the proof in a file against a signed checkpoint; raises ``Broken`` and ``CouldNotCheck``."""
    text = _text(data)
    if text.startswith(HEAD):
        _check_place(_from_text(text), trust, report, entry=entry, state=state)
        return
    fields = _fields(text)
    if fields["format"] == FORMAT:
        _check_place(_inclusion(Claims(fields, "inclusion")), trust, report, entry=entry, state=state)
        return
    if entry is not None:
        raise CouldNotCheck("arguments", "no-proof", "--entry belongs to the proof of an entry.")
    two_checkpoints.check_two(Claims(fields, two_checkpoints.CHECK), trust, report, state=state)


def _check_place(proof: ProofFile, trust: Trust, report: Report, *, entry: bytes | None, state: State | None) -> None:
    body = _agreed_entry(proof, entry)
    checkpoint, _opened = open_signed(proof.checkpoint, trust, report)
    if proof.size not in {None, checkpoint.size} or proof.root not in {None, checkpoint.root}:
        raise Broken("inclusion", "other-tree", "Size and root beside the checkpoint are not those that are signed.")
    leaf = leaf_hash(body)
    if proof.leaf not in {None, leaf}:
        raise Broken("inclusion", "other-leaf", "The leaf's hash is not that of the entry.")
    where = f"leaf {proof.index}"
    try:
        verify_inclusion(leaf=leaf, index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root)
    except InvalidProof as error:
        raise Broken("inclusion", error.fault.value, str(error), where=where) from None
    report.hold("inclusion", f"the entry is leaf {proof.index:,} of {checkpoint.size:,} under the signed root")
    _check_entry(body, where, report)
    if proof.counted is not None:
        _check_counted(proof.counted, report)
    _compare(state, checkpoint, report)


def _check_entry(body: bytes, where: str, report: Report) -> None:
    try:
        read_entry(body)
    except UnknownVersion as error:
        raise CouldNotCheck("entries", error.reason, str(error), where=where) from None
    except UnfitEntry as error:
        raise Broken("entries", error.reason, shown(str(error)), where=where) from None
    report.hold("entries", f"it reads as an entry, {len(body):,} bytes")


def _check_counted(counted: Counted, report: Report) -> None:
    """Check the proof of counting; which root a snapshot has is for the log's own entry about it to say."""
    where = f"snapshot {counted.snapshot}"
    try:
        verify_inclusion(
            leaf=counted.leaf, index=counted.index, size=counted.votes, proof=counted.hashes, root=counted.root
        )
    except InvalidProof as error:
        raise Broken("counted", error.fault.value, str(error), where=where) from None
    report.hold(
        "counted",
        f"vote {counted.index:,} of {counted.votes:,} in snapshot {counted.snapshot}, if its rankings.published "
        f"names the root {counted.root.hex()}",
    )


def _compare(state: State | None, checkpoint: Checkpoint, report: Report) -> None:
    """Compare with what was seen; a proof alone shows no growth, so the state stays as it is."""
    seen = state.logs.get(checkpoint.origin) if state else None
    if seen is None:
        report.leave_out("consistency", "nothing was seen of this log before (see --state)")
        return
    try:
        require_same_tree(seen, checkpoint)
    except Broken:
        report.evidence.append(seen.note)
        raise
    if seen.checkpoint.size == checkpoint.size:
        report.hold("consistency", "it is the checkpoint that was seen before")
    else:
        report.leave_out("consistency", "a proof alone does not tell how its tree and the one that was seen relate")


def _agreed_entry(proof: ProofFile, entry: bytes | None) -> bytes:
    if entry is None and proof.entry is None:
        raise CouldNotCheck("inclusion", "no-entry", "The proof does not have its entry: give it with --entry FILE.")
    if entry is not None and proof.entry is not None and entry != proof.entry:
        raise Broken("inclusion", "other-entry", "The file of --entry is not the entry in the proof.")
    body = entry if entry is not None else proof.entry or b""
    if len(body) > MAX_ENTRY_BYTES:
        raise Broken("inclusion", "entry-too-large", f"An entry has at most {MAX_ENTRY_BYTES:,} bytes.")
    return body


def _inclusion(claims: Claims) -> ProofFile:
    if claims.fields.get("checkpoint") is None:
        raise CouldNotCheck("signature", "no-checkpoint", "The proof has no signed checkpoint; ask for a newer one.")
    return ProofFile(
        index=claims.number("leaf_index"),
        hashes=claims.hashes("proof"),
        checkpoint=claims.note("checkpoint"),
        entry=claims.base64("entry") if "entry" in claims else None,
        size=claims.number("size"),
        root=claims.hash("root"),
        leaf=claims.hash("leaf_hash") if "leaf_hash" in claims else None,
        counted=_counted(claims.below("counted")) if "counted" in claims else None,
    )


def _counted(claims: Claims) -> Counted:
    return Counted(
        snapshot=claims.number("snapshot"),
        root=claims.hash("votes_root"),
        votes=claims.number("votes"),
        index=claims.number("index"),
        leaf=claims.hash("leaf_hash"),
        hashes=claims.hashes("proof"),
    )


def _text(data: bytes) -> str:
    if len(data) > MAX_PROOF_BYTES:
        raise _malformed("too-large", f"A proof has at most {MAX_PROOF_BYTES:,} bytes.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("not-utf-8", "The proof is not UTF-8.") from None


def _from_text(text: str) -> ProofFile:
    try:
        told = read_proof(text)
    except InvalidProofText as error:
        raise _malformed(error.fault.value, str(error)) from None
    return ProofFile(index=told.index, hashes=told.hashes, checkpoint=told.checkpoint, entry=None)


def _fields(text: str) -> dict[str, Any]:
    try:
        value = read_json(text, "The proof")
    except UnfitEntry as error:
        raise _malformed(error.reason, shown(str(error))) from None
    if not isinstance(value, dict) or value.get("format") not in (FORMAT, two_checkpoints.FORMAT):
        raise _malformed(
            "other-format", f"A proof in JSON says that its format is {FORMAT} or {two_checkpoints.FORMAT}."
        )
    return value


def _malformed(reason: str, message: str) -> Broken:
    return Broken("inclusion", reason, message)
