"""What the log does beside its database: sequencing and publishing without end, and asking witnesses."""

from apps.audit.flows.cosigning import Countersigning, WitnessRounds
from apps.audit.flows.publishing import NoWitnesses, Publisher, Witnessing
from apps.audit.flows.reading import PublicProof, Published, publicly_proved, published_checkpoint
from apps.audit.flows.sequencing import BATCH, keep_sequencing

__all__ = [
    "BATCH",
    "Countersigning",
    "NoWitnesses",
    "PublicProof",
    "Published",
    "Publisher",
    "WitnessRounds",
    "Witnessing",
    "keep_sequencing",
    "publicly_proved",
    "published_checkpoint",
]
