"""Which closed months are kept as files, and whether those files still hold what the database does."""

from datetime import UTC, date, datetime

from apps.rankings.models import VotePartition
from apps.rankings.queries.columns import MonthTally


def first_moment(month: date) -> datetime:
    """Return the moment at which a month begins, by UTC."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def is_closed(month: date, at: datetime) -> bool:
    """Say whether a month is over, so that a vote in it can only arrive late."""
    return first_moment(next_month(month)) <= at


def kept_months(*, layout: int) -> dict[date, VotePartition]:
    """Return the months whose file was written in this layout and nobody has called stale since."""
    return {row.month: row for row in VotePartition.objects.filter(layout=layout, stale_since=None)}


def is_up_to_date(row: VotePartition | None, tally: MonthTally) -> bool:
    """Say whether a month's file was written when the month had just these votes; late ones are counted here."""
    return row is not None and (row.votes_in_month, row.newest_vote) == (tally.votes, tally.newest)
