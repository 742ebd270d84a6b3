"""Two versions of a text side by side in time: which lines stayed, went and came."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Fate = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison; `before` and `after` are its numbers in the two texts, from 1, or None."""

    fate: Fate
    text: str
    before: int | None
    after: int | None


def compare(old: str, new: str) -> tuple[Line, ...]:
    """Compare two texts line by line; within a changed stretch the lines that went come first."""
    return tuple(_lines(old.splitlines(), new.splitlines()))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            for offset, text in enumerate(old[old_start:old_end]):
                yield Line("same", text, old_start + offset + 1, new_start + offset + 1)
            continue
        for number, text in enumerate(old[old_start:old_end], old_start + 1):
            yield Line("gone", text, number, None)
        for number, text in enumerate(new[new_start:new_end], new_start + 1):
            yield Line("new", text, None, number)
