"""The process that gives every entry of the log its place in the tree, and signs and publishes the tree's heads."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from apps.audit.domain.stopped import PublicationStopped
from apps.audit.flows import BATCH, keep_sequencing
from apps.audit.management.publisher import publisher_from_settings
from apps.audit.services import TreeIsBroken


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C, as the database role showdown_sequencer.

    It refuses nobody anything and cannot write entries, so it is no ``RecordedCommand``.
    """

    help = "Gives waiting log entries their leaves and publishes the log; one at work, further ones stand by."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch", type=int, default=BATCH, help="most entries in one transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sequence until told to stop."""
        if "sequencer" not in connections.databases:
            raise CommandError("Set DATABASE_SEQUENCER_URL to the address with which the sequencer connects.")
        if options["batch"] < 1:
            raise CommandError("A batch has at least one entry.")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: stop.set())
        publisher = publisher_from_settings(using="sequencer", say=self._say)
        try:
            given = keep_sequencing(
                using="sequencer",
                publisher=publisher,
                stop=stop,
                say=self._say,
                clock=timezone.now,
                batch=options["batch"],
            )
        except TreeIsBroken as broken:
            raise CommandError(f"{broken} Nothing was signed; see docs/log.md.") from broken
        except PublicationStopped as stopped:
            raise CommandError(f"{type(stopped).__name__}: {stopped}") from stopped
        self._say(f"Stopped cleanly after {given:,} leaves.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
