"""The command on boards at the edge, on files that break off or lie, and when somebody stops it."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.rankings import cli
from apps.rankings.cli import main
from apps.rankings.domain import reading

HEAD = "model_a,model_b,winner,voter"
STYLED = f"{HEAD},timestamp,tokens_a,tokens_b,same_a,same_b,twice_a,twice_b"
EVERY_KIND = pytest.mark.parametrize("kind", ["auto", "hc0", "cr1", "cv3"])


@pytest.fixture(params=[True, False], ids=["by columns", "by rows"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read even the smallest CSV file in batches of columns, or every one by rows."""
    monkeypatch.setattr(reading, "_SMALL", 0 if request.param else 2**40)


def fought(*rows: str, number: int = 1, head: str = HEAD) -> str:
    """Return a file in which the same rows come several times, from another voter each time."""
    return "\n".join([head, *(f"{row},v{vote}" for vote in range(number) for row in rows)]) + "\n"


def ranked(folder: Path, text: str, kind: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command on a file with this text; returns its status and its JSON."""
    path, out = folder / "board.csv", folder / "board.json"
    path.write_text(text)
    status = main([str(path), "--intervals", kind, "--json", str(out), *options])
    found: dict[str, Any] = json.loads(out.read_text(), parse_constant=pytest.fail)
    return status, found


@EVERY_KIND
@pytest.mark.usefixtures("either_way")
def test_boards_at_the_edge(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = fought("x,y,model_a", "x,y,model_b", "x,y,model_a", number=30)
    status, found = ranked(tmp_path, two, kind)
    assert (status, [line["model"] for line in found["models"]], found["votes"]) == (0, ["x", "y"], 90)

    apart = fought("x,y,model_a", "x,y,model_b", "y,z,tie", "p,q,model_a", "p,q,model_b", number=30)
    status, found = ranked(tmp_path, apart, kind)
    assert (status, [line["model"] for line in found["models"]]) == (0, ["x", "y", "z"])
    assert {line["model"] for line in found["unranked"]} == {"p", "q"}
    assert found["left_out"] == {"model-not-ranked": 60}

    champion = fought("x,y,model_a", "x,y,model_b", "w,x,model_a", "w,y,model_a", number=30)
    status, found = ranked(tmp_path, champion, kind)
    assert (status, [line["model"] for line in found["unranked"]]) == (0, ["w"])
    assert found["unranked"][0]["why"] == "always-wins"

    peaceful = fought("x,y,tie", "y,z,both_bad", "z,x,tie", number=30)
    status, found = ranked(tmp_path, peaceful, kind)
    assert {line["rating"] for line in found["models"]} == {1000}
    assert {line["lower"] for line in found["models"]} == {None}
    assert found["why_no_intervals"]
    status, found = ranked(tmp_path, peaceful, kind, "--ties", "drop")
    assert (status, found["models"], found["votes"]) == (1, [], 0)
    assert found["why_empty"]

    status, found = ranked(tmp_path, HEAD + "\n", kind)
    assert (status, found["models"], found["votes"]) == (1, [], 0)
    capsys.readouterr()
    (tmp_path / "board.csv").write_text(fought("x,x,tie", number=9))
    assert main([str(tmp_path / "board.csv"), "--intervals", kind]) == 2
    assert capsys.readouterr().err == (
        f"showdown-rank: {tmp_path}/board.csv: none of its 9 rows can be used; "
        "line 2: the model 'x' stands against itself.\n"
    )


def styled_board(*hostile: str) -> str:
    rng = np.random.default_rng(5)
    rows = []
    for vote in range(400):
        a, b = rng.choice(4, 2, replace=False)
        here, there = rng.integers(1, 300, 2)
        won = "model_a" if rng.random() < 1 / (1 + np.exp(b - a - (here - there) / 200)) else "model_b"
        rows.append(f"m{a},m{b},{won},v{vote % 60},2026-01-01,{here},{there},5,5,{2 * here},{2 * there}")
    return "\n".join([STYLED, *rows, *hostile]) + "\n"


@EVERY_KIND
@pytest.mark.usefixtures("either_way")
def test_style_columns_that_say_nothing_and_values_that_are_none(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--style", "tokens,same,twice")
    status, clean = ranked(tmp_path, styled_board(), kind, *options)
    assert status == 0
    assert {line.split(" ")[0] for line in clean["method"]["dropped_style"]} == {"same", "twice"}
    assert [effect["name"] for effect in clean["style"]] == ["tokens", "position"]
    hostile = [f"m0,m1,tie,v1,2026-01-01,{value},7,5,5,1,1" for value in ("nan", "inf", "-inf", "", "-1", "many")]
    hostile += [f"m0,m1,tie,v1,{moment},1,2,5,5,2,4" for moment in ("2999-01-01", "1960-01-01", "soon")]
    hostile += ["m0,m0,tie,v1,,1,2,5,5,2,4", "m0,m1,perhaps,v1,,1,2,5,5,2,4"]
    capsys.readouterr()
    status, found = ranked(tmp_path, styled_board(*hostile), kind, *options)
    assert (status, found["models"], found["style"]) == (0, clean["models"], clean["style"])
    assert found["left_out"] == {"bad-row": 5, "no-style-value": 6}
    assert "1 negative values count as unknown." in found["method"]["notes"]
    said = capsys.readouterr().err
    assert "5 rows were not used; line 408: the timestamp '2999-01-01' lies in the future." in said


def complaint(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> str:
    """Run the command on something unusable: status 2, one line and nothing else."""
    capsys.readouterr()
    assert main([str(path), *options]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def large_table(rows: int) -> pa.Table:
    rng = np.random.default_rng(9)
    a = rng.integers(0, 5, rows)
    names = np.array([f"m{place}" for place in range(6)])
    return pa.table(
        {
            "model_a": names[a],
            "model_b": names[a + 1],
            "winner": np.array(["model_a", "model_b", "tie"])[rng.integers(0, 3, rows)],
            "voter": rng.integers(0, 700, rows),
        }
    )


def test_files_that_break_off_or_lie_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "votes.parquet"
    path.touch()
    assert "is empty" in complaint(capsys, path)
    pq.write_table(large_table(20_000), path, row_group_size=5000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "is not a Parquet file" in complaint(capsys, path)
    # The end is there, and something in the middle is not what it was.
    torn = len(whole) // 2
    path.write_bytes(whole[:torn] + b"\xff" * 4000 + whole[torn + 4000 :])
    assert f"showdown-rank: {path}: row " in complaint(capsys, path)
    path.write_bytes(b"PAR1 is how it begins, and nothing follows")
    assert "is not a Parquet file" in complaint(capsys, path)
    pq.write_table(large_table(10).drop_columns(["winner"]), path)
    assert "it lacks the column winner; it has model_a, model_b, voter" in complaint(
        capsys, path, "--format", "generic"
    )
    pq.write_table(large_table(10), path)
    assert "the anchor m9 is not in it" in complaint(capsys, path, "--anchor", "m9")
    assert "no row has numbers of both sides for tokens" in complaint(capsys, path, "--style", "tokens")
    assert "no row has a country; there is voter" in complaint(capsys, path, "--segment", "country")
    many = pa.table({"model_a": [f"x{row}" for row in range(1500)], "model_b": [f"y{row}" for row in range(1500)]})
    pq.write_table(many.append_column("winner", pa.array(["tie"] * 1500)), path)
    assert "it names more than 2,000 models by line 1001" in complaint(capsys, path)


@pytest.mark.parametrize("head", ["", f"{HEAD}\nx,y,tie,v\n"])
def test_a_line_without_end_is_refused_early(head: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "line.csv"
    path.write_bytes(head.encode() + b"x" * (65 * 1024 * 1024))
    # What comes later is not looked at: as text this would be a gibibyte of NUL bytes.
    with path.open("r+b") as file:
        file.truncate(2**30)
    assert f"line {head.count(chr(10)) + 1} is longer than 64 MiB" in complaint(capsys, path, "--format", "generic")


class Terminal(io.StringIO):
    """A terminal on which somebody watches."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_long_reading_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, terminal = tmp_path / "votes.parquet", Terminal()
    pq.write_table(large_table(100_000), path)
    for name in ("_PATIENCE", "_SHOW_EVERY"):
        monkeypatch.setattr(cli, name, 0)
    monkeypatch.setattr("sys.stderr", terminal)
    assert main([str(path)]) == 0
    told = [line.rstrip() for line in terminal.getvalue().split("\r") if line.strip()]
    assert told[0] == "Reading ..."
    assert told[1].startswith("Reading: 65,536 of 100,000 (66%), about ")
    assert told[1].endswith(" s left")
    assert told[-1] == "Ranking 100,000 votes ..."
    assert terminal.getvalue().endswith("\r"), "The line is wiped for what comes next."
    assert "\n" not in terminal.getvalue()


@pytest.mark.usefixtures("either_way")
def test_a_command_that_is_stopped_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    path, out = tmp_path / "board.csv", tmp_path / "board.json"
    path.write_text(fought("x,y,tie"))
    monkeypatch.setattr("apps.rankings.cli._Progress.show", stopped)
    assert main([str(path), "--json", str(out)]) == 130
    assert capsys.readouterr().err == "showdown-rank: stopped.\n"
    assert not out.exists()


def test_too_little_memory_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cli, "gather_file", full)
    (tmp_path / "board.csv").write_text(fought("x,y,tie"))
    assert "There is not enough memory" in complaint(capsys, tmp_path / "board.csv")
