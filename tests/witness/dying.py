"""Runs showdown-witness and kills it, without any farewell, before the n-th change that it makes on the disk.

Called as ``dying.py N serve …``; with N = 0 it lives, and tells on standard error which changes it makes.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from showdown_witness.cli import main

CHANGES = ("open", "write", "fsync", "replace", "link", "unlink")
dies_before = int(sys.argv.pop(1))
turns = itertools.count(1)


def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that dies instead of making the change whose turn it is."""

    def change(*arguments: Any, **options: Any) -> Any:
        if dies_before == 0:
            sys.stderr.write(f"change {name}\n")
            sys.stderr.flush()
        elif next(turns) == dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return change


for each in CHANGES:
    setattr(os, each, counting(each, getattr(os, each)))
sys.exit(main())
