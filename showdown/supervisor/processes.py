"""One child process in a group of its own: started so that it cannot outlive us, stopped with patience, found again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from showdown.supervisor.service_account import ServiceAccount

LAUNCHER = Path(__file__).with_name("launch.py")
# Every child carries the folder it works for, so that the next start finds what a killed one left behind.
MARK = "SHOWDOWN_SUPERVISED"


def command_line(
    program: Sequence[str], *, death_signal: signal.Signals = signal.SIGTERM, account: ServiceAccount | None = None
) -> list[str]:
    """Return the program's command line behind the launcher that ties it to this process."""
    ours = [sys.executable, "-I", "-S", str(LAUNCHER), "--parent", str(os.getpid())]
    ours += ["--death-signal", death_signal.name]
    if account is not None:
        ours += ["--uid", str(account.uid), "--gid", str(account.gid)]
    return [*ours, "--", *program]


@dataclass(slots=True)
class Child:
    """A program that runs for us, with its output appended to a log file."""

    name: str
    program: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    folder: Path = Path("/")
    account: ServiceAccount | None = None
    death_signal: signal.Signals = signal.SIGTERM
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20.0  # seconds between asking to stop and killing
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        """Start the program as the leader of its own process group."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command_line(self.program, death_signal=self.death_signal, account=self.account),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=dict(self.environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        """The running program's process id."""
        return self.process.pid if self.process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def ended_with(self) -> int | None:
        """The exit status, negative for a signal; nothing while it runs."""
        return self.process.poll() if self.process is not None else None

    def ask_to_stop(self) -> None:
        """Send the stop signal to the program, which stops its own children."""
        if self.process is not None and self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.stop_signal)

    def stop(self) -> bool:
        """Ask, wait, and at last kill the whole group; true when it went by itself."""
        if self.process is None:
            return True
        self.ask_to_stop()
        try:
            self.process.wait(self.patience)
            willing = True
        except subprocess.TimeoutExpired:
            willing = False
        self.kill()
        return willing

    def kill(self) -> None:
        """Kill what is left of the group, the program's own children included."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)

    def last_words(self, lines: int = 12) -> str:
        """Return the last lines of the log."""
        return tail(self.log, lines)


def tail(log: Path, lines: int) -> str:
    """Return a file's last lines, or nothing when there is no such file."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def left_behind(folder: Path) -> list[psutil.Process]:
    """Return the processes that still work for a folder: by the mark they carry or the folder they stand in."""
    mark, inside = str(folder), f"{folder}{os.sep}"
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            # PostgreSQL and Redis overwrite their environment with their title; they stand in their data folder.
            where = process.cwd() + os.sep
            if _is_marked(process, mark) or where.startswith(inside):
                if _stands_here_by_chance(process, mark):
                    continue
                found.append(process)
    return found


def _is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False


def _stands_here_by_chance(process: psutil.Process, mark: str) -> bool:
    # Somebody's shell or editor may stand in the folder too; only the servers are ours.
    ours = process.name().startswith(("postgres", "redis-server", "initdb"))
    return not ours and not _is_marked(process, mark)


def end(processes: Iterable[psutil.Process], *, patience: float = 5.0) -> None:
    """Ask processes to end, wait, and kill those that stay."""
    remaining = list(processes)
    for ask in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for process in remaining:
            with contextlib.suppress(psutil.Error):
                process.send_signal(ask)
        _gone, remaining = psutil.wait_procs(remaining, timeout=patience)
        if not remaining:
            return


def wait_until(ready: Callable[[], bool], *, seconds: float, step: float = 0.02) -> bool:
    """Call a function until it answers true; false when the time is over."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            return False
        time.sleep(step)
    return True
