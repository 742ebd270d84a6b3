"""The command that ranks a file: agreement with scikit-learn, its JSON, its table and how it says no."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from apps.rankings.cli import main
from apps.rankings.domain.method import POINTS
from tests.rankings.domain.boards import ARENA, LLMFAO, needs_arena, needs_llmfao

HEADER = "model_a,model_b,winner,voter,country,tokens_a,tokens_b\n"


def rank(*arguments: object, out: Path) -> dict[str, Any]:
    """Run the command, return its JSON."""
    assert main([*map(str, arguments), "--json", str(out)]) in {0, 1}
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def small_file(folder: Path, name: str = "battles.csv") -> Path:
    rng = np.random.default_rng(1)
    lines = []
    for vote in range(600):
        a, b = rng.choice(4, 2, replace=False)
        won = rng.random() < 1 / (1 + np.exp(b - a))
        winner = "tie" if vote % 9 == 0 else "both_bad" if vote % 31 == 0 else "model_a" if won else "model_b"
        country = "BR" if vote % 3 else "DE"
        tokens = rng.integers(1, 400, 2)
        lines.append(f"m{a},m{b},{winner},v{rng.integers(40)},{country},{tokens[0]},{tokens[1]}\n")
    path = folder / name
    path.write_text(HEADER + "".join(lines))
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run the command on something unusable: status 2, nothing on standard output, one line of complaint."""
    assert main([*map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("showdown-rank: ")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


@needs_arena
@pytest.mark.parametrize("ties", ["half", "drop", "drop-both-bad"])
def test_a_million_real_votes_agree_with_scikit_learn(ties: str, tmp_path: Path) -> None:
    found = rank(ARENA, "--ties", ties, "--bootstrap", 0, out=tmp_path / "board.json")
    data = json.loads(ARENA.read_text())
    models = len(data["models"])
    totals = np.array(data["Y"], float)
    half = {"half": totals[:, 2] + totals[:, 3], "drop": 0 * totals[:, 2], "drop-both-bad": totals[:, 2]}[ties] / 2
    pairs = np.array(data["X"])
    x = np.zeros((len(pairs), models))
    x[np.arange(len(pairs)), pairs[:, 0]] = 1.0
    x[np.arange(len(pairs)), pairs[:, 1]] = -1.0
    weights = np.concatenate([totals[:, 0] + half, totals[:, 1] + half])
    asked = np.concatenate([np.ones(len(pairs)), np.zeros(len(pairs))])
    regression = LogisticRegression(C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=200)
    regression.fit(np.vstack([x, x])[:, 1:], asked, sample_weight=weights)
    strength = np.append(0.0, regression.coef_[0])
    expected = 1000 + POINTS * (strength - strength.mean())
    ratings = {line["model"]: line["rating"] for line in found["models"]}
    np.testing.assert_allclose([ratings[name] for name in data["models"]], expected, rtol=0, atol=1e-4)
    counted = {"half": totals.sum(), "drop": totals[:, :2].sum(), "drop-both-bad": totals[:, :3].sum()}[ties]
    assert found["votes"] == counted
    assert found["votes"] + sum(found["left_out"].values()) == 1_670_250


@needs_llmfao
def test_the_real_votes_of_llmfao_are_all_there(tmp_path: Path) -> None:
    found = rank(LLMFAO, "--style", "length,duration", out=tmp_path / "board.json")
    assert (len(found["models"]), found["votes"], found["contributors"]) == (59, 8931, 124)
    assert found["left_out"] == {}
    assert found["unranked"] == []
    assert [effect["name"] for effect in found["style"]] == ["length", "duration", "position"]
    assert found["method"]["intervals"] == "cv3", "124 contributors are fewer than 500."


def test_the_json_has_its_documented_form(tmp_path: Path) -> None:
    found = rank(small_file(tmp_path), "--style", "tokens", out=tmp_path / "board.json")
    assert list(found) == [
        "models",
        "style",
        "votes",
        "contributors",
        "left_out",
        "method",
        "unranked",
        "why_empty",
        "why_no_intervals",
    ]
    assert list(found["models"][0]) == [
        "model",
        "rating",
        "lower",
        "upper",
        "rank",
        "rank_low",
        "rank_high",
        "votes",
        "contributors",
    ]
    assert list(found["style"][0]) == ["name", "coefficient", "lower", "upper"]
    assert (found["votes"], found["contributors"]) == (600, 40)
    assert [line["model"] for line in found["models"]] == ["m3", "m2", "m1", "m0"]
    for line in found["models"]:
        assert round(line["rating"] * 1e6) / 1e6 == line["rating"], "Points with six digits, and no more."
        assert line["lower"] < line["rating"] < line["upper"]


def test_json_on_standard_output_stands_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(small_file(tmp_path)), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["votes"] == 600


def test_the_options_do_what_they_say(tmp_path: Path) -> None:
    path, out = small_file(tmp_path), tmp_path / "board.json"
    free = rank(path, out=out)
    ratings = {line["model"]: line["rating"] for line in free["models"]}
    anchored = rank(path, "--anchor", "m0=1500", out=out)
    assert {line["model"]: line["rating"] for line in anchored["models"]}["m0"] == 1500
    assert anchored["models"][0]["rating"] == pytest.approx(ratings["m3"] - ratings["m0"] + 1500, abs=2e-6)
    assert rank(path, "--ties", "drop", out=out)["left_out"].keys() == {"tie", "both-bad"}
    assert rank(path, "--ties", "drop-both-bad", out=out)["left_out"].keys() == {"both-bad"}
    for kind in ("hc0", "cr1", "cv3"):
        assert rank(path, "--intervals", kind, out=out)["method"]["intervals"] == kind
    assert rank(path, "--cap", "3%", out=out)["method"]["weight"] < 600
    assert rank(path, "--cluster", "country", "--intervals", "cr1", out=out)["contributors"] == 2
    assert rank(path, "--bootstrap", 0, out=out)["method"]["rank_spread"] == "holm"
    again = rank(path, "--seed", 2, out=out)
    assert again["models"][0]["rating"] == free["models"][0]["rating"]
    segments = rank(path, "--segment", "country", out=out)["segments"]
    assert {name: board["votes"] for name, board in segments.items()} == {"BR": 400, "DE": 200}


def test_the_table_fits_its_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_file(tmp_path)
    for columns in (200, 80, 60, 40, 24, 10):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main([str(path), "--style", "tokens", "--segment", "country"]) == 0
        table = capsys.readouterr().out
        assert max(len(line) for line in table.splitlines()) <= max(columns, 24)
        assert "m3" in table
        assert ("├" in table) == (columns >= 60)
    monkeypatch.setenv("COLUMNS", "80")
    main([str(path)])
    table = capsys.readouterr().out
    assert "battles.csv: 4 models, 600 votes of 40 contributors" in table
    first = next(line for line in table.splitlines() if " m3 " in line)
    assert first.split()[:3] == ["1", "1\u20131", "m3"]


def test_a_name_cannot_move_the_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "names.csv"
    path.write_text(
        "model_a,model_b,winner\n模型一号,e\u202evil,model_a\ne\u202evil,模型一号,model_a\n", encoding="utf-8"
    )
    assert main([str(path)]) == 0
    table = capsys.readouterr().out
    assert "\u202e" not in table
    assert "e?vil" in table
    assert "模型一号" in table


def test_nothing_to_rank_is_status_1_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one-sided.csv"
    path.write_text("model_a,model_b,winner\n" + "x,y,model_a\n" * 3)
    assert main([str(path)]) == 1
    table = capsys.readouterr().out
    assert "None of the 2 models can be ranked" in table
    assert "Not ranked: x never lost or tied" in " ".join(table.split())
    path.write_text("model_a,model_b,winner\n")
    assert main([str(path)]) == 1
    assert "No vote counts" in capsys.readouterr().out


def test_bad_rows_are_counted_and_the_first_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small_file(tmp_path)
    path.write_text(path.read_text() + "m0,m1\n" + "m0,m1,nobody,v1,BR,1,2\n")
    found = rank(path, out=tmp_path / "board.json")
    assert found["left_out"] == {"bad-row": 2}
    assert "2 rows were not used; line 602: it has 2 fields" in capsys.readouterr().err


def test_negative_tokens_and_missing_numbers_cost_their_votes(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    path.write_text(path.read_text() + "m0,m1,tie,v1,BR,-1,2\n" + "m0,m1,tie,v1,BR,nan,2\n" + "m0,m1,tie,v1,BR,,\n")
    found = rank(path, "--style", "tokens", out=tmp_path / "board.json")
    assert found["left_out"] == {"no-style-value": 3}
    assert any("1 negative" in note for note in found["method"]["notes"])
    assert rank(path, out=tmp_path / "board.json")["left_out"] == {}


def test_alphabetical_rows_do_not_tell_the_sides(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(row for row in rows if row.split(",")[0] < row.split(",")[1])]) + "\n")
    found = rank(path, "--style", "tokens", out=tmp_path / "board.json")
    assert [effect["name"] for effect in found["style"]] == ["tokens"]
    assert any("alphabetical" in note for note in found["method"]["notes"])


def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small_file(tmp_path)
    assert "There is no file" in refused(capsys, tmp_path / "nowhere.csv")
    assert "is a directory; name the file (for example battles.csv in it)" in refused(capsys, tmp_path)
    assert "argument --intervals: invalid choice" in refused(capsys, path, "--intervals", "best")
    assert "argument --format: invalid choice" in refused(capsys, path, "--format", "arena")
    assert "it lacks the columns id, prompt" in refused(capsys, path, "--format", "llmfao")
    assert "no row has numbers of both sides for words; there is tokens" in refused(capsys, path, "--style", "words")
    assert "a style column is named twice" in refused(capsys, path, "--style", "tokens,tokens").lower()
    assert "no row has a profession; there is country, voter" in refused(capsys, path, "--segment", "profession")
    assert "no row has a worker" in refused(capsys, path, "--cluster", "worker")
    assert "the anchor m9 is not in it" in refused(capsys, path, "--anchor", "m9=1000")
    assert "'high' is not a number" in refused(capsys, path, "--anchor", "m0=high")
    assert "takes a share" in refused(capsys, path, "--cap", "some")
    assert "share above 0" in refused(capsys, path, "--cap", "-1")
    for rating in ("nan", "inf", "-inf", "1e308", "1000001"):
        assert "between -1,000,000 and 1,000,000 points" in refused(capsys, path, "--anchor", f"m0={rating}")
    assert "The anchor is a model's name" in refused(capsys, path, "--anchor", "=1000")
    assert "at least 99 draws, or 0" in refused(capsys, path, "--bootstrap", 5)
    assert "at most 100,000 draws" in refused(capsys, path, "--bootstrap", 10**13)
    assert "whole number from 0" in refused(capsys, path, "--seed", -1)
    assert "whole number from 0" in refused(capsys, path, "--seed", 2**53)
    assert "--cluster: it takes the name of a column" in refused(capsys, path, "--cluster", "")
    assert "--segment: it takes the name of a column" in refused(capsys, path, "--segment", " ")
    assert "required: FILE" in refused(capsys)
    unusable = tmp_path / "unusable.csv"
    unusable.write_text("model_a,model_b,winner\nx,y,?\nx,y,!\n")
    assert "none of its 2 rows can be used; line 2: the winner is '?'" in refused(capsys, unusable)
    unusable.write_bytes(b"model_a,model_b,winner\nS\xe3o,y,tie\n")
    assert "iconv -f LATIN1" in refused(capsys, unusable)
    unusable.write_text("model_a,model_b,winner\n" + "".join(f"x{row},y{row},tie\n" for row in range(1500)))
    assert "it names more than 2,000 models by line 1002" in refused(capsys, unusable)
    assert "cannot be written: No such file or directory" in refused_after_ranking(capsys, path, tmp_path)


def refused_after_ranking(capsys: pytest.CaptureFixture[str], path: Path, folder: Path) -> str:
    return refused(capsys, path, "--json", folder / "no" / "such" / "folder.json")


def test_the_command_needs_neither_django_nor_settings(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from apps.rankings.cli import main\n"
        "status = main(sys.argv[1:])\n"
        "assert 'django' not in sys.modules, 'Django was imported.'\n"
        "sys.exit(status)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE"))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(small_file(tmp_path))],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONIOENCODING": "ascii"},
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "|" in done.stdout, "Where the terminal knows no boxes the interval is drawn in ASCII."
    assert done.stdout.isascii()


