"""The sequencer as a process: it starts with its own address alone, shares nothing, stops cleanly and comes back."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.models import Entry, Leaf
from apps.audit.queries import log_overview
from tests.audit.garden import plant, plant_many, sequence_what_was_there
from tests.audit.press import ORIGIN, Press, assert_the_shown_log_holds
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


def wait_for_publication(press: Press) -> None:
    """Wait until everybody sees a checkpoint over all entries that are there now."""
    count, until = Entry.objects.count(), time.monotonic() + PATIENCE
    while ((shown := press.shown()) is None and count) or (shown is not None and shown.size < count):
        assert time.monotonic() < until, f"{shown} and {count} entries"
        time.sleep(0.02)


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
def test_what_was_committed_is_published_within_five_seconds(
    start: Callable[[str], Sequencer], database_urls: dict[str, str], press: Press
) -> None:
    sequencer = start(database_urls["sequencer"])
    sequencer.says("Sequencing")
    wait_for_publication(press)
    lags = []
    for _ in range(5):
        plant(1)
        began = time.monotonic()
        wait_for_publication(press)
        lags.append(time.monotonic() - began)
    # A busy machine may hold one of them up, and hardly all.
    assert min(lags) < 5, lags
    assert sequencer.end() == 0
    assert_the_shown_log_holds(press)


@pytest.mark.committed
def test_it_catches_up_after_a_pause(
    start: Callable[[str], Sequencer], database_urls: dict[str, str], press: Press
) -> None:
    plant(3)
    first = start(database_urls["sequencer"])
    first.says("Sequencing")
    wait_for_publication(press)
    seen = press.shown()
    assert first.end() == 0
    plant_many(1_000)
    start(database_urls["sequencer"]).says("entries wait")
    wait_for_publication(press)
    assert_the_shown_log_holds(press, seen)


@pytest.mark.committed
def test_one_that_was_stopped_in_the_middle_keeps_its_successor_from_signing(
    start: Callable[[str], Sequencer], database_urls: dict[str, str], press: Press
) -> None:
    """A stopped process loses its connection and the database's lock; it must not wake up and sign beside another."""
    plant(3)
    first = start(database_urls["sequencer"])
    first.says("Sequencing")
    wait_for_publication(press)
    seen = press.shown()
    first.process.send_signal(signal.SIGSTOP)
    with psycopg.connect(database_urls["admin"], autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'showdown_sequencer'")
    second = start(database_urls["sequencer"])
    second.says("Another sequencer is at work with these keys")
    plant(3)
    time.sleep(2)
    assert press.shown() == seen
    first.process.send_signal(signal.SIGCONT)
    first.says("trying again")
    wait_for_publication(press)
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second.says("Sequencing")
    plant(3)
    wait_for_publication(press)
    assert_the_shown_log_holds(press, seen)
    assert second.end() == 0


@pytest.mark.committed
def test_on_an_older_database_it_gives_no_leaf(
    start: Callable[[str], Sequencer], database_urls: dict[str, str], press: Press
) -> None:
    before = sequence_what_was_there()
    press.memory.remember(Checkpoint(ORIGIN, before + 1, bytes(32)))
    plant(3)
    sequencer = start(database_urls["sequencer"])
    sequencer.says(f"RolledBack: The tree has {before} leaves, and one of {before + 1} was signed before")
    assert sequencer.process.wait(PATIENCE) == 1
    assert Leaf.objects.count() == before
    assert press.files.checkpoint() is None


@pytest.mark.committed
def test_without_its_key_it_gives_no_leaf(
    start: Callable[[str], Sequencer], database_urls: dict[str, str], press: Press
) -> None:
    before = sequence_what_was_there()
    shutil.rmtree(press.keys)
    plant(3)
    sequencer = start(database_urls["sequencer"])
    sequencer.says("NoKey: The folder of the log's keys")
    assert sequencer.process.wait(PATIENCE) == 1
    assert Leaf.objects.count() == before


def test_without_its_address_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(connections.settings, "sequencer")
    with pytest.raises(CommandError, match="DATABASE_SEQUENCER_URL"):
        call_command("run_sequencer")


def test_a_batch_has_a_size() -> None:
    with pytest.raises(CommandError, match="at least one"):
        call_command("run_sequencer", batch=0)
