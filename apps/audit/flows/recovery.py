"""Bringing the log of a restored database back to what was published after the backup was taken."""

from datetime import datetime

from apps.audit.domain.actor import Actor
from apps.audit.domain.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from apps.audit.domain.note import InvalidNote
from apps.audit.domain.tiles import EntryBundle, InvalidBundle, decode_bundle, width_at
from apps.audit.domain.tiling import first_entry
from apps.audit.flows.keys import KeyTrouble
from apps.audit.gateways import KeyFolder, SignerMemory, TileStore
from apps.audit.queries import newest_head
from apps.audit.services import recover_entries


class NothingToRecover(KeyTrouble):
    """The database has all that was signed."""


class FilesAreMissing(KeyTrouble):
    """What was published is not there any more."""


def recover_log(
    *, actor: Actor, files: TileStore, keys: KeyFolder, memory: SignerMemory, now: datetime
) -> tuple[int, int]:
    """Put back the entries that were signed and are not in this database; return how many, and the tree's size.

    The application's rows stay as old as the backup: the log then tells of acts that left nothing else. Raises
    ``NothingToRecover``, ``FilesAreMissing``, ``KeysInUse`` while a sequencer is at work, and what
    ``recover_entries`` raises.
    """
    with keys.held():
        signed = _last_signed(files, keys, memory)
        head = newest_head()
        size = head.size if head else 0
        if size >= signed.size:
            raise NothingToRecover(f"The database has {size:,} leaves, and no more than {signed.size:,} were signed.")
        bodies = _published(files, size, signed.size)
        return recover_entries(actor=actor, bodies=bodies, root=signed.root, now=now), signed.size


def _last_signed(files: TileStore, keys: KeyFolder, memory: SignerMemory) -> Checkpoint:
    """Return the larger one of what the signer remembers and what everybody sees."""
    last = memory.last()
    try:
        shown, _note = open_checkpoint(
            files.checkpoint() or b"", [signer.vkey for signer in keys.signers()], keys.origin
        )
    except (InvalidNote, InvalidCheckpoint):
        return last
    return max(last, shown, key=lambda checkpoint: checkpoint.size)


def _published(files: TileStore, first: int, end: int) -> list[bytes]:
    """Return the published entries from leaf ``first`` up to, and without, ``end``."""
    bodies: list[bytes] = []
    for index in range(first // 256, (end + 255) // 256):
        bundle = EntryBundle(index, width_at(0, index, end))
        try:
            data = files.read(bundle)
            entries = decode_bundle(data, bundle.width) if data is not None else None
        except InvalidBundle:
            entries = None
        if entries is None:
            raise FilesAreMissing(
                f"{files.folder / bundle.path} is missing or damaged. Bring the folder of published files back, or "
                "fetch the bundle from an auditor's export."
            )
        bodies += entries
    return bodies[first - first_entry(first) :]
