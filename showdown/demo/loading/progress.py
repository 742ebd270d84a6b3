"""How far the load is, on the terminal: a bar that moves, or one line for each phase where nobody watches."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

_WIDTH = 28
_REDRAW_EVERY = 0.1  # seconds
_TELLS_FROM = 0.05  # Before that share of the work nobody can tell how long the rest will take.


class Progress:
    """A bar over all phases; each phase has a weight, about its seconds, and a number of things to do."""

    def __init__(self, out: TextIO, phases: Sequence[tuple[str, float]]) -> None:
        self._out = out
        self._is_watched = out.isatty()
        self._weights = dict(phases)
        self._whole = sum(self._weights.values())
        self._behind = 0.0
        self._began = time.monotonic()
        self._drawn_at = 0.0

    @contextmanager
    def phase(self, name: str, total: int = 0) -> Iterator["Phase"]:
        """Show one phase while it runs."""
        began = time.monotonic()
        running = Phase(self, name, total)
        running.tick(0)
        yield running
        self._behind += self._weights[name]
        if self._is_watched:
            self.draw(name, total, total, within=0.0, now=True)
        else:
            count = f" ({total:,})" if total else ""
            self._line(f"  {name}{count} … {time.monotonic() - began:.1f} s")

    def draw(self, name: str, done: int, total: int, *, within: float, now: bool = False) -> None:
        """Draw the bar; ``within`` is the share of this phase that is done."""
        moment = time.monotonic()
        if not self._is_watched or (moment - self._drawn_at < _REDRAW_EVERY and not now):
            return
        self._drawn_at = moment
        share = min(1.0, (self._behind + within * self._weights[name]) / self._whole)
        spent = moment - self._began
        left = f"about {max(1, round(spent / share - spent))} s left" if share > _TELLS_FROM else ""
        count = f" {done:,} of {total:,}" if total else ""
        bar = ("█" * round(share * _WIDTH)).ljust(_WIDTH, "░")
        self._out.write(f"\r\x1b[K  {bar} {share:4.0%}  {name}{count}  {left}"[:150])
        self._out.flush()

    def end(self, line: str) -> None:
        """Replace the bar by a last line."""
        self._line(f"\r\x1b[K  {line}" if self._is_watched else f"  {line}")

    def _line(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()


class Phase:
    """One running phase."""

    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress, self._name, self._total = progress, name, total

    def tick(self, done: int, of: int | None = None) -> None:
        """Say how much is done; ``of`` is for a phase that learns on the way how much there is to do."""
        total = self._total if of is None else of
        self._progress.draw(self._name, done, total, within=done / total if total else 0.0)
