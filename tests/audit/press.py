"""A press that publishes the garden's log into a folder of the test, and a reader who trusts nothing but its key."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from apps.audit.domain.checkpoint import Checkpoint, open_checkpoint
from apps.audit.domain.merkle import consistency_proof, leaf_hash, root_hash, verify_consistency
from apps.audit.domain.note import Signer, sign
from apps.audit.domain.tiles import decode_bundle, decode_tile, new_bundles, tiles_of
from apps.audit.flows import NoWitnesses, Publisher, Witnessing
from apps.audit.gateways import KeyFolder, SignerMemory, TileStore
from tests.conftest import NOON

ORIGIN: Final = "garden.example/log"


@dataclass
class Press:
    """The keys' folder and the public one, and what publishes from one to the other."""

    keys: Path
    public: Path

    def __post_init__(self) -> None:
        self.key_folder = KeyFolder(self.keys, ORIGIN)
        self.memory = SignerMemory(self.keys, ORIGIN)
        self.files = TileStore(self.public)

    @classmethod
    def new(cls, folder: Path) -> "Press":
        """Make a key and an empty memory."""
        press = cls(folder / "log-keys", folder / "transparency")
        press.key_folder.make()
        press.another_key()
        press.memory.begin()
        return press

    def another_key(self) -> Signer:
        """Make a key that signs from now on."""
        signer = self.key_folder.prepared()
        self.key_folder.activate(signer.key_id.hex())
        return signer

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process to this press."""
        return {
            "SHOWDOWN_LOG_ORIGIN": ORIGIN,
            "SHOWDOWN_LOG_KEYS": str(self.keys),
            "SHOWDOWN_LOG_FILES": str(self.public),
        }

    def publisher(self, witnessing: Witnessing | None = None, at: datetime = NOON) -> Publisher:
        """Return a publisher that remembers nothing, as after a start."""
        return Publisher(
            files=self.files,
            keys=self.key_folder,
            memory=self.memory,
            clock=lambda: at,
            witnessing=witnessing or NoWitnesses(),
        )

    def publish(self) -> int:
        """Publish the newest head, as after a start; return its size."""
        head = self.publisher().publish_head(using="sequencer")
        return head.size if head else 0

    @property
    def vkeys(self) -> list[str]:
        """The public halves of all keys that sign."""
        return [signer.vkey for signer in self.key_folder.signers()]

    def shown(self) -> Checkpoint | None:
        """Return the checkpoint that everybody sees, after checking its signature."""
        note = self.files.checkpoint()
        return None if note is None else open_checkpoint(note, self.vkeys, ORIGIN)[0]

    def entries(self, size: int) -> Iterator[bytes]:
        """Return the entries of the bundles that a tree of this size has."""
        for bundle in new_bundles(0, size):
            data = self.files.read(bundle)
            assert data is not None, bundle.path
            yield from decode_bundle(data, bundle.width)


def assert_the_shown_log_holds(press: Press, seen: Checkpoint | None = None) -> Checkpoint | None:
    """Check everything that is public from its bytes alone, and that it begins with what was seen before."""
    shown = press.shown()
    if shown is None:
        assert seen is None, "what was shown before is gone"
        return None
    hashes = [leaf_hash(entry) for entry in press.entries(shown.size)]
    assert len(hashes) == shown.size
    assert root_hash(hashes) == shown.root
    for tile in tiles_of(shown.size):
        data = press.files.read(tile)
        assert data is not None, tile.path
        width = 256**tile.level
        assert decode_tile(data, tile.width) == [
            root_hash(hashes[at * width : (at + 1) * width])
            for at in range(256 * tile.index, 256 * tile.index + tile.width)
        ]
    if seen is not None:
        verify_consistency(
            old_size=seen.size,
            new_size=shown.size,
            old_root=seen.root,
            new_root=shown.root,
            proof=consistency_proof(hashes, seen.size, shown.size),
        )
    return shown


def forged(checkpoint: Checkpoint) -> bytes:
    """Return the checkpoint as somebody signs it who has made a key of the log's name."""
    return sign(checkpoint.text, Signer.from_seed(ORIGIN, b"mallory" + bytes(25)))


def text_of(note: bytes) -> str:
    """Return a note with its signatures replaced by the names of those who signed."""
    text, _blank, lines = note.decode().rpartition("\n\n")
    return "\n".join([text, *(line.split()[1] for line in lines.splitlines())])


def root_in_base64(checkpoint: Checkpoint) -> str:
    """Return the root as the third line of a checkpoint spells it."""
    return base64.b64encode(checkpoint.root).decode()
