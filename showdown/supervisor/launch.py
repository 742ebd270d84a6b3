"""Replaces itself with a program that gives up privileges and never outlives the process that asked for it.

Run by path (``python -I -S launch.py …``) and only on the standard library: forking a program with threads and
then running Python in the child, as ``preexec_fn`` does, can hang.
"""

import argparse
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _die_with_parent(parent: int, death_signal: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The parent may have died before the line above: nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit("the process that asked for this one is gone")


def main() -> None:
    """Set user, group and death signal, then become the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", default="SIGTERM")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("program", nargs="+")
    asked = parser.parse_args()
    if asked.uid is not None:
        os.setgroups([])
        os.setgid(asked.gid)
        os.setuid(asked.uid)
    # After setuid, which clears the death signal.
    _die_with_parent(asked.parent, signal.Signals[asked.death_signal])
    os.execvp(asked.program[0], asked.program)  # noqa: S606 - no shell is wanted.


if __name__ == "__main__":
    main()
