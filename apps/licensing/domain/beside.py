"""Two steps of one piece of work at the same time: the next is fetched while the last is worked on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

Thing = TypeVar("Thing")


class Beside:
    """One thread that works beside the caller's own, one step behind or ahead of it and never more.

    So no more than two things are in memory at once, and they are worked on in the order in which they came. What goes
    wrong there is raised here: by the next call, or when the block ends.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        """Begin; the thread comes with the first step."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Wait for the thread, whatever has happened; then raise what went wrong there unless something did here."""
        self._thread.shutdown(wait=True)
        if kind is None:
            self._settle()

    def do(self, step: Callable[[], None]) -> None:
        """Let the thread take a step when it has finished the one before, and go on."""
        self._settle()
        self._last = self._thread.submit(step)

    def ahead(self, things: Iterator[Thing]) -> Iterator[Thing]:
        """Yield things, each of which the thread fetches while the caller works on the one before."""
        coming = self._thread.submit(_next_of, things)
        while found := coming.result():
            coming = self._thread.submit(_next_of, things)
            yield found[0]

    def _settle(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.result()


def _next_of(things: Iterator[Thing]) -> list[Thing]:
    return list(islice(things, 1))
