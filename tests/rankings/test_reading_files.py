"""A file read in batches of columns gives what its rows give, in every detail, whatever stands in it."""

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.battles.domain.formats import UnreadableFile, batches
from apps.rankings.domain import reading
from apps.rankings.domain.coding import Coded
from apps.rankings.domain.intake import Gathered, UnfitForRanking, Wanted
from apps.rankings.domain.reading import gather_file

LATEST = datetime(2026, 11, 23, 12, tzinfo=UTC)
COLUMNS = (
    "model_a",
    "model_b",
    "winner",
    "voter",
    "country",
    "timestamp",
    "tokens_a",
    "tokens_b",
    "position",
    "prompt",
)
ALL = Wanted(style=("tokens",), segment="country")


def outcome_of(path: Path, wanted: Wanted, *, columns: bool) -> Gathered | str:
    """Read the file one way; a refusal is its message."""
    try:
        return gather_file(path, wanted, latest=LATEST, columns=columns)
    except (UnfitForRanking, UnreadableFile) as unfit:
        return str(unfit)


def assert_same(path: Path, wanted: Wanted = ALL) -> Gathered | str:
    """Read the file both ways, which must tell the same; returns what they tell."""
    mine, theirs = (outcome_of(path, wanted, columns=columns) for columns in (True, False))
    if isinstance(mine, str) or isinstance(theirs, str):
        assert mine == theirs
        return mine
    assert (mine.bad, mine.first_bad, mine.notes) == (theirs.bad, theirs.first_bad, theirs.notes)
    assert mine.segments == theirs.segments
    np.testing.assert_array_equal(mine.segment_codes, theirs.segment_codes)
    for name in ("models", "contributors", "style_names"):
        assert getattr(mine.votes, name) == getattr(theirs.votes, name)
    for name in ("model_a", "model_b", "outcome", "contributor", "counts", "position", "style"):
        here, there = getattr(mine.votes, name), getattr(theirs.votes, name)
        assert (here is None) == (there is None), name
        if here is not None:
            assert here.dtype == there.dtype
            np.testing.assert_array_equal(here, there, err_msg=name)
    return mine


@pytest.fixture
def no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing fall back to rows."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("The file was read row by row.")

    monkeypatch.setattr(reading, "_by_rows", never)


def write_csv(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def battles(number: int) -> list[dict[str, Any]]:
    """Return ordinary battles, with something missing or wrong in some."""
    rng = np.random.default_rng(number)
    winners = ("model_a", "model_b", "tie", "TIE (bothbad)", "nobody")
    rows = []
    for place in range(number):
        a, b = rng.choice(6, 2, replace=place % 50 == 7)
        moments = (f"2026-01-0{place % 9 + 1}T10:00:00Z", "1700000000", "", "2031-01-01")
        rows.append(
            {
                "model_a": f"m{a}",
                "model_b": f" m{b} ",
                "winner": winners[rng.choice(5, p=[0.4, 0.4, 0.1, 0.09, 0.01])],
                "voter": "" if place % 13 == 0 else f"v{rng.integers(number // 4 + 1)}",
                "country": ("BR", "DE", "", "日本")[place % 4],
                "timestamp": moments[rng.choice(4, p=[0.5, 0.2, 0.2, 0.1])],
                "tokens_a": ("", "nan", "-3", str(place))[rng.choice(4, p=[0.05, 0.05, 0.05, 0.85])],
                "tokens_b": str(rng.integers(1, 900) / 8),
                "position": ("1", "-1", "0", "")[place % 4],
                "prompt": "what?",
            }
        )
    return rows


def test_csv_and_parquet_are_read_without_rows(tmp_path: Path, no_rows: None) -> None:
    rows = battles(1500)
    table = pa.table({name: [row[name] for row in rows] for name in COLUMNS})
    number = pa.array([float(row["tokens_a"] or "nan") for row in rows])
    place = table.schema.get_field_index("tokens_a")
    pq.write_table(table.set_column(place, "tokens_a", number), tmp_path / "few.parquet", row_group_size=700)
    paths = (write_csv(tmp_path / "few.csv", rows), tmp_path / "few.parquet")
    found = [gather_file(path, ALL, latest=LATEST, columns=True) for path in paths]
    assert found[0].bad == found[1].bad > 100
    np.testing.assert_array_equal(found[0].votes.style, found[1].votes.style)
    np.testing.assert_array_equal(found[0].votes.contributor, found[1].votes.contributor)


def test_every_way_to_read_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_ROWS", 97)
    monkeypatch.setattr(batches, "_FEW", 50)
    monkeypatch.setattr(batches, "_BLOCK", 16384)
    rows = battles(600)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "all.parquet", row_group_size=150)
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    paths = (write_csv(tmp_path / "all.csv", rows), tmp_path / "all.parquet", tmp_path / "all.jsonl")
    several = (ALL, Wanted(), Wanted(cluster="country"), Wanted(style=("words",)), Wanted(segment="winner"))
    told = [assert_same(path, wanted) for path in paths for wanted in several]
    whole = [found for found in told if isinstance(found, Gathered)]
    assert len(whole) == 9
    assert len({found.bad for found in whole}) == 1
    assert all(found.votes.models == whole[0].votes.models for found in whole)
    refused = [found for found in told if isinstance(found, str)]
    assert refused[0].startswith("no row has numbers of both sides for words; there is tokens")
    assert refused[1].startswith("no row has a winner; there is country, ")


