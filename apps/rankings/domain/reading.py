"""From a file of battles to the columns that the engine takes, in batches of columns or row by row."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from apps.battles.domain.formats import BattleRow, Reading, format_named, generic, guess_format
from apps.battles.domain.formats.batches import NotColumnar, Quoted, open_batches
from apps.battles.domain.formats.rows import Source
from apps.battles.domain.formats.text import usable_file
from apps.rankings.domain.columns import gather_batches
from apps.rankings.domain.intake import LOOKED_AT, Gathered, Wanted, columns_of, gather

_ROWS_A_LOOK: Final = 1024
#: A CSV file of so many bytes is read by rows before a quicker reader has been loaded.
_SMALL: Final = 2 * 1024 * 1024

#: Told now and then how far a file has been read.
Watch = Callable[[Source], None]


def gather_file(
    path: Path,
    wanted: Wanted,
    *,
    format_name: str | None = None,
    latest: datetime | None = None,
    watch: Watch = lambda source: None,
    columns: bool | None = None,
) -> Gathered:
    """Read what a board needs of a file in the named format, or in the one that its columns show.

    The file may be larger than memory: about 14 bytes stay of each row, and 8 of each style column. Parquet files and
    larger CSV files in the generic format are read in batches of ``columns``, unless that is False, or there is
    anything in them that only a reader of rows can judge. All others are read by rows, which takes longer and gives
    the same; of small ones it takes less, and True asks for columns nevertheless.

    A battle dated after ``latest`` (aware) is a bad row. Raises ``UnreadableFile`` and ``UnfitForRanking``.
    """
    chosen = guess_format(path) if format_name is None else format_named(format_name)
    usable_file(path)
    if chosen.name != generic.NAME:
        return _by_rows(chosen.read(path, latest), wanted, watch=watch, there=None)

    def there() -> set[str]:
        return {name for row in islice(generic.read_generic(path, latest), LOOKED_AT) for name in columns_of(row)}

    if columns is None:
        columns = path.suffix.lower() != ".csv" or path.stat().st_size > _SMALL
    found = _by_columns(path, wanted, latest=latest, watch=watch, there=there) if columns else None
    if found is not None:
        return found
    return _by_rows(generic.read_generic(path, latest, wanted.needs), wanted, watch=watch, there=there)


def _by_columns(
    path: Path, wanted: Wanted, *, latest: datetime | None, watch: Watch, there: Callable[[], set[str]]
) -> Gathered | None:
    """Return what the columns give, None where rows have to be read."""
    for quotes in (False, True):
        try:
            with open_batches(path, wanted.needs, latest=latest, quotes=quotes) as batches:
                return gather_batches(batches, wanted, there=there, watch=watch)
        except Quoted:
            continue
        except NotColumnar:
            break
    return None


def _by_rows(reading: Reading, wanted: Wanted, *, watch: Watch, there: Callable[[], set[str]] | None) -> Gathered:
    def rows() -> Iterator[BattleRow]:
        for number, row in enumerate(reading):
            yield row
            if number % _ROWS_A_LOOK == 0:
                watch(reading.source)

    gathered = gather(rows(), style=wanted.style, cluster=wanted.cluster, segment=wanted.segment, there=there)
    return replace(gathered, bad=reading.bad_total, first_bad=reading.bad[0] if reading.bad else None)
