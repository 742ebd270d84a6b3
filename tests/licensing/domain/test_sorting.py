"""Rows come back in order however they came, and the files do not show how."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.licensing.domain import edition, sorting
from apps.licensing.domain.edition import COLUMNS, SCHEMA, EditionWriter
from apps.licensing.domain.sorting import SortedRows

NAMES = st.lists(st.binary(min_size=16, max_size=16).map(bytes.hex), unique=True, max_size=60)


def table_of(names: Sequence[str]) -> pa.Table:
    return pa.table(
        {column.name: [name if column.name == "row" else "é\n" * 3 for name in names] for column in COLUMNS},
        schema=SCHEMA,
    )


@settings(deadline=None)
@given(names=NAMES, cuts=st.integers(1, 9), pieces=st.integers(1, 7))
def test_rows_come_back_in_order(
    names: list[str], cuts: int, pieces: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    rows = SortedRows(folder, SCHEMA, by="row", rows=(pieces - 1) * sorting.ROWS_PER_PIECE)
    for start in range(0, len(names), cuts):
        rows.add(table_of(names[start : start + cuts]))
    found = [name for table in rows.tables() for name in table["row"].to_pylist()]
    assert found == sorted(names)
    assert list(folder.iterdir()) == []


def test_the_files_do_not_show_in_which_pieces_their_rows_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edition, "ROWS_PER_GROUP", 3)
    monkeypatch.setattr(edition, "GROUPS_PER_FILE", 2)
    names = [f"{number:032x}" for number in range(20)]
    for folder, size in (("one", 1), ("seven", 7), ("all", 20)):
        (tmp_path / folder).mkdir()
        writer = EditionWriter(tmp_path / folder)
        for start in range(0, len(names), size):
            writer.write(table_of(names[start : start + size]))
        files = writer.finish()
        assert [file.rows for file in files] == [6, 6, 6, 2]
    whole = {path.name: path.read_bytes() for path in (tmp_path / "all").iterdir()}
    for folder in ("one", "seven"):
        assert {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()} == whole
    assert pq.read_table(tmp_path / "all")["row"].to_pylist() == names
