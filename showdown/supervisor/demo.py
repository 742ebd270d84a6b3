"""``make demo``: the whole platform on one machine, from nothing to one address, until Ctrl-C."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

import psutil
import psycopg

from showdown.supervisor import platform_processes as platform
from showdown.supervisor import processes, schema
from showdown.supervisor.console import Console
from showdown.supervisor.folders import Var, end_what_was_left, pronounceable_password
from showdown.supervisor.obstacle import NO_SPACE_WORDS, Obstacle, no_space, obstacle_of
from showdown.supervisor.servers import Servers
from showdown.supervisor.witness import DemoWitness

# The invented people of the demo network, and what each does there.
PEOPLE = {
    "ada": "contributor",
    "grace": "moderator",
    "alan": "second moderator",
    "radia": "network administrator",
    "margaret": "licensing officer",
    "katherine": "approver",
    "dorothy": "approver",
    "ingrid": "licensee",
    "barbara": "auditor",
}
_LOADING, _LOADED = "loading", "loaded"


class Stopped(Exception):
    """Somebody asked to stop."""


class Demo:
    """One run of the platform."""

    def __init__(self, var: Var, port: int) -> None:
        self.var = var
        self.port = port
        self.site = f"http://localhost:{port}"
        self.console = Console()
        self.servers = Servers(var, self.console)
        self.children: list[processes.Child] = []
        self._asked_to_stop = 0

    def run(self) -> int:
        """Start everything, watch it, and stop it when asked; returns the exit status."""
        began = time.monotonic()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            self.prepare()
            self._serve()
            self._tell(time.monotonic() - began)
            self._watch()
        except Stopped:
            pass
        finally:
            self.stop()
        return 0

    def run_services_only(self) -> int:
        """Start the servers alone, print what leads to them, and wait to be stopped."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            self.prepare()
            for name, address in self.servers.addresses.items():
                self.console.say(f"export {name}='{address}'")
            self.console.say("Ctrl-C stops them.")
            while True:
                self._pause(0.5)
        except Stopped:
            pass
        finally:
            self.stop()
        return 0

    def prepare(self) -> None:
        """Hold the folder, start the servers, migrate, and load the demo network once."""
        try:
            self.var.make()
        except OSError as error:
            raise obstacle_of(error, self.var.root) from error
        self.var.lock(self.site)
        self.console.say(f"Starting Showdown on {self.site}, with its data in {self.var.root}")
        end_what_was_left(self.var, self.console.note)
        require_free_port(self.port)
        self.var.secret("demo-password", pronounceable_password)
        self.servers.start()
        self.var.remember_addresses(self.servers.addresses)
        self._if_asked_to_stop()
        self._migrate()
        self._compile_loops()
        self._load_demo()
        self._make_log_key()

    def _migrate(self) -> None:
        mark, now = self.servers.state_file("migrated"), schema.fingerprint()
        if mark.exists() and mark.read_text().strip() == now:
            return
        with self.console.phase("migrating the database"):
            self._step(schema.MIGRATE, "migrate", "DATABASE_OWNER_URL")
        mark.write_text(f"{now}\n")

    def _compile_loops(self) -> None:
        """Compile the inner loops of the rankings ahead, so that neither a night nor a request waits for a compiler."""
        mark, now = self.servers.state_file("loops"), schema.fingerprint_of(schema.LOOPS)
        if os.environ.get("SHOWDOWN_NETWORK") == "none" or (mark.exists() and mark.read_text().strip() == now):
            return
        with self.console.phase("compiling the rankings' loops, once"):
            self._step((sys.executable, "-m", "apps.rankings.domain.kernels"), "loops")
        mark.write_text(f"{now}\n")

    def _load_demo(self) -> None:
        mark = self.servers.state_file("demo")
        state = mark.read_text().strip() if mark.exists() else ""
        if state == _LOADING:
            self._clear_half_loaded()
        if state == _LOADED or os.environ.get("SHOWDOWN_NETWORK") == "none":
            return
        if not schema.has_command("load_demo"):
            self.console.note("there is no demo network to load yet")
            return
        if self.servers.postgres is None and self._has_people():
            self.console.note("the database has people already: no demo network is loaded into it")
            return
        mark.write_text(f"{_LOADING}\n")
        with self.console.phase("loading the demo network, once"):
            self._step(schema.manage("load_demo"), "load_demo", "DATABASE_OWNER_URL", shown=True)
        mark.write_text(f"{_LOADED}\n")

    def _make_log_key(self) -> None:
        """Make the key with which the log signs, at the first start."""
        if any(True for _key in self.var.log_keys.glob("*.key")):
            return
        with self.console.phase("making the log's key"):
            keys = {"SHOWDOWN_LOG_KEYS": str(self.var.log_keys)}
            self._step(schema.manage("log_key", "create"), "log_key", "DATABASE_URL", more=keys)

    def _prepare_witness(self) -> processes.Child:
        """Make the auditor's witness known to the log, and the log to it."""

        def run(program: Sequence[str], name: str) -> None:
            with self.console.phase("registering the auditor's witness"):
                self._step(program, name, "DATABASE_URL")

        return DemoWitness(self.var).prepare(self.servers.addresses["DATABASE_OWNER_URL"], run)

    def _clear_half_loaded(self) -> None:
        if self.servers.postgres is None:
            raise Obstacle(
                "An earlier start was interrupted while it loaded the demo network into your database.",
                "empty that database (drop it and run `manage.py provision_database` again), then start again",
            )
        self.console.note("an earlier start was interrupted while it loaded the demo network: starting that over")
        self.servers.make_database_again()
        self._migrate()

    def _has_people(self) -> bool:
        with psycopg.connect(self.servers.addresses["DATABASE_OWNER_URL"]) as connection:
            row = connection.execute("SELECT EXISTS (SELECT FROM accounts_user)").fetchone()
        return bool(row and row[0])

    def _step(
        self,
        program: Sequence[str],
        name: str,
        *needed: str,
        shown: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Run a program to its end; stop it when we are asked to stop."""
        log = self.var.log / f"{name}.log"
        environment = platform.environment_of(self.var, self.servers.addresses, *needed, **(more or {}))
        if shown:
            self.console.break_line()
        with log.open("ab") as kept:
            process = subprocess.Popen(
                processes.command_line(program),
                stdin=subprocess.DEVNULL,
                stdout=None if shown else kept,
                stderr=None if shown else subprocess.STDOUT,
                cwd=schema.REPOSITORY,
                env=environment,
                start_new_session=True,
            )
        try:
            while process.poll() is None:
                self._pause(0.05)
        except Stopped:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            words = "" if shown else processes.tail(log, 15)
            if NO_SPACE_WORDS in words:
                raise no_space(self.var.root)
            raise Obstacle(
                f"`manage.py {name}` failed (status {process.returncode})." + (f"\n{words}" if words else ""),
                f"read {log}" if not shown else "read the lines above",
                "make demo-reset starts over with new data",
            )

    def _serve(self) -> None:
        witness = self._prepare_witness()
        self.children = platform.platform_processes(self.var, self.servers.addresses, self.port, self.site)
        # Before the sequencer, which asks it about the first checkpoint.
        self.children.insert(1, witness)
        with self.console.phase("web server, witness, sequencer, two workers and beat"):
            for child in self.children:
                child.start()
            web = self.children[0]
            until = time.monotonic() + 60
            while not answers(self.port):
                if not web.is_running or time.monotonic() > until:
                    raise Obstacle(
                        f"The web server does not answer. Its log ({web.log}) ends with:\n{web.last_words()}"
                    )
                self._pause(0.1)

    def _tell(self, seconds: float) -> None:
        say = self.console.say
        say(f"\nShowdown is up after {seconds:.1f} s:  {self.site}\n")
        say(f"Sign in with the password  {self.var.secret('demo-password')}  as")
        for name, does in PEOPLE.items():
            say(f"  {name + '@demo.example':<24} {does}")
        say(f"\nMails are readable at {self.site}/demo/mail/ and logs in {self.var.log}")
        say("Ctrl-C stops everything.\n")

    def _watch(self) -> None:
        watched = [platform.watch_child(child) for child in self.children]
        for server, name in ((self.servers.postgres, "PostgreSQL"), (self.servers.redis, "Redis")):
            if server is not None:
                watched.append(
                    platform.Watched(
                        name=name,
                        is_running=lambda server=server: server.is_running,  # type: ignore[misc]
                        start=server.start,
                        why=lambda server=server: f"see {server.log}",  # type: ignore[misc]
                    )
                )
        logs_at = time.monotonic()
        while True:
            now = time.monotonic()
            for one in watched:
                try:
                    one.look(now, lambda line: self.console.say(f"{time.strftime('%H:%M:%S')} {line}"))
                except (Obstacle, OSError) as error:
                    self.console.say(f"{time.strftime('%H:%M:%S')} {error}")
            if now > logs_at:
                platform.keep_logs_small(self.var)
                logs_at = now + 10
            self._pause(0.25)

    def stop(self) -> None:
        """Stop the processes, then the servers they work with; asked twice, without patience."""
        if not self.var.is_ours:
            return
        began = time.monotonic()
        if self.children or self.servers.postgres or self.servers.redis:
            self.console.say("Stopping … (again to stop without waiting)")
        asked = self._asked_to_stop
        stubborn = platform.stop_all(self.children, at_once=lambda: self._asked_to_stop > max(asked, 1))
        if stubborn:
            self.console.note(f"killed, because they did not stop by themselves: {', '.join(stubborn)}")
        self.servers.stop()
        if self.servers.postgres or self.servers.redis:
            self.console.say(f"Stopped after {time.monotonic() - began:.1f} s. The data is kept: make demo")
        self.var.release()

    def _ask_to_stop(self, _number: int, _frame: object) -> None:
        self._asked_to_stop += 1

    def _if_asked_to_stop(self) -> None:
        if self._asked_to_stop:
            raise Stopped

    def _pause(self, seconds: float) -> None:
        self._if_asked_to_stop()
        time.sleep(seconds)
        self._if_asked_to_stop()


def answers(port: int) -> bool:
    """Say whether a web server answers on a port of this machine, with whatever status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def require_free_port(port: int) -> None:
    """Raise an obstacle that names who holds the port, if somebody does."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                # A connection that lingers from a moment ago is no reason to refuse.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except PermissionError as error:
            raise Obstacle(f"Port {port} is reserved for root.", f"PORT={port + 8000} make demo") from error
        except OverflowError as error:
            raise Obstacle(f"There is no port {port}; they end at 65535.", "PORT=8001 make demo") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                continue  # A machine without IPv6, for instance.
            raise Obstacle(
                f"Port {port} is taken{_by_whom(port)}.",
                f"choose another: PORT={port + 1 if port < 65535 else 8001} make demo",  # noqa: PLR2004 - The last port.
            ) from None


def _by_whom(port: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    break
                process = psutil.Process(connection.pid)
                return f" by {process.name()} (process {connection.pid}: {' '.join(process.cmdline())[:80]})"
    return " by another program"


def stop_running(var: Var, *, patience: float = 60) -> bool:
    """Stop the supervisor that runs on a folder; false when none does."""
    holder = var.holder()
    if holder is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(holder["pid"]), signal.SIGTERM)
    if not processes.wait_until(lambda: var.holder() is None, seconds=patience, step=0.1):
        raise Obstacle(
            f"Process {holder['pid']} does not stop.", f"kill it: kill -9 {holder['pid']}; the next start cleans up"
        )
    return True
