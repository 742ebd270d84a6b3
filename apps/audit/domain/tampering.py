"""Ways to falsify a copy of the log, for the tamper lab: what a thief of the files can do, and what its operator can.

Two kinds are told apart. Without the log's key somebody changes files. With it, an operator who lies signs whatever is
wanted; the lab has a key of its own that stands for the log's, so that the true one stays where it is.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain, islice
from typing import Any, Final, Protocol, Self

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import NONCE_BYTES, entry_body
from apps.audit.domain.checkpoint import Checkpoint, parse_checkpoint
from apps.audit.domain.merkle import HASH_BYTES, inclusion_proof, leaf_hash
from apps.audit.domain.note import Cosigner, Signer, sign, split_note
from apps.audit.domain.policy_text import PolicyWitness, policy_text
from apps.audit.domain.tiles import EntryBundle, Tile, decode_bundle, encode_bundle, new_bundles, tiles_of
from apps.audit.domain.tiling import GrowingTiles

CHECKPOINT: Final = "checkpoint"
KEYS: Final = "keys"
POLICY: Final = "policy"
PROOF: Final = "proof.json"
FEWEST: Final = 8
"""How many entries a log needs so that every alteration has something to alter."""


class Files(Protocol):
    """A copy of an exported log, by paths below its folder."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a file, or another one in its place."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the paths of the files in a folder, sorted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the lab has beside the copy: a key that stands for the log's, its witness's, and a stranger's.

    ``size`` is that of the untouched copy, ``now`` the time in seconds since 1970.
    """

    origin: str
    size: int
    log: Signer
    witness: Cosigner
    stranger: Signer
    now: int

    def of_size(self, size: int) -> Self:
        """Return the same bench beside an original of another size."""
        return replace(self, size=size)


class Original(StrEnum):
    """What an alteration begins with."""

    EXPORT = "export"
    """The log as it is, under its own signatures."""
    SIGNED = "signed"
    """The same entries and two editions of a made-up licensee, signed by the lab's keys."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way to falsify: ``change`` does it to a copy and returns the path that is shown to the verifier.

    An empty path is the whole copy. ``needs_key`` says that only the holder of the log's key can do it.
    """

    name: str
    told: str
    on: Original
    needs_key: bool
    change: Callable[[Files, Bench], str]


# --- Reading a copy ---


def head_of(files: Files) -> Checkpoint:
    """Return the checkpoint in a copy, unverified."""
    text, _lines = split_note(files.read(CHECKPOINT))
    return parse_checkpoint(text)


def entries_of(files: Files, size: int) -> Iterator[bytes]:
    """Return the entries of a copy in their order."""
    for bundle in new_bundles(0, size):
        yield from decode_bundle(files.read(bundle.path), bundle.width)


# --- Making a copy that the lab's key has signed ---


def sign_copy(files: Files, bench: Bench, entries: Iterable[bytes], *, counters: Sequence[int] = ()) -> Checkpoint:
    """Put a log of these entries in place of the copy's, signed by the lab's keys in place of the true ones.

    ``counters`` are the numbers of editions that are built for a made-up licensee at the end of it.
    """
    for path in files.names("tile"):
        files.remove(path)
    tiles = GrowingTiles()
    for file, content in tiles.grow(chain(entries, [_edition(files, number) for number in counters])):
        files.write(file.path, content)
    checkpoint = Checkpoint(bench.origin, tiles.size, tiles.root)
    files.write(CHECKPOINT, sign(checkpoint.text, bench.log, bench.witness.at(bench.now)))
    return checkpoint


def _edition(files: Files, number: int) -> bytes:
    """Return the entry of an edition for the made-up licensee, after writing its manifest."""
    manifest = json.dumps({"files": [], "rows": number}, separators=(",", ":"), sort_keys=True).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    files.write(f"manifests/{digest}.json", manifest)
    return entry_body(
        event="licensing.edition_built",
        actor=Actor.system("audit.tamper_lab"),
        subject=f"licensing.release:lab-{number}",
        clause=None,
        facts={"counter": number, "files": 0, "licensee": "tamper-lab", "manifest_digest": digest, "rows": number},
        at=datetime(2026, 1, 1, tzinfo=UTC),
        nonce=hashlib.sha256(manifest).digest()[:NONCE_BYTES],
    )


def name_keys(files: Files, bench: Bench) -> None:
    """Let keys and policy of the copy name the lab's keys."""
    witness = PolicyWitness(name=bench.witness.name, vkey=bench.witness.vkey, address="https://witness.example")
    policy = policy_text(log_vkeys=[bench.log.vkey], log_address=f"https://{bench.origin}", witnesses=[witness])
    files.write(KEYS, f"{bench.log.vkey}\n".encode())
    files.write(POLICY, policy.encode())


