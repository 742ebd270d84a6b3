"""Files as they come: a broken row costs itself, a wrong file gets one clear sentence."""

import errno
import gzip
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.battles.domain.formats import Reading, UnreadableFile, read_battles
from apps.battles.domain.formats.rows import BAD_ROWS_KEPT
from apps.battles.domain.formats.text import Lines

HEADER = "model_a,model_b,winner\n"


def generic(folder: Path, text: str | bytes, name: str = "battles.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def complaints(reading: Reading) -> dict[int, str]:
    for _ in reading:
        pass
    return {bad.line: bad.reason for bad in reading.bad}


def refusal(path: Path, format_name: str | None = None) -> str:
    with pytest.raises(UnreadableFile) as refused:
        list(read_battles(path, format_name))
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_wrong_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = generic(tmp_path, "model_a,model_b,result\nx,y,tie\n")
    assert refusal(path, "generic") == (
        f"{path} is not in the format generic: it lacks the column winner; it has model_a, model_b, result."
    )
    guessed = refusal(path)
    assert "model_a, model_b, result" in guessed
    assert "generic (model_a, model_b, winner)" in guessed
    assert "llmfao" in guessed


def test_other_separators_are_suspected(tmp_path: Path) -> None:
    path = generic(tmp_path, "model_a;model_b;winner\nx;y;tie\n")
    assert "separated by something other than commas" in refusal(path, "generic")


def test_a_broken_row_at_line_9000_costs_that_row(tmp_path: Path) -> None:
    lines = ["model_a,model_b,winner"] + ["x,y,model_a"] * 10_000
    lines[8_999] = "x,y"
    lines[9_004] = "x,y,left"
    lines[9_009] = 'x,"y,model_a'
    lines[9_014] = 'x,"y"z,model_a'
    reading = read_battles(generic(tmp_path, "\n".join(lines) + "\n"))
    found = complaints(reading)
    assert list(found) == [9_000, 9_005, 9_010, 9_015]
    assert found[9_000] == "it has 2 fields, and the header has 3"
    assert found[9_005].startswith("the winner is 'left' and not one of model_a, model_b")
    assert "a quote opens here" in found[9_010]
    assert "not proper CSV" in found[9_015]
    assert reading.rows == 10_000 - 4
    assert reading.bad_total == 4


def test_a_quote_that_never_closes_does_not_swallow_the_rest(tmp_path: Path) -> None:
    reading = read_battles(generic(tmp_path, HEADER + 'x,y,"tie\n' + "x,y,tie\n" * 50))
    assert list(complaints(reading)) == [2]
    assert reading.rows == 50


def test_a_file_of_runaway_quotes_is_given_up(tmp_path: Path) -> None:
    assert "more than 100 whose quotes never close" in refusal(generic(tmp_path, HEADER + 'x,y,"\ttie\n' * 301))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",y,tie", "model_a is empty"),
        ("x,  ,tie", "model_b is empty"),
        ("x,x,tie", "the model 'x' stands against itself"),
        ("x,y,", "the winner is ''"),
        ("x,y,draw", "the winner is 'draw'"),
        ("x" * 201 + ",y,tie", "model_a is longer than 200 characters"),
        ("x\x1b[2J,y,tie", "model_a holds control characters"),
        ("x\0,y,tie", "it holds a NUL byte"),
        ("model_a,model_b,winner", "it is the header again"),
    ],
)
def test_an_unfit_value_costs_its_row(row: str, reason: str, tmp_path: Path) -> None:
    reading = read_battles(generic(tmp_path, f"{HEADER}a,b,tie\n{row}\na,b,tie\n"))
    found = complaints(reading)
    assert list(found) == [3]
    assert found[3].startswith(reason)
    assert reading.rows == 2


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2099-01-01", "the timestamp '2099-01-01' lies in the future"),
        ("4102444800", "the timestamp '4102444800' lies in the future"),
        ("yesterday", "the timestamp 'yesterday' is neither ISO 8601 nor seconds since 1970"),
        ("1e300", "the timestamp '1e300' is neither ISO 8601 nor seconds since 1970"),
    ],
)
def test_a_moment_that_cannot_be_costs_its_row(moment: str, reason: str, tmp_path: Path) -> None:
    path = generic(tmp_path, f"model_a,model_b,winner,timestamp\nx,y,tie,{moment}\nx,y,tie,2026-01-01\nx,y,tie,\n")
    reading = read_battles(path, latest=datetime(2026, 11, 23, tzinfo=UTC))
    assert complaints(reading) == {2: reason}
    assert reading.rows == 2


