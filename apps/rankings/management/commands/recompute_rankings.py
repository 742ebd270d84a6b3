"""``manage.py recompute_rankings``: recompute every board now, and show how far it is."""

import sys
import time
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.rankings.flows import recompute_open_run
from apps.rankings.services import RefitAlreadyRunning, request_refit


class Command(RecordedCommand):
    """Recompute every board and publish the snapshot."""

    help = "Recompute every board from the votes and publish the snapshot. Finishes a run that a dead worker left."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the recomputation in this process."""
        try:
            request_refit(actor=self.actor, now=timezone.now())
        except RefitAlreadyRunning:
            self.stderr.write("A recomputation is already open; this one finishes it if nobody is working on it.")
        started = time.monotonic()
        snapshot = recompute_open_run(actor=self.actor, report=self._report)
        if snapshot is None:
            raise CommandError("Another process is recomputing right now. Watch it on the page “Work in progress”.")
        self.stdout.write(
            f"Published {snapshot.ref}: {snapshot.votes_counted:,} votes, {snapshot.boards.count()} boards, "
            f"{time.monotonic() - started:.1f} s."
        )

    def _report(self, phase: str, done: int, total: int) -> None:
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{phase}: {done:,} of {total:,}".ljust(60), ending=end)
