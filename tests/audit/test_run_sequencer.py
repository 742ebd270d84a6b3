"""The sequencer as a process: it starts with its own address alone, shares nothing, stops cleanly and comes back."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from apps.audit.models import Entry, Leaf
from apps.audit.queries import log_overview
from tests.audit.garden import plant, sequence_what_was_there
from tests.audit.press import Press
from tests.audit.running import PATIENCE, Sequencer
from tests.database import OwnPostgres


@pytest.fixture
def press(tmp_path: Path) -> Press:
    """Make the keys and the public folder of the test's log."""
    return Press.new(tmp_path)


@pytest.fixture
def start(press: Press) -> Iterator[Callable[[str], Sequencer]]:
    """Start sequencers that end with the test."""
    started: list[Sequencer] = []

    def run(url: str) -> Sequencer:
        started.append(Sequencer(url, press))
        return started[-1]

    yield run
    for sequencer in started:
        if sequencer.process.poll() is None:
            sequencer.end(signal.SIGKILL)


def wait_for_leaves(count: int) -> None:
    until = time.monotonic() + PATIENCE
    while Leaf.objects.count() < count:
        assert time.monotonic() < until, f"{Leaf.objects.count()} of {count} leaves"
        time.sleep(0.02)
    assert Leaf.objects.count() == count
    assert log_overview().size == count


@pytest.mark.committed
def test_entries_get_leaves_within_a_second_or_two(
    start: Callable[[str], Sequencer], database_urls: dict[str, str]
) -> None:
    before = sequence_what_was_there()
    sequencer = start(database_urls["sequencer"])
    sequencer.says(f"Sequencing: {before} leaves so far")
    plant(3)
    wait_for_leaves(before + 3)
    began = time.monotonic()
    plant(2)
    wait_for_leaves(before + 5)
    assert time.monotonic() - began < 5
    assert sequencer.end() == 0
    sequencer.says("Stopped cleanly after 5 leaves.")


@pytest.mark.committed
def test_a_second_sequencer_stands_by_and_takes_over(
    start: Callable[[str], Sequencer], database_urls: dict[str, str]
) -> None:
    before = sequence_what_was_there()
    first = start(database_urls["sequencer"])
    first.says("Sequencing")
    second = start(database_urls["sequencer"])
    second.says("Another sequencer is at work with these keys; waiting")
    plant(4)
    wait_for_leaves(before + 4)
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second.says(f"Sequencing: {before + 4} leaves so far")
    plant(4)
    wait_for_leaves(before + 8)
    assert second.end(signal.SIGINT) == 0


@pytest.mark.committed
def test_a_waiting_sequencer_stops_when_told(start: Callable[[str], Sequencer], database_urls: dict[str, str]) -> None:
    with psycopg.connect(database_urls["sequencer"], autocommit=True) as other:
        from apps.audit.services.sequencing import LOCK

        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        second = start(database_urls["sequencer"])
        second.says("Another sequencer")
        assert second.end() == 0


@contextmanager
def default_at(server: OwnPostgres) -> Iterator[None]:
    """Lead the application's connection to a server that belongs to the test."""
    import dj_database_url

    connections.close_all()
    settings = connections.settings["default"]
    before = dict(settings)
    # Over a socket the host stands among the options.
    settings.update(dj_database_url.parse(server.variables["DATABASE_URL"]))
    try:
        yield
    finally:
        connections.close_all()
        settings.update(before)


@pytest.mark.committed
def test_it_comes_back_after_the_database_was_restarted(
    start: Callable[[str], Sequencer], embedded_postgres_factory: Callable[[], OwnPostgres]
) -> None:
    server = embedded_postgres_factory()
    with default_at(server):
        sequencer = start(server.variables["DATABASE_SEQUENCER_URL"])
        sequencer.says("Sequencing")
        plant(3)
        before = Entry.objects.count()
        wait_for_leaves(before)
        connections.close_all()
        server.server.stop()
        sequencer.says("trying again in 1 s")
        server.server.start()
        sequencer.says(f"Sequencing: {before} leaves so far")
        plant(3)
        wait_for_leaves(before + 3)
        assert sequencer.end() == 0


@pytest.mark.committed
@pytest.mark.slow
def test_killed_every_second_it_leaves_a_whole_tree(
    start: Callable[[str], Sequencer], database_urls: dict[str, str]
) -> None:
    from tests.audit.test_sequence_waiting import assert_the_tree_is_whole

    done = threading.Event()

    def write() -> None:
        try:
            while not done.is_set():
                plant(5)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for thread in writers:
        thread.start()
    for _ in range(8):
        sequencer = start(database_urls["sequencer"])
        sequencer.says("Sequencing")
        time.sleep(1)
        sequencer.end(signal.SIGKILL)
    done.set()
    for thread in writers:
        thread.join()
    last = start(database_urls["sequencer"])
    last.says("Sequencing")
    until = time.monotonic() + PATIENCE
    while log_overview().waiting:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert_the_tree_is_whole()
    assert last.end() == 0


def test_without_its_address_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(connections.settings, "sequencer")
    with pytest.raises(CommandError, match="DATABASE_SEQUENCER_URL"):
        call_command("run_sequencer")


def test_a_batch_has_a_size() -> None:
    with pytest.raises(CommandError, match="at least one"):
        call_command("run_sequencer", batch=0)