@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "many", "1e999"])
def test_a_number_that_is_none_is_no_number_of_its_row(value: str, tmp_path: Path) -> None:
    path = generic(tmp_path, f"model_a,model_b,winner,tokens_a,tokens_b\nx,y,tie,{value},3\n")
    (row,) = read_battles(path)
    assert row.numbers == {}


def test_latin_1_is_refused_with_the_line_and_the_way_out(tmp_path: Path) -> None:
    path = generic(tmp_path, HEADER.encode() + b"x,y,tie\n" + "São,y,tie\n".encode("latin-1"))
    message = refusal(path)
    assert "line 3 is not UTF-8 (byte 0xE3 at 2)" in message
    assert "iconv -f LATIN1 -t UTF-8" in message


def test_utf_16_is_refused_with_the_way_out(tmp_path: Path) -> None:
    assert "iconv -f UTF-16 -t UTF-8" in refusal(generic(tmp_path, HEADER.encode("utf-16")))


def test_columns_that_appear_twice_are_named(tmp_path: Path) -> None:
    assert "the header has the column model_a twice" in refusal(generic(tmp_path, "model_a,model_a,model_b,winner\n"))


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet"])
def test_an_empty_file_is_called_empty(suffix: str, tmp_path: Path) -> None:
    assert refusal(generic(tmp_path, "", f"nothing{suffix}")).endswith("is empty.")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("blank.csv", "\n\n", "is empty"),
        ("binary.csv", b"\0\1\2\3", "its first line holds NUL bytes"),
        ("battles.xlsx", "PK", "ends in none of .csv, .json, .jsonl, .ndjson, .parquet"),
        ("noise.parquet", "not parquet", "is not a Parquet file"),
        ("list.json", "[]", "holds no JSON objects"),
        ("text.json", '"words"', "is not a JSON list"),
        ("cut.json", '[{"model_a": "x", ', "what begins on line 1 is not JSON"),
        ("deep.json", "[" * 100_000, "is not JSON"),
        ("object.json", '{"models": ["x"]}', "is in no known format: it has models"),
        ("noise.jsonl", "not json\n", "holds no JSON objects; line 1: it is not JSON"),
    ],
)
def test_what_is_no_table_of_battles_is_refused(
    name: str, content: str | bytes, complaint: str, tmp_path: Path
) -> None:
    assert complaint in refusal(generic(tmp_path, content, name))


def test_a_json_list_that_breaks_off_says_where(tmp_path: Path) -> None:
    row = json.dumps({"model_a": "x", "model_b": "y", "winner": "tie"})
    assert "line 3" in refusal(generic(tmp_path, f'[{row},\n{row},\n{{"model_a": broken}}]', "cut.json"))
    assert "lacks a comma" in refusal(generic(tmp_path, f"[{row}\n{row}]", "cut.json"))
    assert "goes on after the end" in refusal(generic(tmp_path, f"[{row}]\n[", "cut.json"))


def test_broken_lines_of_jsonl_cost_themselves(tmp_path: Path) -> None:
    row = json.dumps({"model_a": "x", "model_b": "y", "winner": "tie"})
    wrong = ['{"model_a": ', "[1]", '{"model_a": "x\\u0000", "model_b": "y", "winner": "tie"}']
    wrong += ['{"model_a": "x", "model_b": "\\ud800", "winner": "tie"}', '{"model_a": ["x"], "model_b": "y"}', "{}"]
    reading = read_battles(generic(tmp_path, "\n".join([row, *wrong, row]), "rows.jsonl"))
    found = complaints(reading)
    assert list(found) == [2, 3, 4, 5, 6, 7]
    assert found[3] == "it is not a JSON object"
    assert "NUL" in found[4]
    assert "surrogate" in found[5]
    assert "holds a list instead of text" in found[6]
    assert found[7] == "model_a is empty"
    assert reading.rows == 2


