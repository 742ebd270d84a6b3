"""How the inner loops are compiled: on first use, kept on the disk, without fastmath or numba's own threads."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first use, keep the machine code on disk where numba finds a place to write, and keep the types."""
    try:
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # Neither the source's folder nor the user's cache can be written: compile in each process.
        return cast("Callable[P, R]", numba.njit(nogil=True)(function))
