"""The sequencer's life: take the locks, listen, give leaves, publish, and come back when the database was away."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Final, cast

import psycopg
from django.db import DatabaseError, InterfaceError, connections

from apps.audit.flows.publishing import Pace, Publisher
from apps.audit.gateways import KeysInUse
from apps.audit.queries import log_overview
from apps.audit.services.recording import CHANNEL
from apps.audit.services.sequencing import LOCK, SequencerBusy, SequencerMemory, sequence_waiting

BATCH: Final = 10_000
POLL_SECONDS: Final = 1.0
BREATH_SECONDS: Final = 0.2
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 15.0


def keep_sequencing(
    *,
    using: str,
    publisher: Publisher,
    stop: threading.Event,
    say: Callable[[str], None],
    clock: Callable[[], datetime],
    batch: int = BATCH,
) -> int:
    """Sequence and publish until ``stop`` is set, and return how many entries got a leaf.

    Every error of the database ends in a new connection after a pause that doubles up to 15 seconds. Another
    sequencer's presence is waited out. ``TreeIsBroken`` and ``PublicationStopped`` end it: a person must look.
    """
    given, pause = 0, FIRST_PAUSE_SECONDS
    try:
        while not stop.is_set():
            try:
                with ExitStack() as held:
                    if not _stand_in_line(using, publisher, held, stop, say):
                        break
                    for count in _batches(using, Pace(publisher, say), stop, clock, batch):
                        given += count
                        pause = FIRST_PAUSE_SECONDS
            except (DatabaseError, InterfaceError, psycopg.Error, SequencerBusy) as error:
                reason = str(error).strip().partition("\n")[0] or type(error).__name__
                say(f"The database does not answer as it should ({reason}); trying again in {pause:g} s.")
                _let_go(using)
                stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    finally:
        _let_go(using)
    return given


def _stand_in_line(
    using: str, publisher: Publisher, held: ExitStack, stop: threading.Event, say: Callable[[str], None]
) -> bool:
    """Take the locks of the keys and, for as long as the connection lives, of the database; False when stopped.

    The keys' lock is the one that a process keeps when it is stopped in the middle and its connection is lost, so that
    it can never sign or publish beside its successor.
    """
    waits = False
    while not stop.is_set():
        reason = "Another sequencer is at work on this database"
        try:
            with ExitStack() as attempt:
                attempt.enter_context(publisher.keys.held())
                if _raw(using).execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() == (True,):
                    held.push(attempt.pop_all())
                    publisher.require_continuity(using=using)
                    _raw(using).execute(f"LISTEN {CHANNEL}")
                    overview = log_overview(using=using)
                    say(f"Sequencing: {overview.size:,} leaves so far, {overview.waiting:,} entries wait.")
                    return True
        except KeysInUse:
            reason = "Another sequencer is at work with these keys"
        if not waits:
            say(f"{reason}; waiting for it to stop.")
            waits = True
        stop.wait(POLL_SECONDS)
    return False


def _batches(using: str, pace: Pace, stop: threading.Event, clock: Callable[[], datetime], batch: int) -> Iterator[int]:
    """Yield the size of each batch; sleep whenever nothing waits."""
    # The connection is new or another sequencer may have been here, so nothing is remembered from before.
    memory = SequencerMemory()
    while not stop.is_set():
        count = sequence_waiting(using=using, limit=batch, now=clock(), memory=memory)
        yield count
        is_behind = count >= batch
        pace.publish_if_due(using=using, is_behind=is_behind)
        if not is_behind:
            # Under constant writing this bounds the tree heads to a few in a second.
            stop.wait(BREATH_SECONDS)
        if not count:
            _sleep_until_woken(using, min(POLL_SECONDS, pace.seconds_left))


def _sleep_until_woken(using: str, seconds: float) -> None:
    """Wait for a writer's notification, and for so long at most."""
    for _notice in _raw(using).notifies(timeout=seconds, stop_after=1):
        return


def _raw(using: str) -> "psycopg.Connection[Any]":
    connections[using].ensure_connection()
    return cast("psycopg.Connection[Any]", connections[using].connection)


def _let_go(using: str) -> None:
    """Close the connection; the server releases the lock with it."""
    connection = connections[using]
    try:
        if connection.connection is not None:
            connection.connection.close()
        connection.close()
    except (DatabaseError, InterfaceError, psycopg.Error):
        connection.connection = None
