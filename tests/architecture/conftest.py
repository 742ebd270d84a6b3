"""The arena, for contracts that are tried on a running platform."""

from tests.battles.conftest import arena

__all__ = ["arena"]
