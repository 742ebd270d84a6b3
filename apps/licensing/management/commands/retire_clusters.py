"""``manage.py retire_clusters``: retire every cluster that is past the wall now, and show how many."""

import sys
from typing import Any

from apps.audit.management.base import RecordedCommand
from apps.licensing.flows import retire_due_clusters


class Command(RecordedCommand):
    """Do what the nightly task does."""

    help = "Certify every cluster whose last live event is old enough, by the database's clock."

    def handle(self, *args: Any, **options: Any) -> None:
        """Retire in this process."""
        retired = retire_due_clusters(actor=self.actor, report=self._report)
        self.stdout.write(f"Retired: {retired:,} clusters.")

    def _report(self, retired: int) -> None:
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{retired:,} clusters".ljust(30), ending=end)
