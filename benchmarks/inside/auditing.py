"""Casts votes with their entries in the log and without, in turn, on the database that the environment names."""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

from benchmarks.inside.casting import Ballots, speed_of, through_the_service

CLIENTS: Final = (8, 32)
_VOTING: Final = "apps.battles.services.voting"


@contextmanager
def without_the_entry() -> Iterator[None]:
    """Let the service write everything but the entry; what the entry alone would tell is not gathered either."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch(f"{_VOTING}.record", _nothing))
        for facts in ("facts_of_vote", "opened_draw"):
            stack.enter_context(mock.patch(f"{_VOTING}.{facts}", _no_facts))
        yield


def _nothing(*_told: Any, **_more: Any) -> None:
    """Take the place of ``record`` and cost nothing, unlike a mock."""


def _no_facts(*_told: Any, **_more: Any) -> dict[str, str]:
    return {}


def measure(ballots: Ballots, *, clients: int, votes: int, pairs: int) -> dict[str, float]:
    """Cast the votes both ways in turn; return the medians of votes per second, and of the pairs' ratios."""
    ways: Mapping[str, Callable[[], Any]] = {"audited": ExitStack, "bare": without_the_entry}
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(pairs + 1):
        for way in sorted(ways, reverse=bool(number % 2)):
            battles = ballots.waiting(votes)
            works = [through_the_service(ballots, battles[start::clients]) for start in range(clients)]
            with ways[way]():
                speed = speed_of(works, votes)
            if number:  # The first pair warms both ways up.
                speeds[way].append(speed)
    ratios = [audited / bare for audited, bare in zip(speeds["audited"], speeds["bare"], strict=True)]
    return {
        "clients": clients,
        **{way: statistics.median(found) for way, found in speeds.items()},
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


def main() -> None:
    """Measure so many votes in so many pairs, and print the numbers as JSON."""
    votes, pairs = map(int, sys.argv[1:])
    ballots = Ballots()
    json.dump([measure(ballots, clients=clients, votes=votes, pairs=pairs) for clients in CLIENTS], sys.stdout)


if __name__ == "__main__":
    main()
