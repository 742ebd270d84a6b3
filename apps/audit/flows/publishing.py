"""Publication: from the tree's newest head to a checkpoint that everybody sees, in steps that may break off anywhere.

Each step can be repeated, and none undoes another, so that whoever begins again after a crash ends where the one before
would have. The order is what the promise hangs on: what is signed is readable before it is signed, and it is
remembered outside the database before the signature exists.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from apps.audit.domain.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from apps.audit.domain.merkle import InvalidProof, verify_consistency
from apps.audit.domain.note import InvalidNote, Signer, sign
from apps.audit.domain.stopped import Forked, RolledBack
from apps.audit.domain.tiles import new_bundles, new_tiles
from apps.audit.domain.tiling import GrowingTiles, edge_rows, first_entry
from apps.audit.flows.cosigning import Countersigning
from apps.audit.gateways import KeyFolder, SignerMemory, TileStore
from apps.audit.queries import (
    Head,
    announced_keys,
    consistency_between,
    entry_bodies,
    kept_checkpoint,
    newest_head,
    newest_kept_head,
    stored_row,
)
from apps.audit.services import TreeIsBroken, keep_checkpoint

PUBLISH_EVERY_SECONDS: Final = 1.0
CATCHING_UP_SECONDS: Final = 10.0
_LONGEST_PAUSE_SECONDS: Final = 30.0


class Witnessing(Protocol):
    """How witnesses are asked to countersign."""

    def countersign(self, wanted: Countersigning) -> Sequence[str]:
        """Return every verified signature line of a witness under this checkpoint, without its newline.

        Called again for the same checkpoint every second until the next one, so that one who was away can still sign.
        Takes two seconds at most, and a witness's fault never raises.
        """
        ...


class NoWitnesses:
    """A log that nobody countersigns."""

    def countersign(self, wanted: Countersigning) -> Sequence[str]:
        """Return nothing."""
        return ()


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Publishes one log from one process, which must hold ``keys.held()`` and the sequencer's lock."""

    files: TileStore
    keys: KeyFolder
    memory: SignerMemory
    clock: Callable[[], datetime]
    witnessing: Witnessing = field(default_factory=NoWitnesses)
    _public: Head | None = field(default=None, init=False)

    def require_continuity(self, *, using: str) -> Head | None:
        """Return the newest head, or None of an empty tree, after checking that it goes on from all that was signed.

        Raises ``RolledBack``, ``Forked``, ``MemoryLost``, ``NoKey`` and ``TreeIsBroken``.
        """
        return self._continued(self._shown_head(using), using)

    def publish_head(self, *, using: str) -> Head | None:
        """Publish the newest head and return it; None while the tree is empty.

        Raises ``PublicationStopped`` of any kind, ``TreeIsBroken``, and ``OSError`` when the disk does not answer.
        """
        shown = self._shown_head(using)
        head = self._continued(shown, using)
        if head is None:
            return None
        signers = self.keys.signers()
        # What this process has written itself it need not look for again.
        is_whole = shown is not None and (shown == self._public or self.files.is_complete(shown.size))
        written = shown.size if shown and is_whole else 0
        if written != head.size:
            self._write_files(written, head, using)
        checkpoint = Checkpoint(self.keys.origin, head.size, head.root)
        self.memory.remember(checkpoint)
        note = self._signed(checkpoint, signers, using)
        lines = self.witnessing.countersign(
            Countersigning(
                checkpoint=checkpoint,
                note=note,
                prove=lambda old_size: consistency_between(old_size, checkpoint.size, using=using),
            )
        )
        self._show(note, lines)
        self.files.drop_partial(new_tiles(written, head.size))
        self.files.drop_partial(new_bundles(written, head.size))
        self._public = head
        return head

    def _continued(self, shown: Head | None, using: str) -> Head | None:
        head, last = newest_head(using=using), self.memory.last()
        for old in {Head(last.size, last.root), newest_kept_head(using=using), shown}:
            if old is not None and old.size:
                _require_consistency(old, head, using)
        return head

    def _signed(self, checkpoint: Checkpoint, signers: Sequence[Signer], using: str) -> bytes:
        """Return the checkpoint's note: the one that was kept before a crash, or a new one, which is kept first."""
        kept = kept_checkpoint(checkpoint.size, using=using)
        if kept is not None:
            return kept
        note = sign(checkpoint.text, *signers)
        return keep_checkpoint(size=checkpoint.size, root=checkpoint.root, note=note, now=self.clock(), using=using)

    def _show(self, note: bytes, lines: Sequence[str]) -> None:
        shown = note + "".join(f"{line}\n" for line in lines).encode()
        if self.files.checkpoint() != shown:
            self.files.replace_checkpoint(shown)

    def _shown_head(self, using: str) -> Head | None:
        """Return the head that everybody sees; a checkpoint that none of our keys signed counts as none."""
        note = self.files.checkpoint()
        if note is None:
            return None
        vkeys = {key.vkey for key in announced_keys(using=using)} | {key.vkey for key in self.keys.signers()}
        try:
            checkpoint, _note = open_checkpoint(note, sorted(vkeys), self.keys.origin)
        except (InvalidNote, InvalidCheckpoint):
            return None
        return Head(checkpoint.size, checkpoint.root)

    def _write_files(self, old_size: int, head: Head, using: str) -> None:
        """Write bundles and tiles, and make sure that the head is the root over exactly what they hold."""
        try:
            rows = [stored_row(*row, using=using) for row in edge_rows(old_size)]
            tiles = GrowingTiles(old_size, rows)
            self.files.write(tiles.grow(entry_bodies(first_entry(old_size), head.size, using=using)))
        except KeyError as missing:
            raise TreeIsBroken(f"The tree of {head.size:,} leaves lacks {missing.args[0]}.") from missing
        if tiles.root != head.root:
            raise TreeIsBroken(f"The entries do not give the root of the tree of {head.size:,} leaves.")


