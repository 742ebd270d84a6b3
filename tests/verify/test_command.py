"""The command as a person meets it: words, exit status, and one file that needs nothing of the platform."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from django.test import Client

import build_pyz
from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.note import Signer, sign
from showdown_verify.cli import main
from tests.verify.paper import LOG, OTHER, Paper, entry, votes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file, as its builder writes it."""
    target = tmp_path_factory.mktemp("program") / "showdown-verify.pyz"
    subprocess.run([sys.executable, str(ROOT / "clients/verify/build_pyz.py"), str(target)], check=True)
    return target


def run(program: Path, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the single file apart from everything that is installed for the platform, but for cryptography."""
    return subprocess.run(
        [sys.executable, str(program), *map(str, arguments)],
        cwd=program.parent,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_single_file_is_the_same_for_everybody(program: Path, tmp_path: Path) -> None:
    assert program.read_bytes() == build_pyz.build()
    elsewhere = tmp_path / "showdown_verify"
    elsewhere.mkdir()
    for path in sorted((ROOT / "clients/verify/showdown_verify").glob("*.py"), reverse=True):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert build_pyz.build(elsewhere) == program.read_bytes()
    assert os.access(program, os.X_OK)
    with zipfile.ZipFile(program) as archive:
        assert archive.testzip() is None
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_log_hands_it_out(program: Path, client: Client) -> None:
    response = client.get("/log/verify")
    assert response.content == program.read_bytes()
    assert response["Content-Disposition"] == 'attachment; filename="showdown-verify.pyz"'
    assert "Vary" not in response


def test_the_single_file_answers_with_its_status(program: Path, pristine: Path, tmp_path: Path) -> None:
    held = run(program, pristine, "--vkey", LOG.vkey)
    assert (held.returncode, held.stderr) == (0, "")
    assert held.stdout.endswith("\nholds\n")
    broken = run(program, pristine, "--vkey", OTHER.vkey)
    assert (broken.returncode, broken.stderr) == (1, "")
    assert broken.stdout.endswith("\nBROKEN [no-known-signature]\n")
    unchecked = run(program, tmp_path / "nowhere", "--vkey", LOG.vkey)
    assert (unchecked.returncode, unchecked.stderr) == (2, "")
    assert unchecked.stdout.endswith("\ncould not check [no-source]\n")


def test_wrong_arguments_are_status_2(program: Path, pristine: Path) -> None:
    wrong = ["--depth=all"], ["--seconds=never"], ["--seconds=nan"], ["--patience=-1"], ["--unknown"]
    for options in ([], *([str(pristine), *each] for each in wrong)):
        done = run(program, *options)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert run(program, "--help").returncode == 0
    assert run(program, "--version").stdout.startswith("showdown-verify ")


def test_a_terminal_without_em_dashes_gets_its_verdict(program: Path, pristine: Path) -> None:
    done = run(program, pristine, "--vkey", LOG.vkey, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_cryptography_it_says_what_to_install(program: Path, pristine: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    done = subprocess.run(
        [tmp_path / "bare/bin/python", "-I", str(program), str(pristine)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "needs the package cryptography" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_a_stranger_s_moves_or_colours_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = "evil.example/\u202elog\x9b31m\u200b"
    signer = Signer.from_seed(origin, b"\x05" * 32)
    folder = votes(3).write(tmp_path / "log")
    (folder / "checkpoint").write_bytes(sign(Checkpoint(origin, 3, votes(3).checkpoint().root).text, signer))
    assert main([str(folder), "--vkey", signer.vkey]) == 0
    said = capsys.readouterr().out
    assert re.fullmatch(r"[\x20-\x7e\n]*", said), said
    assert "\\u202e" in said


def test_the_place_of_the_fault_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = votes(300).write(tmp_path / "log")
    other = Paper([*votes(299).entries, entry(9999)]).write(tmp_path / "other")
    for path in ("tile/entries/001.p/44", "tile/0/001.p/44"):
        (folder / path).write_bytes((other / path).read_bytes())
    assert main([str(folder), "--vkey", LOG.vkey]) == 1
    said = capsys.readouterr().out
    assert "NO    tree at leaves 0 to 299" in said
    assert said.endswith("BROKEN [root-mismatch]\n")


def test_a_reader_who_stops_listening_is_no_fault(program: Path, pristine: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(program), str(pristine), "--vkey", LOG.vkey],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()
