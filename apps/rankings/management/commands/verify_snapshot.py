"""``manage.py verify_snapshot ID``: compute a snapshot again from the votes, and say whether it holds."""

import argparse
import sys
from typing import Any

from django.core.management.base import CommandError

from apps.audit.management.base import RecordedCommand
from apps.rankings.flows import Verdict, verify_snapshot
from apps.rankings.queries import snapshot_numbered


class Command(RecordedCommand):
    """Verify a published snapshot."""

    help = (
        "Compute a published snapshot again from the votes. Exit status 0 where it holds, also but for votes of people "
        "who were erased since; 1 where it differs."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the snapshot's number."""
        parser.add_argument("snapshot", type=int, metavar="ID", help="the snapshot's number")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute it again and tell what was found."""
        snapshot = snapshot_numbered(options["snapshot"])
        if snapshot is None:
            raise CommandError(f"There is no published snapshot {options['snapshot']}.")
        found = verify_snapshot(snapshot=snapshot, report=self._report)
        for check in found.checks:
            self.stdout.write(f"{'ok     ' if check.holds else 'DIFFERS'}  {check.says}")
        for difference in found.largest:
            self.stdout.write(f"         {difference}")
        sentence = found.sentence()
        if found.verdict is Verdict.DIFFERS:
            raise CommandError(sentence)
        self.stdout.write(sentence)

    def _report(self, phase: str, done: int, total: int) -> None:
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{phase}: {done:,} of {total:,}".ljust(70), ending=end)
