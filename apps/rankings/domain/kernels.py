"""Which inner loops run: the compiled ones where they work, NumPy's otherwise, and why.

``python -m apps.rankings.domain.kernels`` compiles ahead of the first fit (at installation or at the start of a
worker), so that nobody waits for a compiler later.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np

from apps.rankings.domain import jackknife_numpy, kernels_numpy
from apps.rankings.domain.votes import Codes, Counts, Flags, Floats, Small

_Runs: TypeAlias = Callable[
    [Counts, Codes, Codes, Small, Floats, Floats, Floats, Floats, Floats, bool, Floats],
    None,
]
_Residuals: TypeAlias = Callable[[Codes, Codes, Small, Floats, Floats, Floats, Floats, Floats, Floats], None]
_Jackknife: TypeAlias = Callable[
    [Counts, Codes, Codes, Codes, Floats, Floats, Floats, Floats, Floats, Flags, Flags], Floats
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernels:
    """One set of inner loops; ``why`` says in a sentence why it is this one. Their meaning: ``kernels_numba``."""

    name: str
    why: str
    newton_runs: _Runs
    residuals: _Residuals
    grouped: Callable[[Codes, int], tuple[Counts, Codes]]
    contributors_per_model: Callable[[Counts, Codes, Codes, Codes, int], Counts]
    group_middle: Callable[[Counts, Codes, Codes, Codes, Floats, Floats, int], Floats]
    jackknife_middle: _Jackknife
    factor: Callable[[Floats, Floats], tuple[Floats, Flags]]
    solve: Callable[[Floats, Floats], Floats]
    product: Callable[[Floats, Floats], Floats]
    largest_contrasts: Callable[[Floats, Floats, Flags], Floats]


def numpy_kernels(why: str = "NumPy was asked for.") -> Kernels:
    """Return the loops that need no compiler."""
    return Kernels(
        name="numpy",
        why=why,
        newton_runs=kernels_numpy.newton_runs,
        residuals=kernels_numpy.residuals,
        grouped=kernels_numpy.grouped,
        contributors_per_model=kernels_numpy.contributors_per_model,
        group_middle=kernels_numpy.group_middle,
        jackknife_middle=jackknife_numpy.jackknife_middle,
        factor=kernels_numpy.factor,
        solve=kernels_numpy.solve,
        product=kernels_numpy.product,
        largest_contrasts=kernels_numpy.largest_contrasts,
    )


def compiled_kernels() -> Kernels:
    """Return the compiled loops, after running each of them once; raises whatever numba raises where they fail."""
    # Imported here, since a machine without numba still ranks.
    from apps.rankings.domain import jackknife_numba, kernels_numba  # noqa: PLC0415

    kernels = Kernels(
        name="numba",
        why="The loops are compiled.",
        newton_runs=kernels_numba.newton_runs,
        residuals=kernels_numba.residuals,
        grouped=kernels_numba.grouped,
        contributors_per_model=kernels_numba.contributors_per_model,
        group_middle=kernels_numba.group_middle,
        jackknife_middle=jackknife_numba.jackknife_middle,
        factor=kernels_numba.factor,
        solve=kernels_numba.solve,
        product=kernels_numba.product,
        largest_contrasts=kernels_numba.largest_contrasts,
    )
    _run_each(kernels)
    return kernels


@cache
def chosen_kernels() -> Kernels:
    """Return the compiled loops where they compile and run, else NumPy's with the reason in ``why``."""
    try:
        return compiled_kernels()
    except Exception as failure:  # noqa: BLE001  A missing, broken or forbidden compiler, or no room for its cache.
        reason = str(failure).strip().splitlines() or [""]
        return numpy_kernels(f"The compiled loops cannot run here ({type(failure).__name__}: {reason[0]}).")


def warm_up() -> Kernels:
    """Compile every loop, or load it from the cache, and return what later fits of this process will use."""
    return chosen_kernels()


def _run_each(kernels: Kernels) -> None:
    """Run every loop on three votes, which compiles it for the one set of types that the engine uses."""
    low, high = np.array([0, 0, 1], np.int32), np.array([1, 2, 2], np.int32)
    score2, starts = np.array([2, 0, 1], np.int8), np.array([0, 1, 2, 3], np.int64)
    z, weight = np.array([[0.1, -0.2, 0.3]]), np.ones(3)
    theta, beta, u, v = np.zeros(3), np.zeros(1), np.zeros(3), np.zeros(3)
    kernels.newton_runs(starts, low, high, score2, weight, weight, z, theta, beta, False, np.zeros((3, 5)))
    kernels.residuals(low, high, score2, weight, z, theta, beta, u, v)
    group_starts, order = kernels.grouped(np.array([0, 1, 2], np.int32), 3)
    kernels.contributors_per_model(group_starts, order, low, high, 3)
    kernels.group_middle(group_starts, order, low, high, u, np.zeros((3, 1)), 3)
    lower, _ = kernels.factor(np.eye(4), np.ones(4))
    inverse = kernels.product(kernels.solve(lower, np.eye(4)), np.eye(4))
    passed_over, skipped = np.zeros(3, np.bool_), np.zeros(4, np.bool_)
    kernels.jackknife_middle(group_starts, order, low, high, u, v, z, inverse, 9 * np.eye(4), passed_over, skipped)
    kernels.largest_contrasts(np.zeros((1, 3)), np.ones((3, 3)), np.ones((3, 3), np.bool_))


if __name__ == "__main__":
    began = time.perf_counter()
    kernels = warm_up()
    sys.stdout.write(f"{kernels.name}: {kernels.why} Ready in {time.perf_counter() - began:.1f} s.\n")
