"""Tools that others wrote, fetched into a folder of their own for a slow test: Go with its sumdb, and tlog-scales."""

import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

PACKAGES: Final = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")
PYTHON: Final = Path(sys.executable)
SECONDS: Final = 300


@dataclass(frozen=True)
class Go:
    """A Go that builds against Debian's copy of golang.org/x/mod."""

    program: Path
    environment: dict[str, str]

    def build(self, source: Path, target: Path) -> Path:
        """Build one file into a program."""
        done = subprocess.run(
            [self.program, "build", "-o", target, source],
            env=self.environment | {"GOCACHE": str(target.parent / "cache"), "HOME": str(target.parent)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return target


def go(folder: Path) -> Go:
    """Return the machine's Go, or Debian's packages unpacked below ``folder``; skips the test where neither is had."""
    installed = shutil.which("go")
    if installed is None or not PACKAGES.is_dir():
        root, program = _unpacked(folder)
    else:
        root, program = Path("/"), Path(installed)
    # The old way of finding packages needs neither modules nor a network.
    environment = {
        "PATH": os.defpath,
        "GO111MODULE": "off",
        "GOPATH": str(root / "usr/share/gocode"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    if root != Path("/"):
        environment["GOROOT"] = str(program.parents[1])
    return Go(program, environment)


def _unpacked(folder: Path) -> tuple[Path, Path]:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("Go is not installed (golang-go, golang-golang-x-mod-dev), and this is no Debian to fetch it from.")
    told = subprocess.run(
        ["apt-cache", "depends", "golang-go", "golang-src"], capture_output=True, text=True, check=False
    ).stdout
    names = sorted(set(re.findall(r"Depends: (golang-[0-9.]+-(?:go|src))", told)))
    fetched = folder / "fetched"
    fetched.mkdir(mode=0o755)
    # apt's own account may not enter the test's folder; then it warns and fetches as the account that runs the test.
    done = subprocess.run(
        ["apt-get", "download", *names, "golang-golang-x-mod-dev"],
        cwd=fetched,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if not names or done.returncode:
        pytest.skip("Go cannot be fetched: apt-get has no golang-go and golang-golang-x-mod-dev (try apt-get update).")
    root = folder / "go"
    for package in fetched.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, root], check=True, timeout=SECONDS)
    return root, next((root / "usr/lib").glob("go-*/bin/go"))


def tlog_scales(folder: Path) -> Path:
    """Return the Python of a new environment that has tlog-scales from PyPI; skips the test where it cannot be had."""
    home = folder / "tlog-scales"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "tlog-scales==0.0.3"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"tlog-scales cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return python


def ran(*command: str | Path) -> str:
    """Run a program that must succeed; return what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