def test_a_closed_pipe_is_no_fault(tmp_path: Path) -> None:
    command = f"{sys.executable} -m apps.rankings.cli {small_file(tmp_path)} | true"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("streams", "status", "complaint"),
    [
        (
            ">/dev/full",
            2,
            "showdown-rank: The ranking cannot be written to standard output: No space left on device.\n",
        ),
        (
            "--json - >/dev/full",
            2,
            "showdown-rank: The ranking cannot be written to standard output: No space left on device.\n",
        ),
        (">&-", 0, ""),
        ("2>&- >/dev/null", 0, ""),
        ("--json - | head -c 1 >/dev/null", 0, ""),
    ],
)
def test_a_stream_that_cannot_be_written_is_no_traceback(
    streams: str, status: int, complaint: str, tmp_path: Path
) -> None:
    command = f"{sys.executable} -m apps.rankings.cli {small_file(tmp_path)} {streams}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], timeout=120
    )
    assert (done.returncode, done.stderr) == (status, complaint)


def test_json_gets_through_a_terminal_of_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("model_a,model_b,winner\n模型,x,model_a\nx,模型,model_a\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "apps.rankings.cli", str(path), "--json", "-"],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert {line["model"] for line in json.loads(done.stdout)["models"]} == {"模型", "x"}


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_style_of_any_size_is_scaled_and_not_called_constant(size: float, tmp_path: Path) -> None:
    path = small_file(tmp_path)
    header, *rows = path.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    scaled = [",".join([*row[:5], repr(int(row[5]) * size), repr(int(row[6]) * size)]) for row in cells]
    path.write_text("\n".join([header, *scaled]) + "\n")
    found = rank(path, "--style", "tokens", out=tmp_path / "board.json")
    plain = rank(small_file(tmp_path, "plain.csv"), "--style", "tokens", out=tmp_path / "board.json")
    assert [effect["name"] for effect in found["style"]] == ["tokens", "position"]
    assert found["style"][0]["coefficient"] == pytest.approx(plain["style"][0]["coefficient"], abs=2e-6)
