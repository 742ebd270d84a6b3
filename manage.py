#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

# What these write is meant for others: the web server's files.
_FOR_OTHERS = {"collectstatic", "run_sequencer"}


def main() -> None:
    """Run one management command."""
    # Whatever else a command writes is a copy on the side, and its user's alone.
    if not _FOR_OTHERS.intersection(sys.argv[1:2]):
        os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "showdown.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