# --- Without the log's key: whoever can write the files ---


def _bundle_at(bench: Bench, index: int) -> tuple[EntryBundle, int]:
    """Return the bundle that holds an entry, and where in it."""
    number, offset = divmod(index, 256)
    return EntryBundle(number, min(256, bench.size - number * 256)), offset


def _change_entry(files: Files, bench: Bench) -> str:
    bundle, offset = _bundle_at(bench, bench.size // 2)
    entries = decode_bundle(files.read(bundle.path), bundle.width)
    entry = bytearray(entries[offset])
    entry[len(entry) // 2] ^= 1
    entries[offset] = bytes(entry)
    files.write(bundle.path, encode_bundle(entries))
    return ""


def _bundle_again(files: Files, old_size: int, entries: Sequence[bytes]) -> None:
    for bundle in new_bundles(0, old_size):
        files.remove(bundle.path)
    for bundle in new_bundles(0, len(entries)):
        first = bundle.index * 256
        files.write(bundle.path, encode_bundle(entries[first : first + bundle.width]))


def _remove_entry(files: Files, bench: Bench) -> str:
    entries = list(entries_of(files, bench.size))
    del entries[bench.size // 2]
    _bundle_again(files, bench.size, entries)
    return ""


def _insert_entry(files: Files, bench: Bench) -> str:
    entries = list(entries_of(files, bench.size))
    entries.insert(bench.size // 2, _forged(entries[bench.size // 2]))
    _bundle_again(files, bench.size, entries)
    return ""


def _swap_entries(files: Files, bench: Bench) -> str:
    bundle, offset = _bundle_at(bench, bench.size // 2)
    other = offset - 1 if offset else 1
    entries = decode_bundle(files.read(bundle.path), bundle.width)
    entries[offset], entries[other] = entries[other], entries[offset]
    files.write(bundle.path, encode_bundle(entries))
    return ""


def _change_tile(files: Files, bench: Bench) -> str:
    _flip(files, next(tiles_of(bench.size)), at=5)
    return ""


def _change_edge(files: Files, bench: Bench) -> str:
    # The last one is the highest; in a small log it is the only one.
    *_others, tile = tiles_of(bench.size)
    _flip(files, tile, at=tile.width * HASH_BYTES - 1)
    return ""


def _flip(files: Files, tile: Tile, *, at: int) -> None:
    content = bytearray(files.read(tile.path))
    content[at] ^= 0x80
    files.write(tile.path, bytes(content))


def _truncate(files: Files, bench: Bench) -> str:
    *_others, bundle = new_bundles(0, bench.size)
    files.remove(bundle.path)
    return ""


def _replay_root(files: Files, bench: Bench) -> str:
    text, lines = split_note(files.read(CHECKPOINT))
    smaller = GrowingTiles()
    for _file in smaller.grow(islice(entries_of(files, bench.size), bench.size - 1)):
        pass
    origin, size, _root, *more = text.split("\n")
    again = "\n".join([origin, size, base64.b64encode(smaller.root).decode(), *more])
    files.write(CHECKPOINT, f"{again}\n".encode() + "".join(f"{line}\n" for line in lines).encode())
    return ""


def _sign_as_stranger(files: Files, bench: Bench) -> str:
    text, _lines = split_note(files.read(CHECKPOINT))
    files.write(CHECKPOINT, sign(text, bench.stranger))
    return ""


def _swap_manifest(files: Files, _bench: Bench) -> str:
    path, other, *_more = files.names("manifests")
    files.write(path, files.read(other))
    return ""


def _prove_elsewhere(files: Files, bench: Bench) -> str:
    index, entries = bench.size // 2, list(entries_of(files, bench.size))
    proof = proof_document(entries, index, files.read(CHECKPOINT))
    proof["leaf_index"] = index - 1
    return _shown(files, proof)


def _prove_another(files: Files, bench: Bench) -> str:
    index, entries = bench.size // 2, list(entries_of(files, bench.size))
    proof = proof_document(entries, index, files.read(CHECKPOINT))
    another = _forged(entries[index])
    proof |= {"entry": base64.b64encode(another).decode(), "leaf_hash": leaf_hash(another).hex()}
    return _shown(files, proof)


def proof_document(entries: Sequence[bytes], index: int, note: bytes) -> dict[str, Any]:
    """Return the proof file of one entry, as an auditor downloads it."""
    hashes = [leaf_hash(entry) for entry in entries]
    head = parse_checkpoint(split_note(note)[0])
    return {
        "format": "showdown-inclusion-proof/1",
        "entry": base64.b64encode(entries[index]).decode(),
        "leaf_index": index,
        "leaf_hash": hashes[index].hex(),
        "proof": [value.hex() for value in inclusion_proof(hashes, index, head.size)],
        "size": head.size,
        "root": head.root.hex(),
        "checkpoint": note.decode(),
    }


def _shown(files: Files, proof: dict[str, Any]) -> str:
    files.write(PROOF, json.dumps(proof).encode())
    return PROOF


# --- With the log's key, and a witness that helps: an operator who lies ---


def _fork(files: Files, bench: Bench) -> str:
    entries = list(entries_of(files, bench.size))
    entries[-1] = _forged(entries[-1])
    sign_copy(files, bench, entries)
    return ""


def _fork_and_grow(files: Files, bench: Bench) -> str:
    entries = list(entries_of(files, bench.size))
    entries[bench.size // 2] = _forged(entries[bench.size // 2])
    sign_copy(files, bench, [*entries, _forged(entries[0])])
    return ""


def _roll_back(files: Files, bench: Bench) -> str:
    sign_copy(files, bench, list(entries_of(files, bench.size))[:-2])
    return ""


def _withhold_witness(files: Files, bench: Bench) -> str:
    text, _lines = split_note(files.read(CHECKPOINT))
    files.write(CHECKPOINT, sign(text, bench.log))
    return ""


def _forge_witness(files: Files, bench: Bench) -> str:
    text, _lines = split_note(files.read(CHECKPOINT))
    seed = hashlib.sha256(bench.witness.name.encode()).digest()
    files.write(CHECKPOINT, sign(text, bench.log, Cosigner.from_seed(bench.witness.name, seed).at(bench.now)))
    return ""


def _skip_number(files: Files, bench: Bench) -> str:
    # The log only grows, so nothing but the counter itself tells.
    sign_copy(files, bench, list(entries_of(files, bench.size)), counters=[max(PLANTED) + 2])
    return ""


def _log_nonsense(files: Files, bench: Bench) -> str:
    sign_copy(files, bench, [*entries_of(files, bench.size), b"whatever the operator likes"])
    return ""


def _forged(entry: bytes) -> bytes:
    """Return an entry as good as any, that something else happened."""
    told = json.loads(entry)
    told["nonce"] = hashlib.sha256(entry).hexdigest()[: len(told["nonce"])]
    return json.dumps(told, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


ALTERATIONS: Final = (
    Alteration("entry-changed", "a bit of an entry was changed", Original.EXPORT, False, _change_entry),
    Alteration("entry-removed", "an entry was taken out", Original.EXPORT, False, _remove_entry),
    Alteration("entry-inserted", "an entry was put between others", Original.EXPORT, False, _insert_entry),
    Alteration("entries-reordered", "two entries changed places", Original.EXPORT, False, _swap_entries),
    Alteration("tile-changed", "a hash in a tile was changed", Original.EXPORT, False, _change_tile),
    Alteration("top-tile-changed", "a hash in the uppermost tile was changed", Original.EXPORT, False, _change_edge),
    Alteration("log-truncated", "the last entries' file is gone", Original.EXPORT, False, _truncate),
    Alteration("root-replayed", "the checkpoint has the root of an earlier tree", Original.EXPORT, False, _replay_root),
    Alteration("stranger-signs", "another key of the same name signed", Original.EXPORT, False, _sign_as_stranger),
    Alteration("proof-elsewhere", "a proof was shown for another index", Original.EXPORT, False, _prove_elsewhere),
    Alteration("proof-of-another", "a proof was shown for another entry", Original.EXPORT, False, _prove_another),
    Alteration("manifest-swapped", "an edition has another's manifest", Original.SIGNED, False, _swap_manifest),
    Alteration("counter-gap", "an edition's number was skipped", Original.SIGNED, True, _skip_number),
    Alteration("nonsense-logged", "something that is no entry was logged", Original.SIGNED, True, _log_nonsense),
    Alteration("fork", "another tree of the same size was signed", Original.SIGNED, True, _fork),
    Alteration("fork-grown", "the past was rewritten, and the log grew on", Original.SIGNED, True, _fork_and_grow),
    Alteration("rolled-back", "a smaller tree was signed again", Original.SIGNED, True, _roll_back),
    Alteration("witness-withheld", "the witness's signature is missing", Original.SIGNED, True, _withhold_witness),
    Alteration("witness-forged", "another key signed in the witness's name", Original.SIGNED, True, _forge_witness),
)
PLANTED: Final = (1, 2)
"""The numbers of the editions in the copy that the lab signs."""


def show_proof(files: Files, bench: Bench) -> str:
    """Write the true proof of an entry and return its path: the untouched twin of those that are shown for another."""
    return _shown(files, proof_document(list(entries_of(files, bench.size)), bench.size // 2, files.read(CHECKPOINT)))
