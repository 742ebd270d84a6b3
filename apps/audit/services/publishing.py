"""Keeping what was signed, before anybody sees it."""

from datetime import datetime

from apps.audit.models import PublishedCheckpoint


def keep_checkpoint(*, size: int, root: bytes, note: bytes, now: datetime, using: str) -> bytes:
    """Keep the note that the log signed over a stored head, and return it; the one kept before, when there is one.

    ``using`` is the alias of the sequencer's connection, whose role alone may. It writes no entry, like the sequencer.
    Raises ``IntegrityError`` when there is no such head.
    """
    kept, _is_new = PublishedCheckpoint.objects.using(using).get_or_create(
        size=size, defaults={"root": root, "note": note, "signed_at": now}
    )
    return bytes(kept.note)
