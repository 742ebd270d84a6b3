"""The browser tests find a Chromium, or get one, and say what they did."""

import os
import sys
from pathlib import Path

import pytest

from showdown.supervisor import chromium
from showdown.supervisor.chromium import find_chromium
from showdown.supervisor.obstacle import Obstacle


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; the returned folder is its path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "PLACES", ())
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: None)
    monkeypatch.setattr(chromium, "_install_playwrights_own", lambda: False)
    monkeypatch.setattr(chromium, "_is_root_on_debian", lambda: False)
    return tmp_path


def put(path: Path, content: str = "#!/bin/sh\n") -> Path:
    path.write_text(content)
    path.chmod(0o755)
    return path


def test_the_named_one_comes_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(machine / "chromium")
    mine = put(machine / "mine")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert find_chromium(install=True) == mine


def test_a_named_one_that_is_not_there_is_told(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(Obstacle, match="/nowhere/chromium"):
        find_chromium(install=True)


def test_the_systems_one_is_found_and_told(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(machine / "chromium-browser", "#!/bin/sh\necho run: snap install chromium\n")
    real = put(machine / "google-chrome")
    assert find_chromium(install=True) == real
    told = capsys.readouterr()
    assert "google-chrome (the system's)" in told.err
    assert told.out == ""


def test_root_on_debian_gets_one_from_apt(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chromium, "_is_root_on_debian", lambda: True)
    made = f'echo "#!/bin/sh" > {machine}/chromium; {sys.executable} -c "import os; os.chmod({str(machine)!r} '
    put(machine / "apt-get", f"#!/bin/sh\n{made}+ '/chromium', 0o755)\"\n")
    assert find_chromium(install=True) == machine / "chromium"
    told = capsys.readouterr().err
    assert "installing Debian's with apt-get" in told
    assert "installed with apt-get" in told


def test_playwrights_own_is_the_last_resort(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloaded: list[Path] = []
    own = put(machine / "own")
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: downloaded[0] if downloaded else None)

    def download() -> bool:
        downloaded.append(own)
        return True

    monkeypatch.setattr(chromium, "_install_playwrights_own", download)
    with pytest.raises(Obstacle):
        find_chromium(install=False)
    assert find_chromium(install=True) == own


def test_none_at_all_is_told_with_the_ways_out(machine: Path) -> None:
    with pytest.raises(Obstacle, match="no Chromium") as told:
        find_chromium(install=True)
    assert "CHROMIUM=/path/to/chromium make test" in str(told.value)
    assert os.environ["PATH"] == str(machine)
