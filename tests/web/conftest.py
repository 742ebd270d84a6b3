"""The arena, for stories that end at the auditor's desk."""

from tests.battles.conftest import arena

__all__ = ["arena"]
