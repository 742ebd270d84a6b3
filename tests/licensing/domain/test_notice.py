"""When a notice goes out, until when it must be answered, and what it says."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.licensing.domain.notice import Terms, batch_is_due, next_batch, notice_bytes, reminds_at
from tests.conftest import NOON

TERMS = Terms(notice_days=30, urgent_days=5, escalation_days=14)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st adds it.


@given(moments)
def test_a_batch_is_due_with_the_first_moment_of_the_next_month_and_not_before(owed: datetime) -> None:
    first = next_batch(owed)
    assert (first.day, first.hour) == (1, 0)
    assert timedelta() < first - owed <= timedelta(days=31)
    assert batch_is_due(owed, now=first)
    assert not batch_is_due(owed, now=first - timedelta(microseconds=1))


def test_urgent_ones_have_less_time_and_a_reminder_comes_before_the_end() -> None:
    assert TERMS.due_at(NOON, is_urgent=True) == NOON + timedelta(days=5)
    due = TERMS.due_at(NOON, is_urgent=False)
    assert due == NOON + timedelta(days=30)
    assert NOON < reminds_at(NOON, due) < due < TERMS.suspends_at(due)


def test_a_notice_is_the_same_bytes_for_the_same_rows_in_any_order() -> None:
    told = {"licensee": "Meridian", "number": 1, "is_urgent": False, "issued_at": NOON, "due_at": NOON}
    one = notice_bytes(rows={2: ["bb", "aa"], 1: ["cc"]}, **told)  # type: ignore[arg-type]
    assert one == notice_bytes(rows={1: ["cc"], 2: ["aa", "bb"]}, **told)  # type: ignore[arg-type]
    assert json.loads(one)["releases"] == [{"number": 1, "rows": ["cc"]}, {"number": 2, "rows": ["aa", "bb"]}]
