"""What the log touches outside its database: its keys, its public files, and its witnesses."""

from apps.audit.gateways.keys import KeyFolder, KeysInUse, SignerMemory
from apps.audit.gateways.tiles import TileStore
from apps.audit.gateways.witnesses import HttpWitnesses, NullWitnesses, Question, Reply, Silence, WitnessClient

__all__ = [
    "HttpWitnesses",
    "KeyFolder",
    "KeysInUse",
    "NullWitnesses",
    "Question",
    "Reply",
    "SignerMemory",
    "Silence",
    "TileStore",
    "WitnessClient",
]
