"""A log on paper and the witness that countersigns it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.witness.paper_log import PaperLog
from tests.witness.running import RunningWitness


@pytest.fixture
def log() -> PaperLog:
    """An honest log."""
    return PaperLog()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningWitness]]:
    """Start witnesses that end with the test."""
    started: list[RunningWitness] = []

    def begin(*logs: str, folder: str = "witness") -> RunningWitness:
        started.append(RunningWitness(tmp_path / folder, *logs))
        return started[-1].start()

    yield begin
    for witness in started:
        witness.clean()


@pytest.fixture
def witness(log: PaperLog, start: Callable[..., RunningWitness]) -> RunningWitness:
    """A witness of the log that has never countersigned."""
    return start(log.signer.vkey)
