"""What the person at the terminal reads: one line per phase, with its seconds."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Console:
    """Lines on standard output; a phase that takes long is named before it begins."""

    def __init__(self) -> None:
        self._open_line = False

    def say(self, line: str = "") -> None:
        """Print a line, below the phase that is being told if there is one."""
        self.break_line()
        self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads any more (`make demo | head`): what runs must still be stopped in order.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - Open for as long as the process lives.

    def break_line(self) -> None:
        """Let what somebody else prints begin on a line of its own."""
        if self._open_line:
            self._open_line = False
            self._write("\n")

    def note(self, line: str) -> None:
        """Print an indented line."""
        self.say(f"  {line}")

    @contextmanager
    def phase(self, what: str) -> Iterator[None]:
        """Name what begins, and how long it took when it ended well."""
        began = time.monotonic()
        self._write(f"  {what} … ")
        self._open_line = True
        try:
            yield
        except BaseException:
            self.break_line()
            raise
        told = f"{time.monotonic() - began:.1f} s"
        if self._open_line:
            self._open_line = False
            self._write(f"{told}\n")
        else:
            self._write(f"    done in {told}\n")
