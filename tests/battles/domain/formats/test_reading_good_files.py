"""Files as they should be, in every container, give the same battles."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.battles.domain.formats import FORMATS, BattleRow, UnreadableFile, Winner, guess_format, read_battles

BATTLES: list[dict[str, object]] = [
    {
        "model_a": "Ana 1",
        "model_b": "Bia 2",
        "winner": "model_a",
        "prompt": 'Say "hello", and\nsay it twice',
        "response_a": "Olá, olá",
        "response_b": "שלום",
        "voter": "v1",
        "timestamp": "2026-01-02T03:04:05Z",
        "language": "pt",
        "country": "BR",
        "tokens_a": 12,
        "tokens_b": 30,
        "provider_a": "one",
        "provider_b": "two",
        "note": "kept",
    },
    {
        "model_a": "Bia 2",
        "model_b": "Ana 1",
        "winner": "tie (bothbad)",
        "prompt": "Second",
        "response_a": "x",
        "response_b": "y",
        "voter": "v2",
        "timestamp": "1767323045",
        "language": "de",
        "country": "",
        "tokens_a": 1.5,
        "tokens_b": 2,
        "provider_a": "",
        "provider_b": "two",
        "note": "",
    },
]


def write_csv(path: Path, rows: list[dict[str, object]], *, start: str = "", end: str = "\n") -> Path:
    def cell(value: object) -> str:
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text

    lines = [",".join(rows[0]), *(",".join(cell(value) for value in row.values()) for row in rows)]
    path.write_bytes((start + end.join(lines) + end).encode())
    return path


def write(folder: Path, suffix: str) -> Path:
    path = folder / f"battles{suffix}"
    if suffix == ".csv":
        return write_csv(path, BATTLES)
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(BATTLES), path)
    elif suffix == ".json":
        path.write_text(json.dumps(BATTLES, indent=2, ensure_ascii=False))
    else:
        path.write_text("\n".join(json.dumps(row) for row in BATTLES) + "\n\n")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".ndjson", ".parquet"])
def test_every_container_holds_the_same_battles(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path, suffix)
    assert guess_format(path).name == "generic"
    reading = read_battles(path)
    first, second = list(reading)
    assert (reading.rows, reading.bad, reading.progress) == (2, [], 1.0)
    assert (first.model_a, first.model_b, first.winner) == ("Ana 1", "Bia 2", Winner.MODEL_A)
    assert first.prompt == 'Say "hello", and\nsay it twice'
    assert (first.response_a, first.response_b) == ("Olá, olá", "שלום")
    assert (first.voter, first.language, first.country, first.category) == ("v1", "pt", "BR", None)
    assert first.timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first.numbers == {"tokens": (12.0, 30.0)}
    assert first.extra == {"provider_a": "one", "provider_b": "two", "note": "kept"}
    assert first.left_first is True
    assert second.winner is Winner.BOTH_BAD
    assert second.timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert second.country is None
    assert second.numbers == {"tokens": (1.5, 2.0)}
    assert second.extra == {"provider_b": "two"}


@pytest.mark.parametrize(("start", "end"), [("\ufeff", "\n"), ("", "\r\n"), ("\ufeff", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(start: str, end: str, tmp_path: Path) -> None:
    reading = read_battles(write_csv(tmp_path / "windows.csv", BATTLES, start=start, end=end))
    assert [row.model_a for row in reading] == ["Ana 1", "Bia 2"]
    assert reading.bad == []


def test_every_winner_has_its_names(tmp_path: Path) -> None:
    path = tmp_path / "winners.csv"
    names = ["model_a", "model_b", "tie", "both_bad", "tie (bothbad)", " Model_A "]
    path.write_text("model_a,model_b,winner\n" + "".join(f"x,y,{name}\n" for name in names))
    assert [row.winner for row in read_battles(path)] == [
        Winner.MODEL_A,
        Winner.MODEL_B,
        Winner.TIE,
        Winner.BOTH_BAD,
        Winner.BOTH_BAD,
        Winner.MODEL_A,
    ]


def test_a_row_knows_its_line_even_after_text_of_many_lines(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text('prompt,model_a,model_b,winner\n"one\ntwo\nthree",x,y,tie\n\nshort,x,y,model_b\n')
    assert [row.line for row in read_battles(path)] == [2, 6]


def llmfao(folder: Path, **beside: list[dict[str, object]]) -> Path:
    path = folder / "crowd-comparisons.csv"
    path.write_text(
        "id,prompt,model_x,model_y,worker,winner,left,right\n"
        "0,8,97,98,58,tie,Ana,Bia\n"
        "1,8,98,97,83,right,Bia,Ana\n"
        "2,9,97,98,58,left,Ana,Bia\n"
    )
    for name, rows in beside.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_llmfao_is_joined_with_what_stands_beside_it(tmp_path: Path) -> None:
    path = llmfao(
        tmp_path,
        models=[{"id": 97, "name": "Ana"}, {"id": 98, "name": "Bia"}],
        prompts=[{"id": 8, "text": "A haiku, please.", "type": "poem"}],
        results=[
            {"model": 97, "prompt": 8, "result": "five seven five", "duration": 1200.0},
            {"model": 98, "prompt": 8, "result": "", "duration": 800},
        ],
    )
    assert guess_format(path).name == "llmfao"
    reading = read_battles(path)
    tie, right, alone = list(reading)
    assert reading.bad == []
    assert (tie.winner, right.winner, alone.winner) == (Winner.TIE, Winner.MODEL_B, Winner.MODEL_A)
    assert (right.model_a, right.model_b, right.voter, right.left_first) == ("Bia", "Ana", "83", True)
    assert (right.response_a, right.response_b) == ("", "five seven five")
    assert right.numbers == {"duration": (800.0, 1200.0)}
    assert (tie.prompt, tie.category) == ("A haiku, please.", "poem")
    assert (alone.prompt, alone.response_a, alone.numbers) == (None, None, {})


def test_llmfao_alone_is_enough(tmp_path: Path) -> None:
    assert [row.response_a for row in read_battles(llmfao(tmp_path))] == [None, None, None]


def test_llmfao_with_names_that_contradict_each_other_is_not_believed(tmp_path: Path) -> None:
    reading = read_battles(llmfao(tmp_path, models=[{"id": 97, "name": "Somebody else"}]))
    assert list(reading) == []
    assert [bad.line for bad in reading.bad] == [2, 3, 4]
    assert "models.jsonl" in reading.bad[0].reason


def test_pair_totals_become_rows_with_counts(tmp_path: Path) -> None:
    path = tmp_path / "totals.json"
    path.write_text(json.dumps({"models": ["x", "y", "z"], "X": [[0, 1], [2, 1]], "Y": [[3, 0, 2, 1], [0, 4, 0, 0]]}))
    assert guess_format(path).name == "pair-totals"
    found = [(row.model_a, row.model_b, row.winner, row.count, row.left_first) for row in read_battles(path)]
    assert found == [
        ("x", "y", Winner.MODEL_A, 3, None),
        ("x", "y", Winner.TIE, 2, None),
        ("x", "y", Winner.BOTH_BAD, 1, None),
        ("z", "y", Winner.MODEL_B, 4, None),
    ]


def test_the_registry_says_which_formats_hold_single_votes() -> None:
    assert {name: known.single_votes for name, known in FORMATS.items()} == {
        "generic": True,
        "llmfao": True,
        "pair-totals": False,
    }
    with pytest.raises(UnreadableFile, match="There is no format arena; there are generic, llmfao, pair-totals"):
        read_battles(Path("any.csv"), "arena")


def test_a_large_file_is_read_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("model_a,model_b,winner\n" + "x,y,tie\n" * 20_000)
    reading = read_battles(path)
    row = next(reading)
    assert isinstance(row, BattleRow)
    assert reading.progress < 0.5
    assert sum(1 for _ in reading) == 19_999
    assert reading.progress == 1.0


def test_a_json_list_longer_than_a_piece_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    rows = [{"model_a": "x", "model_b": "y", "winner": "tie", "prompt": "p" * 3000} for _ in range(1200)]
    path.write_text("[" + ",\n".join(json.dumps(row) for row in rows) + "]")
    reading = read_battles(path)
    next(reading)
    assert reading.progress < 0.5
    lines = [row.line for row in reading]
    assert lines == list(range(2, 1201))


def test_nanoseconds_that_pandas_writes_are_cut_off(tmp_path: Path) -> None:
    moments = pa.array([1_767_323_045_123_456_789], pa.int64()).cast(pa.timestamp("ns", "UTC"))
    table = {"model_a": ["x"], "model_b": ["y"], "winner": ["tie"], "timestamp": moments}
    table["latency_a"] = table["latency_b"] = pa.array([1], pa.int64()).cast(pa.duration("ns"))
    pq.write_table(pa.table(table), tmp_path / "pandas.parquet")
    (row,) = read_battles(tmp_path / "pandas.parquet")
    assert row.timestamp == datetime(2026, 1, 2, 3, 4, 5, 123_456, UTC)


def test_a_list_on_one_line_is_read_in_one_go(tmp_path: Path) -> None:
    rows = [{"model_a": f"m{n % 7}", "model_b": "other", "winner": "tie", "note": "x" * 100} for n in range(20_000)]
    path = tmp_path / "one-line.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    began = time.process_time()
    assert len(list(read_battles(path))) == 20_000
    # Cutting each value off the front copied the rest of the file 20,000 times, which took half a minute.
    assert time.process_time() - began < 8


def test_a_reply_of_blanks_is_as_long_as_it_is(tmp_path: Path) -> None:
    header = "id,prompt,model_x,model_y,worker,winner,left,right\n"
    (tmp_path / "crowd-comparisons.csv").write_text(header + "0,8,1,2,5,tie,a,b\n", encoding="utf-8")
    replies = [{"model": 1, "prompt": 8, "result": "\n\n", "duration": 1}, {"model": 2, "prompt": 8, "result": "no"}]
    (tmp_path / "results.jsonl").write_text("\n".join(map(json.dumps, replies)), encoding="utf-8")
    (row,) = read_battles(tmp_path / "crowd-comparisons.csv")
    assert (row.response_a, row.response_b) == ("\n\n", "no")
