"""Finds a Chromium for the browser tests, or gets one, and says what it did."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from showdown.supervisor.obstacle import Obstacle

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_STANDARD_ERROR = 2
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium(*, install: bool) -> Path:
    """Return a Chromium's path and say where it comes from.

    Taken in this order: the one that ``CHROMIUM`` names, the system's, one that ``apt-get`` installs (as root on
    Debian), Playwright's own.
    """
    if named := os.environ.get("CHROMIUM"):
        found = shutil.which(named)
        if found is None:
            raise Obstacle(f"CHROMIUM is {named!r}, and there is no such program.", "correct it or unset it")
        return _told(Path(found), "named by CHROMIUM")
    if (found_on_system := _on_the_system()) is not None:
        return _told(found_on_system, "the system's")
    if (own := _playwrights_own()) is not None:
        return _told(own, "Playwright's own")
    if install:
        if _is_root_on_debian() and _install_with_apt() and (found_on_system := _on_the_system()) is not None:
            return _told(found_on_system, "installed with apt-get")
        if _install_playwrights_own() and (own := _playwrights_own()) is not None:
            return _told(own, "Playwright's own, downloaded now")
    raise Obstacle(
        "There is no Chromium for the browser tests.",
        "install one (Debian: `sudo apt-get install chromium`) or name one: CHROMIUM=/path/to/chromium make test",
    )


def _say(line: str) -> None:
    # Standard output is the path alone.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _told(path: Path, how: str) -> Path:
    _say(f"Chromium for the browser tests: {path} ({how})")
    return path


def _on_the_system() -> Path | None:
    for name in NAMES:
        found = shutil.which(name)
        if found is not None and not _is_a_stub(Path(found)):
            return Path(found)
    return next((Path(place) for place in PLACES if Path(place).exists()), None)


def _is_a_stub(program: Path) -> bool:
    # Ubuntu's `chromium-browser` is a script that asks for a snap, which neither containers nor root can run.
    try:
        with program.open("rb") as start:
            return b"snap install" in start.read(4096) or program.resolve().name == "snap"
    except OSError:
        return True


def _is_root_on_debian() -> bool:
    try:
        release = Path("/etc/os-release").read_text()
    except OSError:
        return False
    return os.geteuid() == 0 and "ID=debian" in release.splitlines() and shutil.which("apt-get") is not None


def _install_with_apt() -> bool:
    _say("No Chromium here: installing Debian's with apt-get (about 100 MB) …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
        done = subprocess.run(["apt-get", *arguments], env=environment, check=False, stdout=_STANDARD_ERROR)
        if done.returncode != 0:
            _say(f"`apt-get {' '.join(arguments)}` failed (status {done.returncode}).")
            return False
    return True


def _playwrights_own() -> Path | None:
    # Asked in a process of its own: Playwright starts an event loop that would stay in this one.
    question = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", question], check=False, capture_output=True, text=True)
    path = Path(done.stdout.strip() or "/nowhere")
    return path if done.returncode == 0 and path.is_file() else None


def _install_playwrights_own() -> bool:
    _say("No Chromium here: downloading Playwright's own (about 180 MB) …")
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdout=_STANDARD_ERROR
    )
    if done.returncode != 0:
        _say(f"`playwright install chromium` failed (status {done.returncode}).")
    return done.returncode == 0
