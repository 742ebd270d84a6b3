"""How pages name the boards of segments."""

from typing import Final

from apps.rankings.domain.membership import EVERYONE

__all__ = ["ATTRIBUTES", "EVERYONE", "name_of"]

#: What the leaderboard's filters offer.
ATTRIBUTES: Final = ("country", "language")


def name_of(attribute: str, value: str) -> str:
    """Return a segment's name, such as ``country=BR``."""
    return f"{attribute}={value}"
