"""Readers of public battle files: pure, streaming, and patient with rows but not with files."""

from apps.battles.domain.formats.registry import FORMATS, Format, format_named, guess_format, read_battles
from apps.battles.domain.formats.rows import BadRow, BattleRow, Reading, UnreadableFile, Winner

__all__ = [
    "FORMATS",
    "BadRow",
    "BattleRow",
    "Format",
    "Reading",
    "UnreadableFile",
    "Winner",
    "format_named",
    "guess_format",
    "read_battles",
]