NAMES = st.sampled_from(["x", "y", " z ", "模型", "x\ty", "", "   ", "\u2028", "n" * 201, 'q"q', "a,b", "model_a"])
WORDS = st.one_of(
    st.none(),
    st.sampled_from(["v1", "v2", " ", "\x85", "é", "\0", "line\nbreak", '"', "-0.0", "NA"]),
    st.text(max_size=3),
)
NUMBERS = st.one_of(
    st.none(),
    st.sampled_from(["7", "-1", "1_000", " 2 ", "inf", "1e400", "-nan", "+3", "0x1p3", "n/a", "yes", "٣", "1e-5", ""]),
    st.floats(allow_nan=True).map(repr),
    st.integers(-5, 10**20).map(str),
)
MOMENTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["2026-11-23T12:00:00Z", "2026-11-23T12:00:01Z", "2026-11-23T18:00:00+05:30", "1970-01-01", "1969-12-31", "nan",
         "tomorrow", "2025-02-29", "2024-02-29", "2026-10-10 10:10", "2026-10-10T10:10:10.123456789", "1700000000.5",
         " 2026-01-01", "2026-01-01\n", "-1", "20260101", "2026-W01-1", "0001-01-01T00:00:00+14:00", "9999999999"]
    ),
)  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "model_a": NAMES,
            "model_b": NAMES,
            "winner": st.sampled_from(["model_a", "model_b", "tie", " Both_Bad ", "tie (bothbad)", "", "?", "winner"]),
            "voter": WORDS,
            "country": WORDS,
            "timestamp": MOMENTS,
            "tokens_a": NUMBERS,
            "tokens_b": NUMBERS,
            "position": st.sampled_from(["1", "-1", "0", "", "left", "-1.0"]),
            "prompt": WORDS,
        }
    ),
    max_size=12,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, wanted=st.sampled_from([ALL, Wanted(), Wanted(cluster="country", style=("tokens",))]))
def test_hostile_rows_are_read_alike(rows: list[dict[str, Any]], wanted: Wanted, tmp_path: Path) -> None:
    assert_same(write_csv(tmp_path / "hostile.csv", rows), wanted)
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "hostile.parquet")
    assert_same(tmp_path / "hostile.parquet", wanted)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.sampled_from(
            ["x,y,tie,v", "x,y,tie,v\r", "", "\r", "x,y,tie", "x,y,tie,v,w", '"x",y,tie,"a ""b"""', '"x,y,tie,v',
             'x"x,y,tie,v', '"x" ,y,tie,v', '"x\ny",z,tie,v', 'x,y,?,"two\nlines"', "x\0,y,tie,v", "x\rz,y,tie,v",
             "model_a,model_b,winner,voter", "x,y,both_bad,é", "x,x,tie,v", "  ", '"",y,tie,v', '""x"",y,tie,v',
             "\ufeffx,y,tie,v"]
        ),
        max_size=8,
    ),
    broken=st.sampled_from([b"", b"\xff", b"\xe9,y,tie,v\n", b"\r", b'"']),
    start=st.sampled_from([b"", b"\xef\xbb\xbf", b"\n"]),
)  # fmt: skip
def test_hostile_text_is_read_alike(lines: list[str], broken: bytes, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.csv"
    text = "\n".join(["model_a,model_b,winner,voter", *lines, ""])
    path.write_bytes(start + text.encode("utf-8") + broken)
    for block in (64, 1024 * 1024):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batches, "_BLOCK", block)
            assert_same(path, Wanted())


