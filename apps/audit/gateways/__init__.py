"""What the log touches outside its database: its keys, its public files, and its witnesses."""

from apps.audit.gateways.keys import KeyFolder, KeysInUse, SignerMemory
from apps.audit.gateways.tiles import TileStore

__all__ = ["KeyFolder", "KeysInUse", "SignerMemory", "TileStore"]
