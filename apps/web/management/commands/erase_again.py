"""What a database that came from a backup must do about people who were erased since."""

from typing import Any

from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.web.services import erase_again


class Command(RecordedCommand):
    """Runs with DATABASE_URL after ``log_recover`` and ``after_restore``, while nothing serves."""

    help = "Erases again the people whom a backup brought back although the log says that they were erased."

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase again, and tell how many people."""
        found = erase_again(actor=self.actor, now=timezone.now())
        self.stdout.write(f"{found:,} people whom the backup had brought back are erased again.")
