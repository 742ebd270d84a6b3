"""The command line's edge of every refusal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import record_refusal


class RecordedCommand(BaseCommand):
    """A command whose refusals are written to the log before they are shown as its error.

    ``self.actor`` is the system acting under the command's own name: ``system:rankings.recompute_rankings``.
    """

    @property
    def act(self) -> str:
        """The app and the command's name, joined with a dot."""
        parts = type(self).__module__.split(".")
        return f"{parts[1]}.{parts[-1]}" if parts[0] == "apps" else parts[-1]

    @property
    def actor(self) -> Actor:
        """The system, named after this command."""
        return Actor.system(self.act)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; a refusal ends it with status 1 and its reason."""
        try:
            return super().execute(*args, **options)
        except Refused as refused:
            record_refusal(refused, actor=self.actor, attempted=self.act, at=timezone.now())
            raise CommandError(str(refused)) from refused