def _require_consistency(old: Head, new: Head | None, using: str) -> None:
    size = new.size if new else 0
    if new is None or size < old.size:
        raise RolledBack(
            f"The tree has {size:,} leaves, and one of {old.size:,} was signed before: this database is older than "
            "what others hold. Nothing was sequenced or signed. Stop everything that writes to it and bring back a "
            "newer one: see 'Restoring a backup' in docs/runbook.md."
        )
    try:
        proof = consistency_between(old.size, size, using=using)
        verify_consistency(old_size=old.size, new_size=size, old_root=old.root, new_root=new.root, proof=proof)
    except KeyError as missing:
        raise TreeIsBroken(f"The tree of {size:,} leaves lacks a stored subtree: {missing.args[0]}.") from missing
    except InvalidProof as fault:
        raise Forked(
            f"The tree of {size:,} leaves does not begin with the one of {old.size:,} that was signed ({fault}). "
            "Nothing was signed. Keep this database as it is, and bring back the one that was signed: see 'When the "
            "sequencer refuses' in docs/runbook.md."
        ) from fault


class Pace:
    """Publishes at most once a second, and after a fault of the disk with growing pauses; sequencing goes on.

    While a backlog is worked off it publishes every ten seconds only. What waits the longest is late already, and an
    auditor's sample of a period that ended before should be drawn from all of it, not from what came first.
    """

    def __init__(
        self, publisher: Publisher, say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.publisher = publisher
        self._say = say
        self._monotonic = monotonic
        self._pause = PUBLISH_EVERY_SECONDS
        self._not_before = float("-inf")
        self._last = self._monotonic()

    @property
    def seconds_left(self) -> float:
        """How long until the next publication may be."""
        return max(0.0, self._not_before - self._monotonic())

    def publish_if_due(self, *, using: str, is_behind: bool = False) -> None:
        """Publish the newest head unless that was done less than a second ago, or ten while more entries wait."""
        if self.seconds_left or (is_behind and self._monotonic() < self._last + CATCHING_UP_SECONDS):
            return
        try:
            self.publisher.publish_head(using=using)
            self._pause = PUBLISH_EVERY_SECONDS
        except OSError as error:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
            self._say(f"The log's files cannot be written ({error}); trying again in {self._pause:g} s.")
        self._last = self._monotonic()
        self._not_before = self._last + self._pause
