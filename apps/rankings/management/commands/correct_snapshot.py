"""``manage.py correct_snapshot ID --reason …``: publish a snapshot that corrects another and says why."""

import argparse
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.rankings.flows import recompute_open_run
from apps.rankings.services import correct_snapshot


class Command(RecordedCommand):
    """Correct a published snapshot."""

    help = "Compute a new snapshot that says which one it corrects and why. The old one stays at its address."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the snapshot's number and what was wrong with it."""
        parser.add_argument("snapshot", type=int, metavar="ID", help="the number of the snapshot to correct")
        parser.add_argument("--reason", required=True, help="what was wrong with it; everybody reads this")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the correction and compute it here."""
        now = timezone.now()
        run = correct_snapshot(actor=self.actor, snapshot_id=options["snapshot"], reason=options["reason"], now=now)
        snapshot = recompute_open_run(actor=self.actor)
        if snapshot is None:
            raise CommandError(f"{run.ref} was asked for and is not done yet; recompute_rankings goes on with it.")
        self.stdout.write(f"Published {snapshot.ref}, which corrects snapshot {options['snapshot']}.")
