"""Sequencers that are at work at once: forked from a process that has everything imported, so that many can be killed.

``multiprocessing`` imports this module into the process that is forked from, which has no threads and no connections.
"""

import multiprocessing
import signal
import threading
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import django

django.setup()

from django.db import connections  # noqa: E402 - Models need Django to be set up.
from django.utils import timezone  # noqa: E402

from apps.audit.flows import keep_sequencing  # noqa: E402
from tests.audit.press import Press  # noqa: E402

_FORKING: Final = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload([__name__])


def start_sequencer(press: Press, *, batch: int = 1_000) -> BaseProcess:
    """Start a sequencer on the test's database."""
    database = connections.settings["sequencer"]["NAME"]
    process = _FORKING.Process(target=_sequence, args=(database, press.keys, press.public, batch))
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """Kill it as nobody can refuse, and wait until it is gone."""
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"it had ended by itself with {process.exitcode}"
    process.close()


def _sequence(database: str, keys: Path, public: Path, batch: int) -> None:
    for alias in connections.settings:
        connections.settings[alias]["NAME"] = database
    keep_sequencing(
        using="sequencer",
        publisher=Press(keys, public).publisher(),
        stop=threading.Event(),
        say=lambda _line: None,
        clock=timezone.now,
        batch=batch,
    )
