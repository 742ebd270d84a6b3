"""The verifier over a bundle of a million entries: how long, in how much memory, and how far from bare hashing."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apps.audit.domain.actor import Actor, ActorKind
from apps.audit.domain.canonical import entry_body
from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.merkle import leaf_hash
from apps.audit.domain.note import Signer, sign
from apps.audit.domain.tiles import FULL_WIDTH, HEIGHT, Tile, encode_bundle, new_bundles, tiles_of
from apps.audit.domain.tree import GrowingTree
from benchmarks.tables import Section, Table, median_seconds, seconds

CLIENT: Final = Path(__file__).parents[1] / "clients" / "verify"
ENTRIES: Final = 1_000_000
ROUNDS: Final = 3
LOG: Final = Signer.from_seed("bench.example/log", b"\x07" * 32)
NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)


def run(quick: bool) -> Table:
    """Write a bundle as the log does, and check it as a stranger does: in a process of its own."""
    count, rounds = (20_000, 1) if quick else (ENTRIES, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name) / "bundle"
        size = _write_bundle(folder, count)
        archive = _pack(folder, Path(name) / "bundle.zip")
        rows = [
            _verified(f"{count:,} in a folder", folder, rounds),
            _verified("the same, in a .zip", archive, rounds),
            _verified("the same folder, hashes only", folder, rounds, "--depth", "tiles"),
        ]
        hashing, bare = _hashing(folder, count, rounds)
    return Table(
        heads=("entries", "time", "processor time", "most memory"),
        rows=tuple(rows),
        notes=(
            f"The entries are votes as the platform writes them, {size / count:.0f} bytes each. One pass checks the "
            "signature, each entry's form, its hash, all tiles and the root. Medians of "
            f"{rounds} runs of the program in a process of its own, its start included. "
            "It uses one core; on a busy machine the processor time tells what a quiet one takes.",
            f"The hashing alone (entries to leaves to the root) takes {seconds(hashing)}, "
            f"{hashing / bare:.1f} times one SHA-256 pass over the same bytes ({seconds(bare)}).",
        ),
    )


def _entries(first: int, end: int) -> list[bytes]:
    actor = replace(Actor.system("bench"), kind=ActorKind.PERSON, account_id=1, pseudonym="contributor-0")
    return [
        entry_body(
            event="battles.vote_cast",
            actor=replace(actor, pseudonym=f"contributor-{number % 50_000:05x}"),
            subject=f"battles.battle:{number}",
            clause="B1",
            facts={
                "choice": hashlib.sha256(b"choice %d" % number).hexdigest(),
                "vote": f"battles.vote:{uuid.UUID(int=number)}",
            },
            at=NOON,
            nonce=number.to_bytes(16, "big"),
        )
        for number in range(first, end)
    ]


def _write_bundle(folder: Path, count: int) -> int:
    """Write the files of a log; return how many bytes the entries have."""
    tree, rows, total = GrowingTree(), [bytearray() for _ in range(HEIGHT)], 0
    for bundle in new_bundles(0, count):
        entries = _entries(bundle.index * FULL_WIDTH, bundle.index * FULL_WIDTH + bundle.width)
        total += sum(map(len, entries))
        leaves = [leaf_hash(entry) for entry in entries]
        rows[0] += b"".join(leaves)
        for node in tree.append(leaves):
            if node.level % HEIGHT == 0:
                rows[node.level // HEIGHT] += node.hash
        _put(folder / bundle.path, encode_bundle(entries))
    for tile in tiles_of(count):
        _put(folder / tile.path, _tile(rows, tile))
    _put(folder / "checkpoint", sign(Checkpoint(LOG.name, tree.size, tree.root).text, LOG))
    return total


def _tile(rows: Sequence[bytearray], tile: Tile) -> bytes:
    first = tile.index * FULL_WIDTH * 32
    return bytes(rows[tile.level][first : first + tile.width * 32])


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _pack(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return target


def _verified(name: str, source: Path, rounds: int, *options: str) -> tuple[str, str, str, str]:
    measured = sorted(_once(source, options) for _ in range(rounds))
    elapsed, processor, memory = measured[rounds // 2]
    return name, seconds(elapsed), seconds(processor), f"{memory:.0f} MB"


def _once(source: Path, options: Sequence[str]) -> tuple[float, float, float]:
    """Return seconds, seconds of the processor, and the most memory in MB that one run takes."""
    began = time.perf_counter()
    program = subprocess.Popen(  # noqa: S603 - It is this repository's own program.
        [sys.executable, "-m", "showdown_verify", str(source), "--vkey", LOG.vkey, *options],
        env=os.environ | {"PYTHONPATH": str(CLIENT)},
        stdout=subprocess.DEVNULL,
    )
    # What the system tells at the end would count this process, from which the program was forked, as well.
    memory = 0
    while os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        memory = max(memory, _most_memory(program.pid))
        time.sleep(0.02)
    elapsed = time.perf_counter() - began
    _pid, status, usage = os.wait4(program.pid, 0)
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise RuntimeError(f"The verifier answered {program.returncode} about a log that holds.")
    return elapsed, usage.ru_utime + usage.ru_stime, memory / 1e6


def _most_memory(pid: int) -> int:
    """Return the most bytes that a process has had in memory so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _hashing(folder: Path, count: int, rounds: int) -> tuple[float, float]:
    """Return the seconds that the tree's hashing takes with the verifier's own code, and those of one bare pass."""
    sys.path.insert(0, str(CLIENT))
    from showdown_verify.merkle import leaf_hash as verifier_leaf_hash  # noqa: PLC0415 - It lies outside the package.
    from showdown_verify.tiles import decode_bundle  # noqa: PLC0415 - As above.
    from showdown_verify.walk import root_of_rows, tile_root  # noqa: PLC0415 - As above.

    bundles = [(folder / bundle.path).read_bytes() for bundle in new_bundles(0, min(count, 250 * FULL_WIDTH))]
    split = [decode_bundle(data) for data in bundles[:-1]]

    def tree() -> bytes:
        return root_of_rows([[], [tile_root([verifier_leaf_hash(entry) for entry in entries]) for entries in split]])

    def bare() -> bytes:
        digest = hashlib.sha256()
        for data in bundles[:-1]:
            digest.update(data)
        return digest.digest()

    times = max(3, rounds)
    hashing, _root = median_seconds(tree, times=times, clock=time.process_time)
    once, _digest = median_seconds(bare, times=times, clock=time.process_time)
    scale = count / (FULL_WIDTH * len(split))
    return hashing * scale, once * scale


SECTION: Final = Section(name="verifying", title="Verifying a log", run=run)
