"""An installation of the platform in a folder of its own, driven by the supervisor's real command line."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from showdown.supervisor import demo, processes, schema
from showdown.supervisor.folders import Var
from tests.browser import free_port

UP = "Ctrl-C stops"


class Installation:
    """A folder for ``SHOWDOWN_VAR``, a port, and the runs of ``python -m showdown.supervisor`` on them."""

    def __init__(self, folder: Path) -> None:
        self.var = folder / "var"
        self.port = free_port()
        self.output = folder / "output"
        self.running: subprocess.Popen[bytes] | None = None

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a person's terminal."""
        kept = {name: value for name, value in schema.without_addresses().items() if not name.startswith("SHOWDOWN_")}
        kept |= {"SHOWDOWN_VAR": str(self.var), "PORT": str(self.port), "SHOWDOWN_NETWORK": "none"}
        return kept | more

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "showdown.supervisor", *arguments],
            cwd=schema.REPOSITORY,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, command: str = "demo", *, seconds: float = 240) -> str:
        """Start and wait until it says that it is up; return what it told."""
        with self.output.open("wb") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "showdown.supervisor", command],
                cwd=schema.REPOSITORY,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + seconds
        while UP not in self.told():
            assert self.running.poll() is None, f"It ended:\n{self.told()}"
            assert time.monotonic() < until, f"It is not up:\n{self.told()}"
            time.sleep(0.05)
        return self.told()

    def told(self) -> str:
        """Return what it told so far."""
        return self.output.read_text()

    def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        assert self.running is not None
        self.running.send_signal(how)
        return self.running.wait(60)

    def processes(self) -> list[psutil.Process]:
        """Return everything that runs for this installation, the supervisor aside."""
        return processes.left_behind(self.var)

    def answers(self) -> bool:
        """Say whether its web server answers."""
        return demo.answers(self.port)

    def password(self) -> str:
        """Return the demo's password as it is told."""
        match = re.search(r"with the password {2}(\S+)", self.told())
        assert match, self.told()
        return match[1]

    def clean(self) -> None:
        """Kill whatever a failed test left."""
        if self.running is not None and self.running.poll() is None:
            os.kill(self.running.pid, signal.SIGKILL)
            self.running.wait()
        processes.end(self.processes(), patience=2)
        Var(self.var).remove_socket_folder()
