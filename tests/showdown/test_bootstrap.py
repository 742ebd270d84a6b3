"""What ``make`` does before anything is installed: it picks a Python, makes ``.venv``, and installs once."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from showdown.supervisor import bootstrap, schema


class Clone:
    """A clone with a pinned list of nothing, and a path with the programs that the machine has."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        self.path = folder / "bin"
        (self.root / "showdown" / "supervisor").mkdir(parents=True)
        (self.root / "requirements").mkdir()
        shutil.copy(bootstrap.__file__, self.script)
        for name in bootstrap.LISTS:
            self.pin(name, "# nothing\n")
        (self.root / "pyproject.toml").write_text('[project.scripts]\nshowdown-rank = "rank:main"\n\n[tool]\n')
        self.path.mkdir()
        for program in ("sh", "uname"):
            (self.path / program).symlink_to(shutil.which(program) or "/bin/sh")

    @property
    def script(self) -> Path:
        return self.root / "showdown" / "supervisor" / "bootstrap.py"

    def pin(self, name: str, content: str) -> None:
        (self.root / "requirements" / f"{name}.txt").write_text(content)

    def has(self, program: str, script: str) -> None:
        """Put a program on the path."""
        (self.path / program).write_text(f"#!/bin/sh\n{script}\n")
        (self.path / program).chmod(0o755)

    def has_python(self, name: str, *, version: str, ensurepip: bool = True) -> None:
        """Put a Python on the path that tells a version, and else is the one of these tests."""
        major, minor = version.split(".")
        refusal = 'case "$2" in *ensurepip*) exit 1;; esac\n' if not ensurepip else ""
        told = f'case "$2" in *version_info*) echo {major} {minor}; exit 0;; esac\n'
        self.has(name, f'{refusal}{told}exec "{os.path.realpath(sys.executable)}" "$@"')

    def run(self, name: str = "production", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the bootstrap as make does."""
        return subprocess.run(
            [os.path.realpath(sys.executable), str(self.script), name],
            env={"PATH": str(self.path), "HOME": str(self.root), **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.mark.slow
def test_it_makes_the_environment_once_and_installs_again_when_a_list_changes(clone: Clone) -> None:
    clone.has_python("python3.11", version="3.11")
    first = clone.run()
    assert first.returncode == 0, first.stderr
    assert "Making .venv with Python 3.11" in first.stdout
    assert "Installing the 0 pinned production packages" in first.stdout
    assert clone.run().stdout == ""

    clone.pin("production", "# something else\n")
    assert "Installing" in clone.run().stdout
    assert "Installing the 0 pinned development packages" in clone.run("development").stdout
    # The development list contains the production one.
    assert clone.run().stdout == ""

    ours = subprocess.run(
        [str(clone.root / ".venv" / "bin" / "python"), "-c", "import sys; print(sys.path)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(clone.root) in ours.stdout
    assert "from rank import main" in (clone.root / ".venv" / "bin" / "showdown-rank").read_text()

    # An interrupted making, as by Ctrl-C or a full disk, is made again.
    shutil.rmtree(next((clone.root / ".venv").glob("lib/python3*/site-packages/pip")))
    again = clone.run()
    assert again.returncode == 0, again.stderr
    assert "it was left half-made" in again.stdout


def test_a_package_with_another_hash_is_not_installed(clone: Clone) -> None:
    clone.has_python("python3.11", version="3.11")
    wheels = clone.root / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(wheels)}
    clone.pin("production", f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    done = clone.run(**offline)
    assert done.returncode == 1
    assert "not the one that was pinned" in done.stderr
    assert not (clone.root / ".venv" / ".installed-production").exists()

    clone.pin("production", f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    done = clone.run(**offline)
    assert done.returncode == 1
    assert "pip could not install" in done.stderr
    assert "Traceback" not in done.stderr


def test_old_pythons_are_told_with_what_there_is(clone: Clone) -> None:
    clone.has_python("python3", version="3.9")
    done = clone.run()
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed, and the path has: 3.9." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"python3": "3.11"}, "python3"),
        ({"python3": "3.9", "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.11", "python3.11": "3.11", "python3.12": "3.12"}, "python3.12"),
        ({"python3.13": "3.13", "python3.12": "3.12"}, "python3.12"),
        ({"python3": "3.14", "python3.13": "3.13"}, "python3.13"),
    ],
)
def test_it_picks_the_newest_that_works(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, there: dict[str, str], chosen: str
) -> None:
    for name, version in there.items():
        clone.has_python(name, version=version)
    monkeypatch.setenv("PATH", str(clone.path))
    monkeypatch.delenv("PYTHON", raising=False)
    assert bootstrap.choose_python() == str(clone.path / chosen)


def test_a_named_python_is_taken_or_refused_by_name(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.has_python("python3.12", version="3.12")
    clone.has_python("mine", version="3.11")
    clone.has_python("old", version="3.8")
    monkeypatch.setenv("PATH", str(clone.path))
    monkeypatch.setenv("PYTHON", "mine")
    assert bootstrap.choose_python() == str(clone.path / "mine")
    for wrong in ("old", "nowhere"):
        monkeypatch.setenv("PYTHON", wrong)
        with pytest.raises(bootstrap.Obstacle, match=wrong):
            bootstrap.choose_python()


def test_one_that_can_make_environments_is_preferred(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.has_python("python3.12", version="3.12", ensurepip=False)
    clone.has_python("python3.11", version="3.11")
    monkeypatch.setenv("PATH", str(clone.path))
    monkeypatch.delenv("PYTHON", raising=False)
    assert bootstrap.choose_python() == str(clone.path / "python3.11")


def test_without_the_venv_package_the_line_to_type_is_told(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.has_python("python3.11", version="3.11", ensurepip=False)
    clone.has("apt-get", "exit 1")
    monkeypatch.setenv("PATH", str(clone.path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(bootstrap.Obstacle, match=r"sudo sh -c 'apt-get update && apt-get install -y python3\.11-venv'"):
        bootstrap.require_venv_package(str(clone.path / "python3.11"))


def test_root_gets_the_venv_package_from_apt(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.has_python("python3.11", version="3.11", ensurepip=False)
    asked = clone.root / "asked"
    # Installing makes the module importable.
    python = clone.path / "python3.11"
    clone.has("apt-get", f'echo "$@" >> {asked}; echo "#!/bin/sh\necho yes" > {python}')
    monkeypatch.setenv("PATH", str(clone.path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    bootstrap.require_venv_package(str(python))
    assert asked.read_text().splitlines() == ["update", "install -y python3.11-venv"]
    assert "Installing python3.11-venv with apt-get" in capsys.readouterr().out


def test_the_lists_name_no_address_and_agree() -> None:
    production = schema.REPOSITORY.joinpath("requirements", "production.txt").read_text()
    development = schema.REPOSITORY.joinpath("requirements", "development.txt").read_text()
    assert "://" not in production + development
    assert "--index-url" not in production + development

    def pins(text: str) -> dict[str, str]:
        lines = [line.split(" ")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        return dict(line.split("==") for line in lines)

    assert pins(production).items() <= pins(development).items()