def test_a_directory_is_named_with_what_is_in_it(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is a directory; name the file."
    generic(tmp_path, HEADER, "crowd-comparisons.csv")
    assert refusal(tmp_path) == f"{tmp_path} is a directory; name the file (for example crowd-comparisons.csv in it)."


def test_what_is_not_there_or_no_file_is_said_so(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.csv") == f"There is no file {tmp_path / 'nowhere.csv'}."
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is not a regular file" in refusal(tmp_path / "pipe.csv")


def test_a_prompt_of_a_million_characters_is_read_and_a_monster_is_not(tmp_path: Path) -> None:
    header = "model_a,model_b,winner,prompt\n"
    large = generic(tmp_path, header + "x,y,tie," + "a" * 1_000_000 + "\n", "large.csv")
    assert [len(row.prompt or "") for row in read_battles(large)] == [1_000_000]
    monster = generic(tmp_path, header + "x,y,tie," + "a" * 4_000_001 + "\nx,y,tie,\n", "monster.csv")
    reading = read_battles(monster)
    assert list(complaints(reading)) == [2]
    assert reading.rows == 1


def test_a_million_complaints_are_counted_and_a_thousand_kept(tmp_path: Path) -> None:
    reading = read_battles(generic(tmp_path, HEADER + "x,y,tie\n" + "x,y,nobody\n" * 3000))
    complaints(reading)
    assert (len(reading.bad), reading.bad_total, reading.rows) == (BAD_ROWS_KEPT, 3000, 1)


def test_a_parquet_file_cut_short_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"model_a": ["x"] * 999, "model_b": ["y"] * 999, "winner": ["tie"] * 999}), whole)
    assert "is not a Parquet file" in refusal(generic(tmp_path, whole.read_bytes()[:-9], "cut.parquet"))


def test_parquet_columns_that_are_lists_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "nested.parquet"
    pq.write_table(pa.table({"model_a": ["x"], "model_b": ["y"], "winner": ["tie"], "turns": [[1, 2]]}), path)
    (row,) = read_battles(path)
    assert row.extra == {}


