"""What the settings say about the log's keys and files, as the things that commands work with."""

from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from apps.audit.flows import Publisher, WitnessRounds
from apps.audit.gateways import KeyFolder, SignerMemory, TileStore


def origin_from_settings() -> str:
    """Return the log's name; raises ``CommandError`` when it has none."""
    if not settings.LOG_ORIGIN:
        raise CommandError(
            "Set SHOWDOWN_LOG_ORIGIN to the log's name for ever, an address of yours without its scheme, such as "
            "showdown.example.org/log."
        )
    return str(settings.LOG_ORIGIN)


def keys_from_settings() -> tuple[KeyFolder, SignerMemory]:
    """Return the folder of the log's keys and what was signed with them."""
    origin = origin_from_settings()
    return KeyFolder(settings.LOG_KEYS, origin), SignerMemory(settings.LOG_KEYS, origin)


def publisher_from_settings(*, using: str, say: Callable[[str], None]) -> Publisher:
    """Return what publishes the log over the sequencer's connection."""
    keys, memory = keys_from_settings()
    return Publisher(
        files=TileStore(settings.LOG_FILES),
        keys=keys,
        memory=memory,
        clock=timezone.now,
        witnessing=WitnessRounds(using=using, say=say, clock=timezone.now),
    )
