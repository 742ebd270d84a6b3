"""The common axis of a column of intervals: where it starts and ends, its ticks, and where a value falls on it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

# A step reads well when it is one of these times a power of ten.
_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# The share of the data's width that stays empty on either side, so that no interval touches the frame.
_MARGIN = 0.05
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class Axis:
    """A horizontal scale in the unit of its data, with ticks in ascending order inside it.

    `band` is a stretch that is shaded behind every row (usually the interval of the first one), or None.
    """

    start: float
    end: float
    ticks: tuple[float, ...] = ()
    band: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end) and self.start < self.end):
            raise ValueError(f"An axis runs from a smaller to a larger finite number, not {self.start} to {self.end}.")

    @classmethod
    def fitting(
        cls, values: Iterable[float], *, wanted_ticks: int = 4, band: tuple[float, float] | None = None
    ) -> "Axis":
        """Fit an axis to all `values` (lower and upper ends alike), with about `wanted_ticks` round ticks.

        No value at all gives the empty axis from 0 to 1 without ticks. A value that is not finite, or that is
        beyond 1e15 in size, is refused with a ValueError: it would flatten every other interval to a dot.
        """
        found = list(values)
        if wanted_ticks < 1:
            raise ValueError("An axis needs at least one tick.")
        if not all(math.isfinite(value) and abs(value) <= _LARGEST for value in found):
            raise ValueError("An axis holds finite numbers of at most 1e15.")
        if not found:
            return cls(0.0, 1.0)
        lowest, highest = min(found), max(found)
        # Equal values, and values that differ by less than doubles can show, still need room to be drawn in.
        if highest == lowest:
            room = max(1.0, abs(highest) * 0.01)
        else:
            room = _MARGIN * max(highest - lowest, abs(highest) * 1e-9, abs(lowest) * 1e-9, 1e-9)
        start, end = lowest - room, highest + room
        return cls(start, end, _round_ticks(start, end, wanted_ticks), band)

    def share(self, value: float) -> float:
        """Return where `value` falls, in percent of the axis from its start; what lies outside is cut to 0 or 100."""
        share = 100.0 * (value - self.start) / (self.end - self.start)
        return min(100.0, max(0.0, share))

    @property
    def decimals(self) -> int:
        """Say how many decimals the ticks need to be told apart."""
        if len(self.ticks) <= 1:
            return 0
        step = self.ticks[1] - self.ticks[0]
        for decimals in range(12):
            if abs(round(step, decimals) - step) < step * 1e-6:
                return decimals
        return 12


def _round_ticks(start: float, end: float, wanted: int) -> tuple[float, ...]:
    step = _round_step((end - start) / wanted)
    first, last = math.ceil(start / step), math.floor(end / step)
    # Ticks are multiples of the step: adding the step up would gather rounding errors.
    return tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    # Nearest by ratio: 3 is as far from 2.5 as from 3.6, and so the number of ticks stays near what was wanted.
    return power * min(_ROUND_STEPS, key=lambda step: abs(math.log(power * step / raw)))
