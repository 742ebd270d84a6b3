"""``manage.py recluster``: compare the founders of all clusters by the rules in force, and show how far it is."""

import sys
from typing import Any

from apps.audit.management.base import RecordedCommand
from apps.licensing.flows import recluster


class Command(RecordedCommand):
    """Do what the task does when clause P3 has new numbers."""

    help = "Merge clusters that clause P3 makes one, and keep apart what resembles something sold."

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare in this process."""
        found = recluster(actor=self.actor, report=self._report)
        self.stdout.write(
            f"Compared: {found.founders:,} founders; {found.signed:,} signed anew, {found.merged:,} pairs merged, "
            f"{found.near_released:,} kept apart from what was sold."
        )

    def _report(self, phase: str, done: int) -> None:
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{phase}: {done:,} founders".ljust(40), ending=end)
