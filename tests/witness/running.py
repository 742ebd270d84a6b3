"""A witness as a process of its own, spoken to over HTTP."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
NAME: Final = "elm.example/w1"
PATIENCE: Final = 20.0
CLIENTS: Final = os.pathsep.join(str(REPOSITORY / "clients" / client) for client in ("verify", "witness"))


@dataclass(frozen=True)
class Told:
    """An answer as it came."""

    status: int
    content_type: str
    body: bytes


def environment() -> dict[str, str]:
    """Return an environment in which the clients are found and nothing of the platform is."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"PYTHONPATH": CLIENTS, "PYTHONUNBUFFERED": "1"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the witness to its end, from another folder than the repository."""
    return subprocess.run(
        [sys.executable, "-m", "showdown_witness", *arguments],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class RunningWitness:
    """``showdown-witness serve`` on a folder; started again, it takes the same folder and another port."""

    def __init__(
        self,
        state: Path,
        *logs: str,
        program: tuple[str, ...] = ("-m", "showdown_witness"),
        more: tuple[str, ...] = (),
    ) -> None:
        self.state = state
        self.logs = logs
        self.program = program
        self.more = more
        self.output = state.parent / f"{state.name}.output"
        self.port = 0
        self.vkey = ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "RunningWitness":
        """Start it and wait until it listens."""
        named = [argument for log in self.logs for argument in ("--log", log)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable, *self.program, "serve", "--state", str(self.state), "--name", NAME,
                    "--listen", "127.0.0.1:0", *named, *self.more,
                ],
                cwd="/",
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while not (match := re.search(r"^(\S+) listens on 127\.0\.0\.1:(\d+)\.$", self.told(), re.MULTILINE)):
            assert self.process.poll() is None, f"It ended:\n{self.told()}"
            assert time.monotonic() < until, f"It does not listen:\n{self.told()}"
            time.sleep(0.01)
        self.vkey, self.port = match[1], int(match[2])
        return self

    @property
    def address(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}"

    def told(self) -> str:
        """Return what it said so far."""
        return self.output.read_text()

    def ask(self, body: bytes) -> Told:
        """Ask it to countersign."""
        return self.send("POST", "/add-checkpoint", body)

    def send(self, method: str, path: str, body: bytes | None = None) -> Told:
        """Send a request; raises ``OSError`` or ``HTTPException`` when it dies meanwhile."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return Told(response.status, response.headers.get("Content-Type", ""), response.read())
        finally:
            connection.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def clean(self) -> None:
        """Kill what a failed test left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