DAY = datetime(2024, 1, 1, tzinfo=UTC).date()
KINDS: tuple[tuple[str, Any, list[Any]], ...] = (
    ("voter", pa.int64(), [1, None, 3]),
    ("voter", pa.float64(), [-0.0, 0.0, float("nan")]),
    ("voter", pa.float16(), [np.float16(0.1), None, np.float16(2)]),
    ("voter", pa.binary(16), [b"0" * 16, None, b"1" * 16]),
    ("voter", pa.uuid(), [UUID(int=1).bytes, None, UUID(int=2).bytes]),
    ("voter", pa.bool_(), [True, False, None]),
    ("voter", pa.decimal128(5, 2), [Decimal("1.00"), Decimal("1.50"), None]),
    ("voter", pa.date32(), [DAY, None, None]),
    ("voter", pa.timestamp("ns"), [1_700_000_000_000_000_001, 1_700_000_000_000_000_002, None]),
    ("voter", pa.dictionary(pa.int8(), pa.string()), ["v", None, " "]),
    ("voter", pa.large_string(), ["v\0", "w", ""]),
    ("voter", pa.null(), [None, None, None]),
    ("voter", pa.list_(pa.int8()), [[1], [], None]),
    ("winner", pa.int8(), [1, 0, 2]),
    ("winner", pa.null(), [None, None, None]),
    ("model_a", pa.int64(), [1, 2, 3]),
    ("model_a", pa.dictionary(pa.int8(), pa.string()), ["y", "w", None]),
    ("timestamp", pa.timestamp("s"), [1_700_000_000, 2_000_000_000, -1]),
    ("timestamp", pa.timestamp("ms", "Asia/Tokyo"), [1_700_000_000_000, 10**15, None]),
    ("timestamp", pa.timestamp("us"), [1_700_000_000_000_000, 2**62, None]),
    ("timestamp", pa.float64(), [1.7e9, float("inf"), float("nan")]),
    ("timestamp", pa.int64(), [1_700_000_000, 10**18, -5]),
    ("timestamp", pa.date32(), [DAY, DAY.replace(year=2031), None]),
    ("tokens_a", pa.int32(), [1, None, -4]),
    ("tokens_a", pa.uint64(), [2**64 - 1, None, 0]),
    ("tokens_a", pa.float32(), [0.1, float("inf"), None]),
    ("tokens_a", pa.bool_(), [True, None, False]),
    ("tokens_a", pa.decimal128(9, 3), [Decimal("0.125"), None, Decimal(-1)]),
    ("tokens_a", pa.string(), ["1_0", "7", "\0"]),
    ("tokens_a", pa.list_(pa.int8()), [[1], [], None]),
    ("position", pa.int8(), [1, -1, 0]),
    ("position", pa.float64(), [-1.0, None, float("nan")]),
    ("country", pa.string(), ["BR\0", "DE", None]),
    ("prompt", pa.string(), ["no board needs this\0", "x", None]),
)  # fmt: skip


@pytest.mark.parametrize(("column", "kind", "values"), KINDS)
def test_columns_of_any_type_are_read_alike(column: str, kind: Any, values: list[Any], tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "model_a": ["x", "y", "z"], "model_b": ["q", "q", "x"], "winner": ["tie", "model_a", "both_bad"],
        "voter": ["v", "w", "v"], "country": ["BR", "DE", "BR"], "tokens_a": [1, 2, 3], "tokens_b": [3.0, 2.0, 0.5],
    }  # fmt: skip
    columns[column] = pa.array(values, kind)
    pq.write_table(pa.table(columns), tmp_path / "typed.parquet")
    for wanted in (ALL, Wanted()):
        assert_same(tmp_path / "typed.parquet", wanted)


