"""What a database that came from a backup must do before it serves."""

from typing import Any

from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.audit.services import forget_again


class Command(RecordedCommand):
    """Runs with DATABASE_OWNER_URL or DATABASE_URL after ``log_recover``, while nothing serves."""

    help = "Forgets again what was forgotten since the backup was taken, and writes that one was restored."

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget again, and tell how many texts."""
        found = forget_again(actor=self.actor, now=timezone.now())
        self.stdout.write(f"{found:,} texts that the backup had brought back are forgotten again.")