@pytest.mark.parametrize(
    ("whole", "complaint"),
    [
        ({"models": ["x", "y"], "X": []}, "it lacks the list Y; it has models, X"),
        ({"models": ["x", "x"], "X": [], "Y": []}, "two models have the same name"),
        ({"models": ["x", ""], "X": [], "Y": []}, "model 1 is empty"),
        ({"models": ["x", "y"], "X": [[0, 1]], "Y": []}, "X has 1 pairs, and Y has 0"),
    ],
)
def test_pair_totals_that_do_not_fit_together_are_refused(
    whole: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    assert complaint in refusal(generic(tmp_path, json.dumps(whole), "totals.json"), "pair-totals")


@pytest.mark.parametrize(
    ("pair", "total"),
    [
        ([0, 2], [1, 1, 0, 0]),
        ([0, 0], [1, 1, 0, 0]),
        ([0, -1], [1, 1, 0, 0]),
        ([0], [1, 1, 0, 0]),
        ([0, 1], [1, 1, 0]),
        ([0, 1], [1, -1, 0, 0]),
        ([0, 1], [1, 0.5, 0, 0]),
        ([0, 1], [True, 1, 0, 0]),
        ([0, 1], "1100"),
    ],
)
def test_a_pair_that_cannot_be_costs_itself(pair: object, total: object, tmp_path: Path) -> None:
    whole = {"models": ["x", "y"], "X": [[0, 1], pair], "Y": [[1, 1, 0, 0], total]}
    reading = read_battles(generic(tmp_path, json.dumps(whole), "totals.json"), "pair-totals")
    assert list(complaints(reading)) == [2]
    assert reading.rows == 2


@pytest.mark.parametrize(
    ("start", "tool"),
    [
        (gzip.compress(HEADER.encode(), mtime=0), "gunzip"),
        (b"PK\x03\x04zip", "unzip"),
        (b"\x28\xb5\x2f\xfdzst", "unzstd"),
    ],
    ids=["gzip", "zip", "zstd"],
)
@pytest.mark.parametrize("name", ["battles.csv", "battles.parquet", "battles.csv.gz"])
def test_a_packed_file_is_refused_with_what_unpacks_it(start: bytes, tool: str, name: str, tmp_path: Path) -> None:
    path = generic(tmp_path, start, name)
    assert refusal(path) == f"{path} is packed; unpack it first with: {tool}"


def test_other_separators_are_suspected_without_a_named_format(tmp_path: Path) -> None:
    path = generic(tmp_path, "model_a;model_b;winner\nx;y;tie\n")
    assert refusal(path).endswith("Is it separated by something other than commas?")


def test_a_disk_that_fails_is_named_with_how_far_the_file_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = generic(tmp_path, HEADER + "x,y,tie\n" * 10)

    class FailingDisk(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 40:
                raise OSError(errno.EIO, "Input/output error")
            return super().readline(size)

    lines, content = Lines(path), path.read_bytes()
    monkeypatch.setattr(Path, "open", lambda _path, _mode: FailingDisk(content))
    with pytest.raises(UnreadableFile, match="cannot be read after line 4: Input/output error"):
        list(lines)


def test_parquet_values_that_python_cannot_hold_cost_their_rows(tmp_path: Path) -> None:
    moments = pa.array([0, 2**60, 0, 0], pa.int64()).cast(pa.timestamp("us"))
    raw = pa.array([b"fine", b"fine", b"S\xe3o", b"fine"], pa.binary())
    prompts = pa.Array.from_buffers(pa.string(), 4, raw.buffers())
    table = {"model_a": ["x"] * 4, "model_b": ["y"] * 4, "winner": ["tie"] * 4, "timestamp": moments, "prompt": prompts}
    pq.write_table(pa.table(table), tmp_path / "odd.parquet")
    reading = read_battles(tmp_path / "odd.parquet")
    found = complaints(reading)
    assert list(found) == [2, 3]
    assert found[2].startswith("a value cannot be read (")
    assert "can't decode byte 0xe3" in found[3]
    assert reading.rows == 2


def test_parquet_columns_that_appear_twice_are_named(tmp_path: Path) -> None:
    columns = [pa.array(["x"]), pa.array(["y"]), pa.array(["tie"]), pa.array(["model_a"])]
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.table(columns, names=["model_a", "model_b", "winner", "winner"]), path)
    assert refusal(path) == f"{path}: its schema has the column winner twice."


def test_pair_totals_of_more_votes_than_can_be_counted_are_refused(tmp_path: Path) -> None:
    whole = {"models": ["x", "y", "z"], "X": [[0, 1], [1, 2]], "Y": [[2**53 - 1, 0, 0, 0], [1, 1, 0, 0]]}
    path = generic(tmp_path, json.dumps(whole), "totals.json")
    assert "counts more than 9,007,199,254,740,992 votes by pair 2, which nobody cast" in refusal(path, "pair-totals")


def test_a_broken_file_beside_llmfao_is_named(tmp_path: Path) -> None:
    path = generic(
        tmp_path, "id,prompt,model_x,model_y,worker,winner,left,right\n0,8,1,2,5,up,a,b\n0,8,1,2,5,tie,a,b\n"
    )
    reading = read_battles(path)
    assert complaints(reading) == {2: "the winner is 'up' and not one of left, right, tie"}
    generic(tmp_path, "{broken\n", "results.jsonl")
    assert f"{tmp_path / 'results.jsonl'}: line 1" in refusal(path)