def test_lengths_of_replies_stand_in_for_missing_numbers(tmp_path: Path) -> None:
    columns = ("model_a", "model_b", "winner", "response_a", "response_b", "length_a", "length_b")
    replies = (
        ("née", "ab", "", ""),
        ("a", "b", "5", "2"),
        (" ", "b", "", ""),
        ("\x1f", "b", "1", ""),
        ("日", "b", "", "4"),
    )
    rows = [dict(zip(columns, ("x", "y", "tie", *rest), strict=True)) for rest in replies]
    found = assert_same(write_csv(tmp_path / "replies.csv", rows, columns), Wanted(style=("length",)))
    assert isinstance(found, Gathered)
    assert found.votes.style is not None
    np.testing.assert_array_equal(found.votes.style[:, 0], [1, 3, np.nan, np.nan, 0])
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "replies.parquet")
    assert_same(tmp_path / "replies.parquet", Wanted(style=("length",)))


def test_a_published_input_knows_differences_and_sides(tmp_path: Path, no_rows: None) -> None:
    table = pa.table(
        {
            "model_a": ["x", "y", "x"], "model_b": ["y", "z", "z"], "winner": ["tie", "model_a", "model_b"],
            "voter": pa.array([5, 7, 5], pa.int32()), "position": pa.array([1, -1, 0], pa.int8()),
            "tokens_difference": [-2.5, 4.0, float("nan")],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "sealed.parquet")
    votes = gather_file(tmp_path / "sealed.parquet", Wanted(style=("tokens",))).votes
    assert votes.style is not None
    assert votes.position is not None
    np.testing.assert_array_equal(votes.style[:, 0], [-2.5, 4.0, np.nan])
    np.testing.assert_array_equal(votes.position, [1, -1, 0])
    assert votes.contributors == 2


def test_codes_do_not_depend_on_how_many_texts_wait() -> None:
    rng = np.random.default_rng(3)
    texts = np.array([f"voter {place:03}" for place in range(300)])
    drawn = rng.integers(-1, 300, 5000)
    for waiting in (10, 10**6):
        coded = Coded(waiting)
        for part in np.array_split(drawn, 37):
            coded.add(pa.array(texts[::-1], pa.large_string()), np.where(part < 0, -1, 299 - part))
        codes, names = coded.finished()
        assert names.to_pylist() == sorted(names.to_pylist())
        np.testing.assert_array_equal(
            np.append(names.to_numpy(zero_copy_only=False), "")[codes], np.append(texts, "")[drawn]
        )


def test_few_bytes_stay_of_a_vote(tmp_path: Path) -> None:
    rows = 50_000
    table = pa.table(
        {
            "model_a": ["x", "y"] * (rows // 2), "model_b": ["z"] * rows, "winner": ["tie"] * rows,
            "voter": [f"v{place % 97}" for place in range(rows)],
        }
        | {f"n{style}_{side}": np.arange(rows) * style for style in range(4) for side in "ab"}
    )  # fmt: skip
    pq.write_table(table, tmp_path / "votes.parquet")
    votes = gather_file(tmp_path / "votes.parquet", Wanted(style=("n0", "n1", "n2", "n3"))).votes
    columns = (votes.model_a, votes.model_b, votes.outcome, votes.contributor, votes.position, votes.style)
    assert sum(column.nbytes for column in columns if column is not None) <= 60 * rows


def test_a_text_that_all_rows_share_is_held_once(tmp_path: Path, no_rows: None) -> None:
    rows = 10_000
    table = pa.table(
        {
            "model_a": ["x", "y"] * (rows // 2), "model_b": ["z"] * rows, "winner": ["tie"] * rows,
            # 100 GB as strings of Python's, a megabyte in the file.
            "voter": pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["v" * 10_000_000]),
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "bomb.parquet", compression="zstd", store_schema=False)
    assert gather_file(tmp_path / "bomb.parquet", Wanted()).votes.contributors == 1
    table = table.set_column(3, "voter", pa.array(["v" * 12_000] * 9_000 + ["w"] * 1_000))
    pq.write_table(table, tmp_path / "bomb.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(UnreadableFile, match="the column voter would unpack to 103 MiB for 10,000 rows"):
        gather_file(tmp_path / "bomb.parquet", Wanted())
