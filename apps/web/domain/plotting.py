"""Lines over time: where every point falls on a drawing, in per cent across and in pixels down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.web.domain.axis import Axis

HEIGHT: Final = 240
_TOP: Final = 12
_BOTTOM: Final = 28
#: Room for the numbers of the scale at the start and for the last point at the end, in per cent.
_START: Final = 12.0
_END: Final = 98.0


@dataclass(frozen=True, slots=True)
class Point:
    """One value with its interval (None where there is none) at one moment."""

    at: datetime
    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the drawing: per cent from its start, pixels from its top; the ends of its interval where known."""

    x: float
    y: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Plot:
    """Series of marks on one scale; ``ticks`` are values with their pixels from the top, ``ends`` the first and last
    moment (None without a point)."""

    series: tuple[tuple[Mark, ...], ...]
    ticks: tuple[tuple[float, float], ...]
    ends: tuple[datetime, datetime] | None


def plot_of(series: Sequence[Sequence[Point]]) -> Plot:
    """Lay out series (each in the order of time) on one scale of time and one of values; what is not finite is left."""
    kept = [[point for point in points if math.isfinite(point.value)] for points in series]
    every = [point for points in kept for point in points]
    if not every:
        return Plot(series=tuple(() for _points in kept), ticks=(), ends=None)
    first, last = min(point.at for point in every), max(point.at for point in every)
    seconds = (last - first).total_seconds()
    ends = [end for point in every for end in (point.value, point.lower, point.upper) if end is not None]
    axis = Axis.fitting([end for end in ends if math.isfinite(end)])

    def down(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * axis.share(value) / 100

    def mark(point: Point) -> Mark:
        # One night alone stands in the middle.
        share = (point.at - first).total_seconds() / seconds if seconds else 0.5
        low, high = (None if end is None or not math.isfinite(end) else down(end) for end in (point.lower, point.upper))
        return Mark(x=_START + (_END - _START) * share, y=down(point.value), low=low, high=high)

    return Plot(
        series=tuple(tuple(mark(point) for point in points) for points in kept),
        ticks=tuple((tick, down(tick)) for tick in axis.ticks),
        ends=(first, last),
    )
