"""The format pair-totals: no single votes, only how often each pair of models ended how."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from apps.battles.domain.formats.rows import BadRow, BattleRow, Reading, UnreadableFile, Winner
from apps.battles.domain.formats.text import Lines
from apps.battles.domain.formats.values import UnfitValue, name

NAME: Final = "pair-totals"
KEYS: Final = ("models", "X", "Y")
LARGEST: Final = 256 * 1024 * 1024

#: Beyond this a count is no longer exact in floating point.
MOST: Final = 2**53

_OUTCOMES: Final = (Winner.MODEL_A, Winner.MODEL_B, Winner.TIE, Winner.BOTH_BAD)


@dataclass(frozen=True, slots=True)
class _Whole:
    size: int
    done: int


def read_pair_totals(path: Path, latest: datetime | None = None) -> Reading:
    """Read ``{"models": [names], "X": [[i, j]], "Y": [[wins of i, wins of j, ties, both bad]]}``.

    Every outcome of a pair becomes one row with its ``count``; a row's line is the pair's place in X, from 1. There
    are no dates for ``latest`` to judge. Raises ``UnreadableFile``.
    """
    whole = load_object(path)
    models, pairs, totals = (_list(whole, key, path) for key in KEYS)
    try:
        names = [name(model, f"model {place}") for place, model in enumerate(models)]
    except UnfitValue as unfit:
        raise UnreadableFile(f"{path}: {unfit}.") from unfit
    if len(set(names)) < len(names):
        raise UnreadableFile(f"{path}: two models have the same name.")
    if len(pairs) != len(totals):
        raise UnreadableFile(f"{path}: X has {len(pairs)} pairs, and Y has {len(totals)}.")

    def found() -> Iterator[BattleRow | BadRow]:
        votes = 0
        for place, (pair, total) in enumerate(zip(pairs, totals, strict=True), start=1):
            for battle in _battles(place, pair, total, names):
                votes += battle.count if isinstance(battle, BattleRow) else 0
                if votes > MOST:
                    raise UnreadableFile(f"{path} counts more than {MOST:,} votes by pair {place}, which nobody cast.")
                yield battle

    size = path.stat().st_size
    return Reading(path=path, format_name=NAME, source=_Whole(size, size), found=found())


def load_object(path: Path) -> dict[str, object]:
    """Return the one JSON object of a file; raises ``UnreadableFile``."""
    lines = Lines(path)
    if lines.size > LARGEST:
        raise UnreadableFile(f"{path} is larger than {LARGEST >> 20} MiB, which no file of totals is.")
    try:
        whole = json.loads("".join(line for _, line in lines))
    except (ValueError, RecursionError) as failure:
        raise UnreadableFile(f"{path} is not JSON: {failure}.") from failure
    if not isinstance(whole, dict):
        raise UnreadableFile(f"{path} is not in the format {NAME}: it is not a JSON object.")
    return whole


def _list(whole: dict[str, object], key: str, path: Path) -> list[object]:
    found = whole.get(key)
    if not isinstance(found, list):
        there = ", ".join(whole) or "nothing"
        raise UnreadableFile(f"{path} is not in the format {NAME}: it lacks the list {key}; it has {there}.")
    return found


def _battles(place: int, pair: object, total: object, names: list[str]) -> Iterator[BattleRow | BadRow]:
    models, counts = _whole_numbers(pair, 2), _whole_numbers(total, len(_OUTCOMES))
    if models is None or counts is None:
        yield BadRow(place, "X needs two and Y four whole numbers that are not negative")
        return
    first, second = models
    if max(first, second) >= len(names) or first == second:
        yield BadRow(place, f"the pair {first}, {second} does not name two of the {len(names)} models")
        return
    for outcome, count in zip(_OUTCOMES, counts, strict=True):
        if count:
            yield BattleRow(model_a=names[first], model_b=names[second], winner=outcome, line=place, count=count)


def _whole_numbers(value: object, many: int) -> list[int] | None:
    if not isinstance(value, list) or len(value) != many:
        return None
    found = [number for number in value if isinstance(number, int) and not isinstance(number, bool)]
    return found if len(found) == many and all(0 <= number < MOST for number in found) else None
