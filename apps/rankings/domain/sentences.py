"""A night's statements beside those of the nights before: one family, and shown once they held three times in a row."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from apps.rankings.domain.comparing import FALSE_SHARE, NIGHTS, benjamini_hochberg

Told = Mapping[str, Any]

_DIGITS: Final = 2
#: What has two digits already may be this much more of its last one in binary.
_ROUNDING: Final = 1e-9


def upwards(p: float) -> float:
    """Return a p-value as it is told: two digits, never smaller than it is."""
    if p <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(p)) - _DIGITS + 1)
    # Written out and read again, so that 0.47 is told as 0.47.
    return min(1.0, float(f"{math.ceil(p / unit - _ROUNDING) * unit:.{_DIGITS - 1}e}"))


def tonight(fresh: Sequence[Told], before: Sequence[Told], standing: frozenset[str]) -> list[dict[str, Any]]:
    """Return all statements of a snapshot, each with whether it ``holds``, for how many ``nights``, and ``shown``.

    ``fresh`` are those of the boards that are published anew, ``before`` the statements of the last snapshot, of which
    those on ``standing`` boards stay as they are: such a night says nothing new of them. All p-values together are one
    family (Benjamini and Hochberg 1995), computed from them as they are told, so that whoever reads them can do the
    same. A statement counts the nights in a row, among those on which its board was published anew, that it held.
    """
    last = {_key(one): one for one in before}
    carried = [dict(one) for one in before if one["segment"] in standing]
    holds = benjamini_hochberg(np.array([one["p"] for one in (*fresh, *carried)], np.float64), FALSE_SHARE).tolist()
    told = []
    for one, held in zip(fresh, holds[: len(fresh)], strict=True):
        nights = int(last.get(_key(one), {}).get("nights", 0)) + 1 if held else 0
        told.append({**one, "holds": held, "nights": nights, "shown": nights >= NIGHTS})
    return sorted([*told, *carried], key=lambda one: (one["segment"], one["kind"]))


def _key(one: Told) -> tuple[str, str, Any]:
    return one["kind"], one["segment"], one.get("model")
