"""Exports: whose there are, which are due, and which have had their time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection

from apps.jobs.models import JobState
from apps.web.models import Export

_LOCK_SPACE: Final = 0x5D10


def exports_of(pseudonym: str, *, limit: int = 20) -> list[Export]:
    """Return an auditor's newest exports with their jobs."""
    return list(Export.objects.filter(auditor=pseudonym).select_related("job").order_by("-requested_at")[:limit])


def due_exports() -> list[int]:
    """Return the ids of exports that were asked for and are not written, oldest first."""
    waiting = Export.objects.filter(job__state__in=[JobState.DUE, JobState.RUNNING])
    return list(waiting.order_by("requested_at").values_list("pk", flat=True))


def expired_exports(*, now: datetime) -> list[tuple[int, str]]:
    """Return ids and folders of bundles whose time is over."""
    return list(Export.objects.filter(expires_at__lte=now, removed_at=None).values_list("pk", "folder"))


@contextmanager
def holding_the_export_lock(export_id: int) -> Iterator[bool]:
    """Yield whether this process is the one that writes the export; the lock falls with the connection."""
    key = [_LOCK_SPACE, export_id % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        (held,) = cursor.fetchone() or (False,)
    try:
        yield held
    finally:
        if held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
