"""How an address asks for a board: one value of one attribute, of a declared pair of them, or an imported file."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from apps.rankings.domain.membership import ATTRIBUTES, EVERYONE, DeclaredList, board_name

__all__ = ["ATTRIBUTES", "CUTS", "EVERYONE", "TARGETS", "methods_asked", "name_of", "segment_asked", "values_asked"]

#: What the leaderboard's filters offer.
CUTS: Final = (*ATTRIBUTES, "dataset")
#: The boards beside the one that counts votes as their pairs were drawn.
TARGETS: Final = ("uniform", "population", "in_flow")

_VALUE: Final = re.compile(r"[\w+-]{1,32}")
#: It stands for what no board can be named after.
_NOBODY: Final = "?"


def name_of(attribute: str, value: str) -> str:
    """Return a segment's name, such as ``country=BR``."""
    return board_name([(attribute, value)])


def values_asked(given: Callable[[str], str | None]) -> dict[str, str]:
    """Return the filters that an address sets, by attribute; ``given`` returns a parameter's last value.

    A value that is none keeps its filter and finds no board: somebody's typing error must not widen what is shown.
    """
    found = {}
    for cut in CUTS:
        # A plus sign that somebody typed into an address arrives as a blank.
        value = (given(cut) or "").replace(" ", "+")
        if value:
            found[cut] = value if _VALUE.fullmatch(value) else _NOBODY
    return found


def segment_asked(chosen: Mapping[str, str], declared: DeclaredList) -> str:
    """Return the name of the board with these values. Raises ``NotOnTheList``.

    An imported file has one board of its own and no cuts.
    """
    if set(chosen) == {"dataset"}:
        return name_of("dataset", chosen["dataset"])
    return declared.name_of(chosen)


def methods_asked(*, style: str, target: str) -> tuple[str, ...]:
    """Return the methods of the boards that answer, the best one first; none where there is no such target.

    A file without replies has a plain board only, which then stands in for the styled one.
    """
    if target:
        return (target,) if target in TARGETS else ()
    return ("plain",) if style == "off" else ("styled", "plain")
