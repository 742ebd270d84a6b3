"""Makes ``.venv`` and installs the pinned packages, before anything else of this project can run.

Run by path with whatever ``python3`` there is, so it uses the standard library only and the grammar of Python 3.7;
whoever has an old one shall read a clear line, not a syntax error.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
LISTS = ("production", "development")
OLDEST, NEWEST = (3, 11), (3, 13)
# Newest first, except that 3.13 comes after the two for which every package has a wheel: there the embedded Redis is
# compiled from its source, which needs a compiler and a minute.
CANDIDATES = ("python3.12", "python3.11", "python3.13", "python3", "python")
MEGABYTES = {"production": 1500, "development": 2500}
HEARTBEAT = 5  # seconds between lines where no terminal shows a moving one


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Obstacle(Exception):
    """What stands in the way, with the way out."""


def ask(python: str, question: str) -> str:
    """Return what a Python prints for an expression, or nothing when it cannot run it."""
    try:
        done = subprocess.run(
            [python, "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def version_of(python: str) -> tuple[int, ...]:
    """Return a Python's version as two numbers, or nothing."""
    told = ask(python, "import sys; print(*sys.version_info[:2])")
    return tuple(int(part) for part in told.split()) if told else ()


def is_served(version: tuple[int, ...]) -> bool:
    """Say whether the packages exist for a version of Python."""
    return bool(version) and OLDEST <= version <= NEWEST


def choose_python() -> str:
    """Return the Python to build on: the one that PYTHON names, else the best of those on the path."""
    named = os.environ.get("PYTHON")
    if named:
        version = version_of(named)
        if not is_served(version):
            told = ".".join(map(str, version)) if version else "no Python that runs"
            raise Obstacle(f"PYTHON is {named}, which is {told}; 3.11, 3.12 or 3.13 is needed.")
        return shutil.which(named) or named
    found = [shutil.which(name) for name in CANDIDATES]
    served = [python for python in found if python and is_served(version_of(python))]
    for python in served:
        if ask(python, "import ensurepip, venv; print('yes')"):
            return python
    if served:
        return served[0]
    here = ", ".join(sorted({".".join(map(str, version_of(python))) for python in found if python})) or "none"
    raise Obstacle(
        f"Python 3.11, 3.12 or 3.13 is needed, and the path has: {here}.\n"
        "  -> install one (Debian 12: apt-get install python3; Ubuntu: apt-get install python3.12)\n"
        "  -> or name one: PYTHON=/path/to/python3.12 make demo"
    )


