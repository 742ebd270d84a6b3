"""Bringing the log of a restored database back to what was published."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from apps.audit.domain.stopped import PublicationStopped
from apps.audit.flows.keys import KeyTrouble
from apps.audit.flows.recovery import recover_log
from apps.audit.gateways import KeysInUse, TileStore
from apps.audit.management.base import RecordedCommand
from apps.audit.management.publisher import keys_from_settings
from apps.audit.queries import may_recover
from apps.audit.services import SequencerBusy, TreeIsBroken


class Command(RecordedCommand):
    """Runs with DATABASE_OWNER_URL alone, where the keys and the published files are, while no sequencer does."""

    help = "Puts entries that were published after a backup was taken back into the database restored from it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Recover, and tell how many entries."""
        if not may_recover():
            raise CommandError(
                "Set DATABASE_OWNER_URL, and no other address: only the owner writes entries with leaves."
            )
        keys, memory = keys_from_settings()
        try:
            written, size = recover_log(
                actor=self.actor, files=TileStore(settings.LOG_FILES), keys=keys, memory=memory, now=timezone.now()
            )
        except (KeyTrouble, KeysInUse, PublicationStopped, SequencerBusy, TreeIsBroken) as trouble:
            raise CommandError(str(trouble)) from trouble
        self.stdout.write(f"{written:,} entries are back; the tree has {size:,} leaves, as it was signed.")
