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
from apps.rankings.domain.votes import Codes, Columns, Counts, Flags, Floats, Small, Words

_Newton: TypeAlias = Callable[
    [Codes, Floats, Floats, Columns, Floats, Floats, bool, int, Floats, Floats, Floats, Floats], None
]
_Climb: TypeAlias = Callable[
    [Codes, Floats, Floats, Columns, Codes, Codes, Floats, int, Floats],
    tuple[int, Floats, Floats, Floats, Floats, Floats],
]
_Scores: TypeAlias = Callable[[Codes, Floats, Columns, Codes, Codes, Codes, int, Floats, Floats], None]
_Jackknife: TypeAlias = Callable[
    [Counts, Codes, Codes, Codes, Floats, Floats, Floats, Floats, Floats, Flags, Flags], Floats
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernels:
    """One set of inner loops; ``why`` says in a sentence why it is this one. Their meaning: ``kernels_numba``."""

    name: str
    why: str
    newton_block: _Newton
    climb: _Climb | None
    style_facts: Callable[[Floats, Counts, int, int, Floats], None]
    add_scores: _Scores
    middle_of: Callable[[Floats, Floats], Floats]
    count_said: Callable[[Codes, Codes, Small, int, Counts], None]
    encode: Callable[[Codes, Codes, Small, int, Codes, Codes], None]
    meet: Callable[[Codes, Codes, Codes, Words, int], None]
    count_met: Callable[[Words, int, int], Counts]
    first_and_last: Callable[[Codes, Codes, Codes, Codes], None]
    grouped: Callable[[Codes, int], tuple[Counts, Codes]]
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
        newton_block=kernels_numpy.newton_block,
        climb=None,
        style_facts=kernels_numpy.style_facts,
        add_scores=kernels_numpy.add_scores,
        middle_of=kernels_numpy.middle_of,
        count_said=kernels_numpy.count_said,
        encode=kernels_numpy.encode,
        meet=kernels_numpy.meet,
        count_met=kernels_numpy.count_met,
        first_and_last=kernels_numpy.first_and_last,
        grouped=kernels_numpy.grouped,
        jackknife_middle=jackknife_numpy.jackknife_middle,
        factor=kernels_numpy.factor,
        solve=kernels_numpy.solve,
        product=kernels_numpy.product,
        largest_contrasts=kernels_numpy.largest_contrasts,
    )


def compiled_kernels() -> Kernels:
    """Return the compiled loops, after running each of them once; raises whatever numba raises where they fail."""
    # Imported here, since a machine without numba still ranks.
    from apps.rankings.domain import algebra_numba, climb_numba, counting_numba, jackknife_numba, kernels_numba  # noqa: PLC0415

    kernels = Kernels(
        name="numba",
        why="The loops are compiled.",
        newton_block=kernels_numba.newton_block,
        climb=climb_numba.climb,
        style_facts=kernels_numba.style_facts,
        add_scores=kernels_numba.add_scores,
        middle_of=kernels_numba.middle_of,
        count_said=counting_numba.count_said,
        encode=counting_numba.encode,
        meet=counting_numba.meet,
        count_met=counting_numba.count_met,
        first_and_last=counting_numba.first_and_last,
        grouped=counting_numba.grouped,
        jackknife_middle=jackknife_numba.jackknife_middle,
        factor=algebra_numba.factor,
        solve=algebra_numba.solve,
        product=algebra_numba.product,
        largest_contrasts=algebra_numba.largest_contrasts,
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
    outcome, who, code = np.array([0, 1, 2], np.int8), np.array([0, 1, 2], np.int32), np.zeros(3, np.int32)
    met, meaning = np.zeros(3, np.uint64), np.zeros(36, np.int32)
    kernels.count_said(low, high, outcome, 3, np.zeros(36, np.int64))
    kernels.encode(low, high, outcome, 3, meaning, code)
    kernels.meet(low, high, who, met, 1)
    kernels.count_met(met, 1, 3)
    kernels.first_and_last(code, who, np.zeros(3, np.int32), np.zeros(3, np.int32))
    flat, starts, none = np.array([0.1, -0.2, 0.3]), np.zeros(1, np.int64), np.zeros(0, np.int8)
    weight, u, v, theta = np.ones(3), np.zeros(3), np.zeros(3), np.zeros(3)
    kernels.style_facts(flat, starts, 1, 3, np.zeros((1, 3)))
    style: Columns = (flat, starts, 1, np.ones(1), none)
    kernels.newton_block(
        code, weight, weight, style, theta, np.zeros(1), False, 512, np.zeros((3, 3)), np.zeros(2), u, v
    )
    if kernels.climb is not None:
        kernels.climb(code, weight, weight, style, low, high, np.zeros(4), 3, np.array([1e-10, 1e-7, 1e-3, 3]))
    kernels.add_scores(code, u, style, who, low, high, 0, np.zeros((3, 3)), np.zeros((1, 3)))
    kernels.middle_of(np.zeros((3, 3)), np.zeros((1, 3)))
    group_starts, order = kernels.grouped(who, 3)
    lower, _ = kernels.factor(np.eye(4), np.ones(4))
    inverse = kernels.product(kernels.solve(lower, np.eye(4)), np.eye(4))
    passed_over, skipped, z = np.zeros(3, np.bool_), np.zeros(4, np.bool_), np.zeros((1, 3))
    kernels.jackknife_middle(group_starts, order, low, high, u, v, z, inverse, 9 * np.eye(4), passed_over, skipped)
    kernels.largest_contrasts(np.zeros((1, 3)), np.ones((3, 3)), np.ones((3, 3), np.bool_))


if __name__ == "__main__":
    began = time.perf_counter()
    kernels = warm_up()
    sys.stdout.write(f"{kernels.name}: {kernels.why} Ready in {time.perf_counter() - began:.1f} s.\n")
