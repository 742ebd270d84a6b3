"""The platform's own processes: which there are, which addresses each may know, and starting again those that die."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from showdown.supervisor.folders import Var, bound_log
from showdown.supervisor.processes import MARK, Child
from showdown.supervisor.schema import REPOSITORY, manage, without_addresses

_LONGEST_WAIT = 30.0  # seconds
_HEALTHY_AFTER = 60.0  # seconds


def environment_of(var: Var, addresses: Mapping[str, str], *needed: str, **more: str) -> dict[str, str]:
    """Return the environment of a process that may know some of the addresses and no others."""
    environment = without_addresses() | {name: addresses[name] for name in needed}
    environment |= {
        "SHOWDOWN_DEMO": "1",
        "SHOWDOWN_SECRET_KEY": var.secret("secret-key"),
        "SHOWDOWN_DEMO_PASSWORD": var.secret("demo-password"),
        "SHOWDOWN_VAR": str(var.root),
        "PYTHONUNBUFFERED": "1",
        MARK: str(var.root),
    }
    if (sockets := var.socket_folder()) is not None:
        environment.setdefault("XDG_RUNTIME_DIR", str(sockets))
    return environment | more


# Which of the platform's processes may know a secret, by the beginning of the variable's name. The password of the
# demo's people is for loading the network and for the terminal, so that none of them is named there.
_SECRETS: Final[Mapping[str, frozenset[str]]] = {
    "SHOWDOWN_SECRET_KEY": frozenset({"web", "worker", "language", "beat"}),
    "SHOWDOWN_DEMO_PASSWORD": frozenset(),
    "SHOWDOWN_MODEL_KEY": frozenset({"web"}),
    "SHOWDOWN_MAIL": frozenset({"web", "worker"}),
    "SHOWDOWN_LOG_KEYS": frozenset({"sequencer"}),
}


def may_know(process: str, variable: str) -> bool:
    """Say whether a process of the platform may have a variable in its environment."""
    return all(process in who for beginning, who in _SECRETS.items() if variable.startswith(beginning))


def platform_processes(var: Var, addresses: Mapping[str, str], port: int, site: str) -> list[Child]:
    """Return the processes in the order of their start. None holds the owner's address."""

    def child(name: str, program: Sequence[str], *needed: str) -> Child:
        environment = environment_of(
            var, addresses, *needed, SHOWDOWN_ADDRESS=site, SHOWDOWN_LOG_KEYS=str(var.log_keys)
        )
        environment = {known: value for known, value in environment.items() if may_know(name, known)}
        return Child(name, program, var.log / f"{name}.log", environment, folder=REPOSITORY, patience=15)

    celery = [sys.executable, "-m", "celery", "--app", "showdown"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--concurrency", "1"]
    granian = [sys.executable, "-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)]
    granian += ["--no-ws", "--workers-kill-timeout", "10"]
    return [
        child("web", [*granian, "showdown.asgi:application"], "DATABASE_URL", "DATABASE_AUDITOR_URL", "REDIS_URL"),
        child("sequencer", manage("run_sequencer"), "DATABASE_SEQUENCER_URL"),
        child("worker", [*worker, "--queues", "default", "-n", "default@%h"], "DATABASE_URL", "REDIS_URL"),
        # Language detection holds large tables in memory, so it has a worker of its own.
        child("language", [*worker, "--queues", "language", "-n", "language@%h"], "DATABASE_URL", "REDIS_URL"),
        child("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="], "DATABASE_URL", "REDIS_URL"),
    ]


@dataclass(slots=True)
class Watched:
    """One thing that must run, how to start it again, and when that was last done."""

    name: str
    is_running: Callable[[], bool]
    start: Callable[[], None]
    why: Callable[[], str]
    started_at: float = field(default_factory=time.monotonic)
    wait: float = 1.0
    again_at: float | None = None

    def look(self, now: float, announce: Callable[[str], None]) -> None:
        """Notice a death, or start again when it is time to; the wait doubles while it keeps dying."""
        if self.again_at is not None:
            if now >= self.again_at:
                self.again_at = None
                self.started_at = now
                self.start()
            return
        if self.is_running():
            if now - self.started_at > _HEALTHY_AFTER:
                self.wait = 1.0
            return
        announce(f"{self.name} ended by itself ({self.why()}); starting it again in {self.wait:.0f} s")
        self.again_at = now + self.wait
        self.wait = min(self.wait * 2, _LONGEST_WAIT)


def watch_child(child: Child) -> Watched:
    """Return the watch over a process."""

    def start() -> None:
        # Its own children may have outlived it.
        child.kill()
        child.start()

    return Watched(
        name=child.name,
        is_running=lambda: child.is_running,
        start=start,
        why=lambda: f"status {child.ended_with}, see {child.log}",
    )


def keep_logs_small(var: Var) -> None:
    """Bound every log file."""
    for log in var.log.glob("*.log"):
        bound_log(log)


def stop_all(children: Sequence[Child], *, at_once: Callable[[], bool]) -> list[str]:
    """Ask all to stop, wait for each, kill who stays; return the names of those that had to be killed."""
    for child in reversed(children):
        child.ask_to_stop()
    until = time.monotonic() + max((child.patience for child in children), default=0)
    while any(child.is_running for child in children) and time.monotonic() < until and not at_once():
        time.sleep(0.05)
    stubborn = [child.name for child in children if child.is_running]
    for child in children:
        child.kill()
    return stubborn
