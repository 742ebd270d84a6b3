"""Closed months: written to files beside the database, and read from there or, where a file is unfit, from it."""

import logging
from datetime import date, datetime
from typing import Final

from django.utils import timezone

from apps.rankings.domain.ballot_columns import BallotColumns
from apps.rankings.gateways import KeptFile, MonthFiles, MonthFileUnfit
from apps.rankings.gateways.month_files import LAYOUT
from apps.rankings.models import VotePartition
from apps.rankings.queries import (
    first_moment,
    is_closed,
    is_up_to_date,
    kept_months,
    months_of_votes,
    next_month,
    one_moment,
    platform_columns,
)
from apps.rankings.services import begin_partition, keep_partition

_log: Final = logging.getLogger(__name__)


def months_to_write(*, until: datetime) -> list[str]:
    """Return the closed months whose file is missing, stale, or lacks votes that arrived late, such as 2026-09."""
    kept, files = kept_months(layout=LAYOUT), MonthFiles()
    return [
        f"{tally.month:%Y-%m}"
        for tally in months_of_votes(until=until)
        if is_closed(tally.month, until)
        and not (
            is_up_to_date(kept.get(tally.month), tally) and files.has(tally.month, kept[tally.month].content_sha256)
        )
    ]


def write_month(month: date, *, now: datetime) -> str:
    """Write a closed month's file, and return in a word what became of it; without one the database is read.

    A full disk, or somebody's erasure at this very moment, costs the file and never the night.
    """
    begun = begin_partition(month=month, now=timezone.now())
    since, end = first_moment(month), first_moment(next_month(month))
    with one_moment():
        tally = next((one for one in months_of_votes(since=since, until=end) if one.month == month), None)
        columns = platform_columns(since=since, before=end, until=now)
    if tally is None:
        return "empty"
    content = columns.sha256()
    try:
        kept = MonthFiles().write(month, columns, content)
    except OSError as failure:
        _log.warning("The votes of %s are read from the database; their file cannot be written: %s", month, failure)
        return "not-written"
    return "kept" if _keep(begun, columns, content, kept, tally.votes, tally.newest, now) else "stale"


def _keep(
    begun: VotePartition, columns: BallotColumns, content: str, kept: KeptFile, votes: int, newest: int, now: datetime
) -> bool:
    return keep_partition(
        begun=begun,
        rows=len(columns),
        content_sha256=content,
        file_sha256=kept.file_sha256,
        file_bytes=kept.file_bytes,
        votes_in_month=votes,
        newest_vote=newest,
        layout=LAYOUT,
        now=now,
    )


def month_from_file(row: VotePartition) -> BallotColumns | None:
    """Return a month's votes from its file, or None where the file is not what its row says."""
    try:
        return MonthFiles().read(
            row.month, content_sha256=row.content_sha256, file_sha256=row.file_sha256, rows=row.rows
        )
    except MonthFileUnfit as unfit:
        _log.warning("The votes of %s are read from the database: %s", row.month, unfit)
        return None


def month_from_database(month: date, *, until: datetime) -> BallotColumns:
    """Return a month's votes, none of them after ``until``."""
    return platform_columns(since=first_moment(month), before=first_moment(next_month(month)), until=until)
