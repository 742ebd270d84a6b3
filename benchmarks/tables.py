"""What a section of the benchmarks is, and how its table reads in Markdown."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Measured rows under their heads; ``notes`` are sentences below the table."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        """Return the table in Markdown; the first column stands left, the others right."""
        rule = ["---", *("--:" for _ in self.heads[1:])]
        lines = [_row(self.heads), _row(rule), *map(_row, self.rows)]
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes)]) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: ``run(quick)`` measures and returns its table; ``quick`` asks for small sizes, to try the code.

    A module of this package that has a ``SECTION`` takes part.
    """

    name: str
    title: str
    run: Callable[[bool], Table]


def median_seconds(
    action: Callable[[], Thing], *, times: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, Thing]:
    """Return the median duration of some runs in seconds, and what the last of them returned.

    ``clock`` may be ``time.process_time``: for work on one core it tells the same, and a busy machine cannot spoil it.
    """
    durations = []
    for _ in range(times):
        began = clock()
        answer = action()
        durations.append(clock() - began)
    return statistics.median(durations), answer


def seconds(value: float) -> str:
    """Return a duration in a unit that suits it."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def machine() -> str:
    """Return a sentence about the machine and the versions that were measured."""
    packages = ("numpy", "numba", "scipy", "statsmodels", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
