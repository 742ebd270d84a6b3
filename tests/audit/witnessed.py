"""A press that gives waiting entries their leaves, signs the head, has it witnessed and publishes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.cosigning import CosignatureLine
from apps.audit.domain.note import Cosigner, open_note, sign
from apps.audit.flows import Countersigning, Publisher
from apps.audit.gateways import KeyFolder, SignerMemory, TileStore
from apps.audit.models import Witness
from apps.audit.queries import CheckpointRow, checkpoint_of
from apps.audit.services import add_witness, announce_key, keep_cosignature, sequence_waiting
from tests.conftest import NOON

OPERATOR = Actor.system("audit.log_key")


@dataclass(slots=True)
class WitnessedPress:
    """One log's keys in a folder of the test's own, and its witnesses; ``now`` is the time on its clock."""

    folder: Path
    now: datetime = NOON
    cosigners: dict[int, Cosigner] = field(default_factory=dict)
    keys: KeyFolder = field(init=False)
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        origin = settings.LOG_ORIGIN
        self.keys = KeyFolder(self.folder / "keys", origin)
        memory = SignerMemory(self.folder / "keys", origin)
        self.keys.make()
        signer = self.keys.prepared()
        announce_key(actor=OPERATOR, vkey=signer.vkey, now=NOON)
        self.keys.activate(signer.key_id.hex())
        memory.begin()
        self.publisher = Publisher(
            files=TileStore(settings.LOG_FILES),
            keys=self.keys,
            memory=memory,
            clock=lambda: self.now,
            witnessing=self,
        )

    @property
    def vkey(self) -> str:
        """The public key of the log."""
        return self.keys.signers()[0].vkey

    def add_witness(self, name: str, owner: User | None = None, *, is_asked: bool = True) -> Cosigner:
        """Register a witness, of an auditor or of nobody here, that signs whatever it is asked from now on."""
        cosigner = Cosigner.generate(name)
        witness = add_witness(
            actor=Actor.system("audit.log_witness"),
            vkey=cosigner.vkey,
            address="http://127.0.0.1:9" if is_asked else "",
            owner_pseudonym=owner.pseudonym if owner else "",
            ties="",
            now=NOON,
        )
        if is_asked:
            self.cosigners[witness.pk] = cosigner
        return cosigner

    def countersign(self, wanted: Countersigning) -> Sequence[str]:
        """Countersign as every witness that is asked, and keep the signatures."""
        lines = []
        for number, cosigner in self.cosigners.items():
            line = self.line_of(cosigner, wanted.checkpoint)
            keep_cosignature(
                using="sequencer",
                size=wanted.checkpoint.size,
                witness_id=number,
                verified=CosignatureLine(line, int(self.now.timestamp())),
                now=self.now,
            )
            lines.append(line)
        return lines

    def line_of(self, cosigner: Cosigner, checkpoint: Checkpoint, *, at: datetime | None = None) -> str:
        """Return a witness's signature line under a checkpoint."""
        signed = sign(checkpoint.text, cosigner.at(int((at or self.now).timestamp())))
        return open_note(signed, [cosigner.vkey]).signatures[0].line

    def publish(self, *, now: datetime | None = None) -> CheckpointRow:
        """Sequence whatever waits, publish the head, and return its checkpoint."""
        self.now = now or self.now
        while sequence_waiting(using="sequencer", limit=1000, now=self.now):
            pass
        head = self.publisher.publish_head(using="sequencer")
        assert head is not None
        row = checkpoint_of(head.size)
        assert row is not None
        return row

    def stop_witness(self, name: str) -> None:
        """Let a witness be asked in vain from now on."""
        for number in Witness.objects.filter(name=name).values_list("pk", flat=True):
            self.cosigners.pop(number, None)


@pytest.fixture
def press(_django_db_helper: None, settings: Any, tmp_path: Path) -> WitnessedPress:
    """Publish the log of a committed test into a folder of its own."""
    settings.LOG_FILES = tmp_path / "transparency"
    return WitnessedPress(tmp_path)
