"""Passes over the blocks of a board: on several threads, and added up in the order of the blocks."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: More threads than this only wait for memory.
MOST_THREADS: Final = 8


def threads() -> int:
    """Return how many processors this process may use, within reason."""
    try:
        here = len(os.sched_getaffinity(0))
    except AttributeError:  # Only Linux tells.
        here = os.cpu_count() or 1
    return max(1, min(MOST_THREADS, here))


def in_order(work: Callable[[T], R], parts: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Do the work on every part, a few at once, and yield part and result in the order of the parts.

    The parts may be read from a disk: only a few more than there are threads are held. One part alone, or one
    processor, starts no thread.
    """
    coming = iter(parts)
    few = list(islice(coming, 2))
    several = threads()
    if len(few) < 2 or several < 2:  # noqa: PLR2004  One part has nothing to run beside it.
        for part in chain(few, coming):
            yield part, work(part)
        return
    with ThreadPoolExecutor(several) as pool:
        running: deque[tuple[T, Future[R]]] = deque()
        for part in chain(few, coming):
            running.append((part, pool.submit(work, part)))
            if len(running) > several + 1:
                done, future = running.popleft()
                yield done, future.result()
        while running:
            done, future = running.popleft()
            yield done, future.result()
