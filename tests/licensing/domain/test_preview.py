"""The schema on invented rows: the edition's own columns, the same rows each time, and a changelog that is kept."""

import csv
import io
import json

import pyarrow.parquet as pq

from apps.licensing.domain.edition import SCHEMA
from apps.licensing.domain.preview import (
    ROWS,
    SCHEMA_VERSIONS,
    as_csv,
    as_json,
    as_parquet,
    columns,
    invented_rows,
    schema_changes,
)


def test_the_newest_version_names_the_columns_of_editions_built_today() -> None:
    """Whoever changes an edition's columns writes down here what changed, and since when."""
    assert list(SCHEMA_VERSIONS[0].columns) == SCHEMA.names


def test_versions_follow_each_other() -> None:
    numbers = [version.number for version in SCHEMA_VERSIONS]
    assert numbers == list(range(len(numbers), 0, -1))
    days = [version.since for version in SCHEMA_VERSIONS]
    assert days == sorted(days, reverse=True)
    first = schema_changes()[-1]
    assert first.added == first.version.columns
    assert first.removed == ()


def test_every_column_is_explained_and_filled() -> None:
    assert [column.name for column in columns()] == SCHEMA.names
    assert all(column.holds for column in columns())
    rows = invented_rows()
    assert len(rows) == ROWS
    assert all(list(row) == SCHEMA.names for row in rows)


def test_rows_are_the_same_each_time_in_each_form() -> None:
    rows = invented_rows()
    assert rows == invented_rows()
    assert list(csv.DictReader(io.StringIO(as_csv(rows).decode()))) == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]
    told = json.loads(as_json(rows))
    assert told["invented"] is True
    assert told["rows"] == rows
    table = pq.read_table(io.BytesIO(as_parquet(rows)))
    assert table.to_pylist() == rows
    assert table.schema.names == SCHEMA.names
    assert as_parquet(rows) == as_parquet(rows)
