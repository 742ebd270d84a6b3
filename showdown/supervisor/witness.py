"""The demo's own witness: Barbara's, as a process that knows no address and no secret of the platform."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import psycopg

from showdown.supervisor.folders import Var
from showdown.supervisor.obstacle import Obstacle
from showdown.supervisor.processes import MARK, Child
from showdown.supervisor.schema import REPOSITORY, manage, without_addresses

NAME: Final = "barbara.demo.example/w1"
OWNER: Final = "barbara@demo.example"
TIES: Final = "None. In a real log it would run on a machine of the auditor's own."
_CLIENTS: Final = os.pathsep.join(str(REPOSITORY / "clients" / client) for client in ("verify", "witness"))
_PROGRAM: Final = (sys.executable, "-m", "showdown_witness")


class Registered(NamedTuple):
    """A witness in force as the platform knows it."""

    vkey: str
    address: str


class DemoWitness:
    """Where the witness lives, and what makes the platform ask it."""

    def __init__(self, var: Var) -> None:
        self.var = var
        self.state = var.root / "witness"
        self._logs = var.state / "witness-logs"
        self._port = var.state / "witness-port"

    def prepare(self, database: str, run: Callable[[Sequence[str], str], None]) -> Child:
        """Make the key, name the log's keys to it and it to the log; return the process, not started yet.

        ``database`` is an address at which witnesses and keys can be read; ``run`` runs a management command, given
        with its name, as the application.
        """
        vkey, address = self._vkey(), f"http://127.0.0.1:{self._free_port()}"
        with psycopg.connect(database) as connection:
            keys = connection.execute("SELECT vkey FROM audit_logkey WHERE retired_at IS NULL").fetchall()
            owner = connection.execute("SELECT pseudonym FROM accounts_user WHERE email = %s", [OWNER]).fetchone()
            row = connection.execute(
                "SELECT vkey, address FROM audit_witness WHERE ended_at IS NULL AND name = %s", [NAME]
            ).fetchone()
        self._logs.write_text("".join(f"log {key}\n" for (key,) in keys))
        known = Registered(*row) if row else None
        if known is not None and known.vkey != vkey:
            # Its folder was deleted: the old key signs no more.
            run(manage("log_witness", "end", NAME), "log_witness")
            known = None
        if known is None:
            add = ["add", vkey, "--address", address, "--ties", TIES, *(["--owner", owner[0]] if owner else [])]
            run(manage("log_witness", *add), "log_witness")
        elif known.address != address:
            run(manage("log_witness", "move", NAME, "--address", address), "log_witness")
        program = [*_PROGRAM, "serve", "--state", str(self.state), "--name", NAME, "--logs", str(self._logs)]
        program += ["--listen", address.removeprefix("http://")]
        log = self.var.log / "witness.log"
        return Child("witness", program, log, self._environment(), folder=self.var.root, patience=10)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in without_addresses().items() if not name.startswith("SHOWDOWN_")}
        return kept | {"PYTHONPATH": _CLIENTS, "PYTHONUNBUFFERED": "1", MARK: str(self.var.root)}

    def _vkey(self) -> str:
        done = subprocess.run(
            [*_PROGRAM, "key", "--state", str(self.state), "--name", NAME],
            env=self._environment(),
            cwd=self.var.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Obstacle(
                f"The demo's witness has no key: {done.stderr.strip()}",
                f"do as it says, or delete {self.state} to begin with a new witness",
            )
        return done.stdout.strip()

    def _free_port(self) -> int:
        """Return the port of the last time, or a new one when somebody has taken that."""
        told = self._port.read_text().strip() if self._port.exists() else ""
        wanted = int(told) if re.fullmatch(r"[0-9]{1,5}", told) else 0
        for port in (wanted, 0):
            try:
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
                    found: int = probe.getsockname()[1]
            except (OSError, OverflowError):
                continue
            self._port.write_text(f"{found}\n")
            return found
        raise Obstacle("No port is free for the demo's witness.")
