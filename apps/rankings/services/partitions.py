"""What the database knows of the files of closed months: begun, kept, and stale as soon as somebody is erased."""

from datetime import date, datetime

from django.db import transaction

from apps.rankings.models import VotePartition


@transaction.atomic
def begin_partition(*, month: date, now: datetime) -> VotePartition:
    """Call a month's file stale before its votes are read, so that whatever changes meanwhile is noticed."""
    row, _created = VotePartition.objects.select_for_update().get_or_create(
        month=month,
        defaults={
            "rows": 0,
            "content_sha256": "",
            "file_sha256": "",
            "file_bytes": 0,
            "votes_in_month": 0,
            "newest_vote": 0,
            "layout": 0,
            "written_at": now,
        },
    )
    row.stale_since = now
    row.save(update_fields=["stale_since"])
    return row


@transaction.atomic
def call_partition_stale(*, month: date, now: datetime) -> None:
    """Say that a month's file is not what was written, so that the next night writes it anew."""
    VotePartition.objects.filter(month=month, stale_since=None).update(stale_since=now)


@transaction.atomic
def keep_partition(
    *,
    begun: VotePartition,
    rows: int,
    content_sha256: str,
    file_sha256: str,
    file_bytes: int,
    votes_in_month: int,
    newest_vote: int,
    layout: int,
    now: datetime,
) -> bool:
    """Say what the month's file holds; False where somebody was erased while it was written, and it stays stale."""
    row = VotePartition.objects.select_for_update().get(pk=begun.pk)
    if row.stale_since != begun.stale_since:
        return False
    row.rows = rows
    row.content_sha256 = content_sha256
    row.file_sha256 = file_sha256
    row.file_bytes = file_bytes
    row.votes_in_month = votes_in_month
    row.newest_vote = newest_vote
    row.layout = layout
    row.written_at = now
    row.stale_since = None
    row.save()
    return True
