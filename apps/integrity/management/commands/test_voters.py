"""``manage.py test_voters``: test everybody's votes now, whatever the night has already done."""

from typing import Any

from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.integrity import services


class Command(RecordedCommand):
    """Test everybody's votes and put down what stands out, for a person to look at."""

    help = "Test every voter's votes against everybody else's; what stands out becomes a case for a moderator."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the tests in this process."""
        sweep = services.test_voters(actor=self.actor, now=timezone.now())
        self.stdout.write(
            f"{sweep.ref}: {sweep.voters:,} voters with {sweep.votes:,} votes tested, {sweep.flagged:,} stand out, "
            f"{sweep.findings:,} new findings."
        )
