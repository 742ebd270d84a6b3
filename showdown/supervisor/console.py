"""What the person at the terminal reads: one line per phase, with its seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Console:
    """Lines on standard output; a phase that takes long is named before it begins."""

    def __init__(self) -> None:
        self._open_line = False

    def say(self, line: str = "") -> None:
        """Print a line, below the phase that is being told if there is one."""
        self.break_line()
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def break_line(self) -> None:
        """Let what somebody else prints begin on a line of its own."""
        if self._open_line:
            self._open_line = False
            sys.stdout.write("\n")
            sys.stdout.flush()

    def note(self, line: str) -> None:
        """Print an indented line."""
        self.say(f"  {line}")

    @contextmanager
    def phase(self, what: str) -> Iterator[None]:
        """Name what begins, and how long it took when it ended well."""
        began = time.monotonic()
        sys.stdout.write(f"  {what} … ")
        sys.stdout.flush()
        self._open_line = True
        try:
            yield
        except BaseException:
            self.break_line()
            raise
        told = f"{time.monotonic() - began:.1f} s"
        if self._open_line:
            self._open_line = False
            sys.stdout.write(f"{told}\n")
        else:
            sys.stdout.write(f"    done in {told}\n")
        sys.stdout.flush()
