"""Two connections take their steps in every order; one that waits for a lock is passed over until it is free.

No threads: each connection's statement is sent and asked for later, and the server itself says who waits for whom
(``pg_blocking_pids``).
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import psycopg
from psycopg.pq import ExecStatus

Order = tuple[int, ...]

_PATIENCE: Final = 30.0
_FAILED = {ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.NONFATAL_ERROR}


def orders(*lengths: int) -> Iterator[Order]:
    """Yield every order in which hands with these numbers of steps can take turns."""
    slots = [hand for hand, length in enumerate(lengths) for _step in range(length)]
    if len(lengths) == 2:
        for places in itertools.combinations(range(sum(lengths)), lengths[0]):
            chosen = set(places)
            yield tuple(0 if place in chosen else 1 for place in range(sum(lengths)))
        return
    yield from sorted(set(itertools.permutations(slots)))


class Hand:
    """One connection with the statements that it was told to run."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.pid = self.connection.info.backend_pid
        self.waiting: deque[str] = deque()
        self.is_busy = False
        self.refusals: list[str] = []

    def step(self) -> None:
        """Send the next statement, or take the answer to the last one."""
        pg = self.connection.pgconn
        if self.is_busy:
            pg.consume_input()
            if pg.is_busy():
                return
            while (result := pg.get_result()) is not None:
                if result.status in _FAILED:
                    self.refusals.append((result.error_field(ord("C")) or b"").decode())
            self.is_busy = False
        if self.waiting:
            pg.send_query(self.waiting.popleft().encode())
            self.is_busy = True

    @property
    def is_done(self) -> bool:
        """Whether every statement has its answer."""
        return not self.is_busy and not self.waiting

    def reset(self) -> None:
        """Forget the last order."""
        self.connection.execute("ROLLBACK")
        self.refusals.clear()


class Table:
    """The hands around one table, and somebody who watches which of them wait."""

    def __init__(self, urls: Sequence[str], watcher_url: str) -> None:
        self.hands = [Hand(url) for url in urls]
        self.watcher = psycopg.connect(watcher_url, autocommit=True)

    def close(self) -> None:
        """Let everybody go."""
        for connection in (*(hand.connection for hand in self.hands), self.watcher):
            connection.close()

    def play(self, scripts: Sequence[Sequence[str]], order: Order) -> list[list[str]]:
        """Let each hand run its script in this order; return the SQLSTATEs with which each was refused."""
        left = [deque(script) for script in scripts]
        for turn in order:
            self.hands[turn].waiting.append(left[turn].popleft())
            self._advance(until_done=False)
        self._advance(until_done=True)
        refusals = [list(hand.refusals) for hand in self.hands]
        for hand in self.hands:
            hand.reset()
        return refusals

    def _advance(self, *, until_done: bool) -> None:
        """Go on until everybody is done, or, unless they must be, waits for somebody who is not at work."""
        until = time.monotonic() + _PATIENCE
        spins = 0
        while not all(hand.is_done for hand in self.hands):
            for hand in self.hands:
                hand.step()
            spins += 1
            busy = [hand for hand in self.hands if hand.is_busy]
            # When everybody waits it is a deadlock, which the server ends by itself.
            is_stuck = spins > 20 and 0 < len(busy) < len(self.hands) and all(self._waits(hand) for hand in busy)
            if is_stuck and not until_done:
                return
            if time.monotonic() > until:
                raise AssertionError("Somebody waits for ever.")
            if spins > 20:
                time.sleep(0.0005)

    def _waits(self, hand: Hand) -> bool:
        found = self.watcher.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [hand.pid]).fetchone()
        return bool(found and found[0])


def every_order(
    table: Table,
    scene: Callable[[], Sequence[Sequence[str]]],
    verdict: Callable[[], list[Any]],
    *,
    only: Callable[[int], bool] = lambda _number: True,
) -> tuple[int, list[tuple[Order, list[Any]]]]:
    """Play a scene, set anew each time, in every order; return how many there were and those whose verdict is bad.

    ``only`` chooses among the orders by their number.
    """
    played = 0
    wrong: list[tuple[Order, list[Any]]] = []
    lengths = [len(script) for script in scene()]
    for number, order in enumerate(orders(*lengths)):
        if not only(number):
            continue
        table.play(scene(), order)
        played += 1
        found = verdict()
        if found:
            wrong.append((order, found))
    return played, wrong
