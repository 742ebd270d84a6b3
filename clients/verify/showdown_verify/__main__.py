"""Run as ``python -m showdown_verify`` or as the single file ``showdown-verify.pyz``."""

import importlib.util
import sys
from typing import Final

OLDEST: Final = (3, 11)
UNCHECKED: Final = 2


def run() -> int:
    """Run the command, or say what is missing; returns the exit status."""
    if sys.version_info < OLDEST:
        sys.stderr.write("showdown-verify needs Python 3.11 or newer.\n")
        return UNCHECKED
    if importlib.util.find_spec("cryptography") is None:
        sys.stderr.write("showdown-verify needs the package cryptography: python3 -m pip install cryptography\n")
        return UNCHECKED
    from showdown_verify.cli import main  # noqa: PLC0415 - Only now is it known that it can be imported.

    return main()


if __name__ == "__main__":
    sys.exit(run())