def require_venv_package(python: str) -> None:
    """Install Debian's package of the venv module when it is missing, or tell the line to type."""
    if ask(python, "import ensurepip, venv; print('yes')"):
        return
    package = "python{}.{}-venv".format(*version_of(python))
    line = f"apt-get update && apt-get install -y {package}"
    if not shutil.which("apt-get"):
        raise Obstacle(f"{python} lacks the modules venv and ensurepip; install them for it.")
    if os.geteuid() != 0:
        raise Obstacle(f"{python} cannot make virtual environments yet. Type:\n  sudo sh -c '{line}'")
    say(f"Installing {package} with apt-get, because {python} cannot make virtual environments without it …")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(["sh", "-c", line], env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0 or not ask(python, "import ensurepip, venv; print('yes')"):
        raise Obstacle(f"apt-get could not install {package}. Type:\n  {line}")


def why_not_usable() -> str:
    """Say why the existing .venv cannot be used, or nothing when it can."""
    if not os.path.exists(VENV):
        return "there is none"
    version = version_of(VENV_PYTHON)
    if not version:
        return "its Python does not run"
    if not is_served(version):
        return "it is Python {}.{}".format(*version)
    if not ask(VENV_PYTHON, "import pip; print('yes')"):
        return "it was left half-made"
    named = os.environ.get("PYTHON")
    if named and version_of(named) != version:
        return "it is Python {}.{} and PYTHON names another".format(*version)
    return ""


def make_venv() -> None:
    """Make .venv, unless there is a usable one."""
    reason = why_not_usable()
    if not reason:
        return
    python = choose_python()
    require_venv_package(python)
    say("Making .venv with Python {}.{} ({}): {} …".format(*version_of(python), python, reason))
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([python, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        told = done.stdout.decode(errors="replace").strip()
        raise Obstacle(f"{python} -m venv failed:\n{told[-1500:]}")


def list_path(name: str) -> str:
    """Return the path of a pinned list."""
    return os.path.join(ROOT, "requirements", name + ".txt")


def hash_of(name: str) -> str:
    """Return the hash of a pinned list."""
    with open(list_path(name), "rb") as pinned:
        return hashlib.sha256(pinned.read()).hexdigest()


def stamp_path(name: str) -> str:
    """Return the file that says which list was installed, written when all of it was."""
    return os.path.join(VENV, ".installed-" + name)


def is_installed(name: str) -> bool:
    """Say whether exactly this list was installed."""
    try:
        with open(stamp_path(name)) as stamp:
            return stamp.read().strip() == hash_of(name)
    except OSError:
        return False


def install(name: str) -> None:
    """Install a pinned list, by hash, and stamp it."""
    total = len(re.findall(r"^[A-Za-z0-9].*==", read(list_path(name)), re.MULTILINE))
    free = shutil.disk_usage(VENV).free // 1000000
    if free < MEGABYTES[name]:
        raise Obstacle(
            f"The disk that holds {VENV} has {free} MB free; the {name} packages need {MEGABYTES[name]} MB.\n"
            f"  -> free some space (df -h {ROOT})"
        )
    say(f"Installing the {total} pinned {name} packages …")
    began = time.time()
    command = [VENV_PYTHON, "-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--requirement", list_path(name)]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    lines = follow(pip)
    if pip.wait() != 0:
        raise Obstacle(explain(lines))
    for stamped in LISTS[: LISTS.index(name) + 1]:
        # The development list contains the production one.
        with open(stamp_path(stamped) + ".making", "w") as stamp:
            stamp.write(hash_of(stamped) + "\n")
        os.rename(stamp_path(stamped) + ".making", stamp_path(stamped))
    say(f"Installed in {time.time() - began:.0f} s.")


def follow(pip: subprocess.Popen[bytes]) -> list[str]:
    """Show what pip is at in one moving line, or a line now and then without a terminal; return its output."""
    lines: list[str] = []
    found, shown_at, moving = 0, time.time(), sys.stdout.isatty()
    for raw in pip.stdout or ():
        line = raw.decode(errors="replace").rstrip()
        lines.append(line)
        package = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        unpacking = line.startswith("Installing collected")
        if package:
            found += 1
        if not package and not unpacking:
            continue
        told = f"  unpacking {found} packages …" if unpacking or not package else f"  {found}: {package.group(1)}"
        if moving:
            sys.stdout.write("\r\033[K" + told)
            sys.stdout.flush()
        elif unpacking or time.time() - shown_at > HEARTBEAT:
            say(told)
            shown_at = time.time()
    if moving:
        sys.stdout.write("\r\033[K")
    return lines


def explain(lines: list[str]) -> str:
    """Return what to tell of pip's failure."""
    told = "\n".join(lines[-15:])
    text = "\n".join(lines)
    if "No space left" in text:
        return f"The disk that holds {ROOT} is full.\n  -> free some space and start again"
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in text:
        return told + "\nA package is not the one that was pinned: do not install it; tell the maintainers."
    if "NewConnectionError" in text or "Temporary failure in name resolution" in text:
        return (
            told + "\n  -> the package index cannot be reached: check the network or pip's configuration, start again"
        )
    if "No matching distribution" in text and version_of(VENV_PYTHON) == NEWEST:
        return told + "\n  -> try an older Python: PYTHON=python3.12 make demo"
    return told + "\npip could not install the packages; starting again goes on from here."


def read(path: str) -> str:
    """Return a text file's content."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def write_if_other(path: str, content: str, mode: int = 0o644) -> None:
    """Write a file unless it says so already."""
    if os.path.exists(path) and read(path) == content:
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path, mode)


def link_project() -> None:
    """Make this clone importable in .venv, and its commands callable, without building a package of it."""
    for site in glob.glob(os.path.join(VENV, "lib", "python3*", "site-packages")):
        write_if_other(os.path.join(site, "showdown.pth"), ROOT + "\n")
    scripts = re.search(
        r"^\[project\.scripts\]\n((?:[^\[\n].*\n)+)", read(os.path.join(ROOT, "pyproject.toml")), re.MULTILINE
    )
    for name, module, function in re.findall(
        r'^([\w-]+) = "([\w.]+):(\w+)"$', scripts.group(1) if scripts else "", re.MULTILINE
    ):
        lines = [f"#!{VENV_PYTHON}", "import sys", "", f"from {module} import {function}", ""]
        write_if_other(os.path.join(VENV, "bin", name), "\n".join([*lines, f"sys.exit({function}())", ""]), 0o755)


def main(name: str) -> None:
    """Bring .venv to one of the pinned lists."""
    if name not in LISTS:
        raise Obstacle(f"The lists are: {', '.join(LISTS)}.")
    # Two commands typed at once (make demo, make test) must not install into each other.
    with open(list_path("production")) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another command is installing into .venv: waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        make_venv()
        if not is_installed(name):
            install(name)
        link_project()


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except Obstacle as obstacle:
        sys.stderr.write(f"{obstacle}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; starting again goes on from here.\n")
        sys.exit(130)
    except OSError as error:
        sys.stderr.write(f"{error.filename or ROOT}: {error.strerror}\n")
        sys.exit(1)
