"""A snapshot's sealed input: written before the snapshot is published, and made again where its file is gone."""

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.sealed import LAYOUT, SECRET_BYTES, SealedColumns, sealed
from apps.rankings.flows.evidence import vote_weights
from apps.rankings.flows.fitting import fit_method
from apps.rankings.flows.weighing import under_network_cap
from apps.rankings.gateways import SealedFiles
from apps.rankings.models import Method, Snapshot
from apps.rankings.queries import CountedVotes, counted_in, newest_snapshots
from apps.rankings.services import SealedFacts

_log: Final = logging.getLogger(__name__)
#: Older files are made again when somebody asks for them.
_KEPT: Final = 14


class NoRoomToSeal(OSError):
    """The sealed input cannot be written, so nothing is published yet; the run stays open and is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedInputFile:
    """A sealed input on the disk; ``is_the_same`` says that it has the hash that its snapshot published."""

    path: Path
    is_the_same: bool


def seal_input(counted: CountedVotes, rules: dict[str, Any]) -> SealedFacts:
    """Write the votes of everybody's board to their file, under a secret of their own.

    Raises ``NoRoomToSeal`` where the disk is full or cannot be written; nothing half is left then.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    files = SealedFiles()
    try:
        written = files.write(columns_of(counted, rules, secret))
    except OSError as failure:
        raise NoRoomToSeal(f"The sealed input cannot be written to {files.root}: {failure}") from failure
    return SealedFacts(
        secret=secret, sha256=written.sha256, file_bytes=written.bytes, layout=LAYOUT, rows=len(counted.votes)
    )


def columns_of(counted: CountedVotes, rules: dict[str, Any], secret: bytes) -> SealedColumns:
    """Return the votes of everybody's board as they are sealed, with no measures but those that R1 controls for."""
    everybody = np.zeros(len(counted.votes), np.int32)
    weighed, _codes, _impossible = under_network_cap(counted.votes, everybody, [EVERYONE], counted.networks, rules)
    weight = vote_weights(weighed, fit_method(Method.PLAIN, rules, whole=True))
    return sealed(counted.votes.with_style(rules["style"]), counted.columns.people, weight, secret)


def forget_old_inputs() -> None:
    """Take away the files that no recent snapshot has, those of runs that were never published among them."""
    SealedFiles().forget_all_but({snapshot.input_sha256 for snapshot in newest_snapshots(_KEPT)})


def input_is_whole(snapshot: Snapshot, counted: CountedVotes) -> bool | None:
    """Say whether the file on this machine holds these votes under their names; None where it is not here."""
    kept = getattr(snapshot, "sealed_input", None)
    files = SealedFiles()
    if kept is None or not files.has(snapshot.input_sha256):
        return None
    path = files.path(snapshot.input_sha256)
    return path is not None and files.holds(path, columns_of(counted, snapshot.method, bytes(kept.secret)))


def sealed_file(snapshot: Snapshot) -> SealedInputFile | None:
    """Return a snapshot's sealed input, made again from the votes where its file is gone; None where there is none.

    Raises ``OSError`` where it cannot be written.
    """
    kept = getattr(snapshot, "sealed_input", None)
    if kept is None:
        return None
    files = SealedFiles()
    path = files.path(snapshot.input_sha256)
    if path is not None:
        return SealedInputFile(path=path, is_the_same=True)
    written = files.write(columns_of(counted_in(snapshot), snapshot.method, bytes(kept.secret)))
    if written.sha256 != snapshot.input_sha256:
        _log.warning("The sealed input of snapshot %s was made again and is another file.", snapshot.pk)
    return SealedInputFile(path=written.path, is_the_same=written.sha256 == snapshot.input_sha256)
