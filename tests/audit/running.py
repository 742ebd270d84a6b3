"""The sequencer as a process of its own, as the platform runs it, on the keys and files of a press."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.audit.press import Press

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 30.0


class Sequencer:
    """A running ``manage.py run_sequencer`` and what it says."""

    def __init__(self, url: str, press: Press, *, program: Sequence[str] = ("manage.py", "run_sequencer")) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not (name.startswith("DATABASE_") or name.startswith("PYTEST_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, *program],
            cwd=REPOSITORY,
            env=kept | press.environment | {"DATABASE_SEQUENCER_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)

    def says(self, words: str) -> str:
        """Wait for a line with these words."""
        until, heard = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until:
            try:
                line = self._lines.get(timeout=0.2)
            except queue.Empty:
                continue
            heard += line
            if words in line:
                return line
        raise AssertionError(f"The sequencer never said {words!r}, but:\n{heard}")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status
