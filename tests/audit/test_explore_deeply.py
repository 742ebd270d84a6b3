"""Five thousand pages deep the explorer reads no more than on its first page."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from apps.audit.queries import Cursor, EntryFilter, EntryPage, entries_page
from tests.conftest import NOON

PAGES = 5_100
ROWS = PAGES * 50

# As many entries as a busy week; their columns agree with their bodies, as the table demands.
_FILL = """
INSERT INTO audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body)
SELECT event, 'system', 'system:tests.robot', 'gardens.tree:' || n, clause, at, convert_to(jsonb_build_object(
  'event', event, 'actor', jsonb_build_object('kind', 'system', 'pseudonym', 'system:tests.robot'),
  'subject', 'gardens.tree:' || n, 'clause', clause,
  'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8')
FROM (SELECT n, 'gardens.planted' AS event, '4.2' AS clause, %s::timestamptz + n / 3 * interval '1 second' AS at
      FROM generate_series(1, %s) AS n) AS rows
"""


@pytest.fixture
def reads(owner_connection: Any) -> Any:
    """Fill the log; return what reads a page and returns it with the number of blocks that the database touched."""
    owner_connection.execute(_FILL, [NOON, ROWS])
    owner_connection.execute("ANALYZE audit_entry")
    connection = connections["default"]

    def read(
        wanted: EntryFilter, *, before: Cursor | None = None, after: Cursor | None = None
    ) -> tuple[EntryPage, int]:
        touched = []

        def explained(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            if "audit_entry" not in sql:
                return execute(sql, params, many, context)
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
                plan = cursor.fetchone()[0][0]["Plan"]
                touched.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
            return execute(sql, params, many, context)

        with connection.execute_wrapper(explained):
            page = entries_page(wanted, before=before, after=after)
        assert len(touched) == 1, "a page is one statement"
        return page, touched[0]

    return read


FILTERS = [
    EntryFilter(),
    EntryFilter(event="gardens.planted"),
    EntryFilter(actor="system:tests.robot"),
    EntryFilter(clause="4.2"),
    EntryFilter(event="gardens.planted", since=NOON, until=NOON + timedelta(days=9)),
]


@pytest.mark.committed
def test_page_five_thousand_costs_what_page_one_costs(reads: Any) -> None:
    for wanted in FILTERS:
        first, cheap = reads(wanted)
        assert len(first.rows) == 50
        assert first.older is not None
        # The place where page 5,000 begins, which a reader who turned all pages would have in the address.
        number = ROWS - 5_000 * 50
        deep_place = Cursor(recorded_at=NOON + timedelta(seconds=number // 3), id=first.rows[0].id - (ROWS - number))
        deep, cost = reads(wanted, before=deep_place)
        assert len(deep.rows) == 50
        assert deep.rows[0].subject == f"gardens.tree:{number - 1}"
        assert cost <= cheap + 20, f"{wanted}: {cost} blocks on page 5,000 and {cheap} on the first"
        back, cost = reads(wanted, after=Cursor(recorded_at=deep.rows[0].recorded_at, id=deep.rows[0].id))
        assert len(back.rows) == 50
        assert cost <= cheap + 20, f"{wanted}: {cost} blocks on the way back and {cheap} on the first page"
