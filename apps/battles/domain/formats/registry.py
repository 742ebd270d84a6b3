"""The formats by name, and which of them a file is in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from apps.battles.domain.formats import generic, llmfao, pair_totals
from apps.battles.domain.formats.pair_totals import load_object
from apps.battles.domain.formats.rows import Reading, UnreadableFile
from apps.battles.domain.formats.tables import open_table, separator_hint
from apps.battles.domain.formats.text import Lines, usable_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format: the columns (or keys) by which it is known, and its reader.

    ``single_votes`` is False where a file holds totals only, which can be ranked and not imported.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Path, datetime | None], Reading]
    single_votes: bool = True


#: In the order in which a file's columns are compared with them: the pickiest first.
FORMATS: Final[dict[str, Format]] = {
    known.name: known
    for known in (
        Format(name=pair_totals.NAME, columns=pair_totals.KEYS, read=pair_totals.read_pair_totals, single_votes=False),
        Format(name=llmfao.NAME, columns=llmfao.COLUMNS, read=llmfao.read_llmfao),
        Format(name=generic.NAME, columns=generic.COLUMNS, read=generic.read_generic),
    )
}


def format_named(name: str) -> Format:
    """Return a format by its name; raises ``UnreadableFile`` naming those that exist."""
    if name not in FORMATS:
        raise UnreadableFile(f"There is no format {name}; there are {', '.join(sorted(FORMATS))}.")
    return FORMATS[name]


def guess_format(path: Path) -> Format:
    """Return the format whose columns a file has; raises ``UnreadableFile`` where none fits."""
    columns = _columns(path)
    for known in FORMATS.values():
        if set(known.columns) <= set(columns):
            return known
    there = ", ".join(columns) or "no columns"
    known_columns = "; ".join(f"{known.name} ({', '.join(known.columns)})" for known in reversed(FORMATS.values()))
    raise UnreadableFile(
        f"{path} is in no known format: it has {there}. Known are {known_columns}.{separator_hint(columns)}"
    )


def read_battles(path: Path, format_name: str | None = None, *, latest: datetime | None = None) -> Reading:
    """Open a file of battles in the named format, or in the one that its columns show.

    A battle dated after ``latest`` (aware) is a bad row. Raises ``UnreadableFile`` here where the file is none of ours,
    and while reading where it breaks off.
    """
    chosen = guess_format(path) if format_name is None else format_named(format_name)
    return chosen.read(usable_file(path), latest)


def _columns(path: Path) -> tuple[str, ...]:
    usable_file(path)
    if path.suffix.lower() == ".json":
        for _, line in Lines(path):
            if line.strip():
                if line.lstrip().startswith("{"):
                    return tuple(load_object(path))
                break
    return open_table(path).columns
