"""A log on paper for the verifier: entries, tiles, manifests and a checkpoint, as a log writes them."""

import base64
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import rfc8785

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.merkle import inclusion_proof, leaf_hash, root_hash
from apps.audit.domain.note import Cosigner, Signer, SigningKey, sign
from apps.audit.domain.tiles import FULL_WIDTH, encode_bundle, new_bundles, tiles_of

ORIGIN: Final = "paper.example/log"
NOON: Final = 1_764_158_400
LOG: Final = Signer.from_seed(ORIGIN, b"\x01" * 32)
OTHER: Final = Signer.from_seed(ORIGIN, b"\x02" * 32)
WITNESSES: Final = tuple(Cosigner.from_seed(f"w{number}.example", bytes([10 + number]) * 32) for number in range(3))


def entry(number: int, event: str = "battles.vote_cast", facts: Mapping[str, Any] | None = None) -> bytes:
    """Return an entry as the platform writes one."""
    return rfc8785.dumps(
        {
            "v": 1,
            "event": event,
            "actor": {"kind": "person", "pseudonym": f"contributor-{number:08x}"},
            "subject": f"battles.battle:{number}",
            "clause": None,
            "facts": {"choice": hashlib.sha256(b"%d" % number).hexdigest()} if facts is None else dict(facts),
            "at": "2026-11-23T12:00:00.000000Z",
            "nonce": hashlib.sha256(b"nonce %d" % number).hexdigest()[:32],
        }
    )


def manifest(rows: int, files: int = 2) -> bytes:
    """Return a manifest as an edition has one."""
    return rfc8785.dumps({"rows": rows, "files": [{"name": f"battles-{n}.parquet"} for n in range(files)]})


def edition(number: int, counter: int, licensee: str = "acme", told: bytes | None = None) -> bytes:
    """Return the entry of an edition, counted for its licensee."""
    told = manifest(number) if told is None else told
    return entry(
        number,
        "licensing.edition_built",
        {
            "manifest_digest": hashlib.sha256(told).hexdigest(),
            "rows": json.loads(told)["rows"],
            "files": len(json.loads(told)["files"]),
            "licensee": licensee,
            "counter": counter,
        },
    )


@dataclass
class Paper:
    """A log's entries, and its files below a folder."""

    entries: list[bytes]
    manifests: list[bytes] = field(default_factory=list)

    @property
    def leaves(self) -> list[bytes]:
        """The hashes of all entries."""
        return [leaf_hash(body) for body in self.entries]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Return the head of the first entries."""
        size = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, size, root_hash(self.leaves[:size]))

    def note(self, *signers: SigningKey, size: int | None = None) -> bytes:
        """Return the signed head."""
        return sign(self.checkpoint(size).text, *(signers or (LOG,)))

    def proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the inclusion proof of an entry."""
        return inclusion_proof(self.leaves, index, len(self.entries) if size is None else size)

    def write(self, folder: Path, *signers: SigningKey) -> Path:
        """Write the log's files, as a bundle has them."""
        rows = [self.leaves]
        while len(rows[-1]) >= FULL_WIDTH:
            below = rows[-1]
            rows.append([root_hash(below[at : at + FULL_WIDTH]) for at in range(0, len(below) - 255, FULL_WIDTH)])
        files = {
            tile.path: b"".join(rows[tile.level][tile.index * FULL_WIDTH :][: tile.width])
            for tile in tiles_of(len(self.entries))
        }
        files |= {
            bundle.path: encode_bundle(self.entries[bundle.index * FULL_WIDTH :][: bundle.width])
            for bundle in new_bundles(0, len(self.entries))
        }
        files |= {f"manifests/{hashlib.sha256(told).hexdigest()}.json": told for told in self.manifests}
        files |= {"checkpoint": self.note(*signers), "keys": f"{LOG.vkey}\n".encode(), "README.md": b"How to check.\n"}
        for path, data in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return folder

    def receipt(self, index: int, *signers: SigningKey) -> dict[str, Any]:
        """Return the proof of an entry as the platform hands it out."""
        return {
            "format": "showdown-inclusion-proof/1",
            "entry": base64_of(self.entries[index]),
            "leaf_index": index,
            "leaf_hash": self.leaves[index].hex(),
            "proof": [value.hex() for value in self.proof(index)],
            "size": len(self.entries),
            "root": self.checkpoint().root.hex(),
            "checkpoint": self.note(*signers).decode(),
        }


def base64_of(data: bytes) -> str:
    """Return data in base64."""
    return base64.b64encode(data).decode()


def votes(count: int) -> Paper:
    """Return a log of votes."""
    return Paper([entry(number) for number in range(count)])


def zipped(folder: Path, target: Path, *, without: Iterable[str] = ()) -> Path:
    """Pack a bundle's folder into a .zip."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in without:
                archive.write(path, name)
    return target


def copied(folder: Path, target: Path) -> Path:
    """Copy a bundle's folder, to do something to it."""
    shutil.copytree(folder, target)
    return target


def policy(quorum: str, *lines: str, witnesses: Sequence[Cosigner] = WITNESSES) -> bytes:
    """Return a policy over the log and its witnesses w0, w1, …."""
    known = [f"witness w{number} {each.vkey}" for number, each in enumerate(witnesses)]
    return "\n".join([f"log {LOG.vkey}", *known, *lines, f"quorum {quorum}", ""]).encode()
