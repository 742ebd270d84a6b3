"""What lies where under ``var/``: data, logs, secrets, and the lock that keeps a second supervisor out."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import string
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from showdown.supervisor import processes
from showdown.supervisor.obstacle import Obstacle
from showdown.supervisor.schema import REPOSITORY
from showdown.supervisor.service_account import ServiceAccount

# Where PostgreSQL lives when root keeps the clone in a folder that nobody else can enter.
SHELTER = Path("/var/lib/showdown")
# The path of a Unix socket may have 107 characters; the longest name in the folder takes 20.
_LONGEST_SOCKET_FOLDER = 80
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


class Var:
    """The folder of one installation's data."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "log"
        self.state = root / "state"
        self._secrets = root / "secrets"
        self._lock: IO[str] | None = None

    @classmethod
    def from_environment(cls) -> "Var":
        """Return the folder that SHOWDOWN_VAR names, or ``var/`` in the clone."""
        return cls(Path(os.environ.get("SHOWDOWN_VAR") or REPOSITORY / "var").absolute())

    def make(self) -> None:
        """Make the folders."""
        self.root.mkdir(parents=True, exist_ok=True)
        # WhiteNoise warns of a missing folder of static files, also when it reads them from their sources.
        for folder in (self.log, self.state, self.root / "static"):
            folder.mkdir(exist_ok=True)
        self._secrets.mkdir(mode=0o700, exist_ok=True)
        probe = self.root / ".writable"
        probe.write_text("yes")
        probe.unlink()

    @property
    def log_keys(self) -> Path:
        """The folder of the log's private keys and of what they signed last."""
        return Path(os.environ.get("SHOWDOWN_LOG_KEYS") or self._secrets / "log-keys")

    # --- One supervisor at a time ---

    def lock(self, address: str) -> None:
        """Hold the folder until this process ends, or tell who holds it."""
        lock = (self.root / "supervisor.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            holder = self.holder()
            told = f" at {holder['address']} (process {holder['pid']})" if holder else ""
            raise Obstacle(
                f"It is running already{told}, on the data in {self.root}.",
                "open that address, or stop it: Ctrl-C where it runs, or `make demo-stop`",
                "or run a second one on data of its own: SHOWDOWN_VAR=/another/folder PORT=8001 make demo",
            ) from None
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "address": address}))
        lock.flush()
        self._lock = lock

    def holder(self) -> dict[str, Any] | None:
        """Return the process id and address of the supervisor that holds the folder now."""
        path = self.root / "supervisor.lock"
        try:
            with path.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                found: dict[str, Any] = json.loads(path.read_text())
            except ValueError:
                return None
            return found
        except OSError:
            return None
        return None

    @property
    def is_ours(self) -> bool:
        """Whether this process holds the folder."""
        return self._lock is not None

    def release(self) -> None:
        """Let another supervisor have the folder."""
        (self._secrets / "addresses").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # --- Secrets, made once ---

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_hex(24)) -> str:
        """Return a secret, made at the first call and kept in a file that only this user can read."""
        path = self._secrets / name
        if not path.exists():
            making = path.with_name(f"{name}.making")
            making.unlink(missing_ok=True)
            making.touch(mode=0o600)
            making.write_text(make() + "\n")
            making.rename(path)
        return path.read_text().strip()

    def has_secret(self, name: str) -> bool:
        """Whether a secret was made."""
        return (self._secrets / name).exists()

    def remember_addresses(self, addresses: Mapping[str, str]) -> None:
        """Keep the addresses of the servers that run now, for commands typed beside them."""
        path = self._secrets / "addresses"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(dict(addresses)))

    def addresses(self) -> dict[str, str]:
        """Return the addresses of the servers that run now."""
        if self.holder() is None or not (self._secrets / "addresses").exists():
            raise Obstacle("The demo is not running.", "start it in another terminal: make demo")
        found: dict[str, str] = json.loads((self._secrets / "addresses").read_text())
        return found

    # --- PostgreSQL's places ---

    def postgres_home(self, account: ServiceAccount | None, announce: Callable[[str], None]) -> Path:
        """Return the folder in which PostgreSQL's data lies, which its account must be able to enter."""
        pointer = self.state / "postgres-lives-in"
        if pointer.exists() and (home := Path(pointer.read_text().strip())).exists():
            return home
        if account is None or account.reaches(self.root):
            return self.root
        home = self.sheltered_home()
        announce(f"keeping the database in {home}, because the account {account.name} cannot enter {self.root}")
        make_shelter()
        home.mkdir(mode=0o711, exist_ok=True)
        home.chmod(0o711)
        pointer.write_text(f"{home}\n")
        return home

    def sheltered_home(self) -> Path:
        """Return the folder outside the clone that belongs to this one."""
        return SHELTER / f"data-{hashlib.sha256(str(self.root).encode()).hexdigest()[:12]}"

    def new_socket_folder(self) -> Path:
        """Make a short folder for this run's sockets; the one before, if a killed run left it, is removed."""
        self.remove_socket_folder()
        parent = Path(tempfile.gettempdir())
        if len(str(parent)) > _LONGEST_SOCKET_FOLDER - len("/showdown-12345678"):
            parent = Path("/tmp")  # noqa: S108 - mkdtemp makes a folder that nobody else can enter.
        folder = Path(tempfile.mkdtemp(prefix="showdown-", dir=parent))
        (self.state / "sockets").write_text(f"{folder}\n")
        return folder

    def socket_folder(self) -> Path | None:
        """Return the folder of the sockets, if one is in use."""
        try:
            folder = Path((self.state / "sockets").read_text().strip())
        except OSError:
            return None
        return folder if folder.is_dir() and folder.name.startswith("showdown-") else None

    def remove_socket_folder(self) -> None:
        """Remove the folder of the sockets."""
        if (folder := self.socket_folder()) is not None:
            shutil.rmtree(folder, ignore_errors=True)
        (self.state / "sockets").unlink(missing_ok=True)

    # --- Starting over ---

    def clear(self) -> list[Path]:
        """Delete the data, the secrets and the logs; return what was deleted. Screenshots stay."""
        self.remove_socket_folder()
        doomed = [
            self.root / name
            for name in ("state", "secrets", "log", "mail", "releases", "exports", "static", "transparency", "witness")
        ]
        doomed += [*self.root.glob("postgres*"), self.sheltered_home()]
        gone = [path for path in doomed if path.exists()]
        for path in gone:
            shutil.rmtree(path)
        return gone


def make_shelter() -> None:
    """Make the folder for what must lie outside of a closed clone."""
    try:
        SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
        SHELTER.chmod(0o755)
    except OSError as error:
        raise Obstacle(
            f"The clone is in a folder that only root can enter, and {SHELTER} cannot be made ({error.strerror}).",
            "clone into a folder that others can enter, such as /srv/showdown",
            "or point SHOWDOWN_VAR to such a folder",
        ) from error


def pronounceable_password() -> str:
    """Return a random password that can be read aloud and typed (36 bits, for the demo's invented people)."""
    return "-".join("".join(secrets.choice(_SYLLABLES) for _ in range(3)) for _ in range(2)) + "".join(
        secrets.choice(string.digits) for _ in range(2)
    )


def bound_log(log: Path, *, megabytes: int = 5) -> None:
    """Keep a log file below a size, and one older piece of the same size beside it.

    Processes hold the file open for appending, so it is copied and emptied, not renamed.
    """
    try:
        if log.stat().st_size > megabytes * 1_000_000:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
    except OSError:
        # A log that cannot be kept small, on a full disk for instance, must not stop what it tells about.
        return


def end_what_was_left(var: Var, announce: Callable[[str], None]) -> None:
    """End the processes that a killed supervisor of this folder left behind."""
    orphans = processes.left_behind(var.root)
    for folder in (var.socket_folder(), var.sheltered_home()):
        orphans += processes.left_behind(folder) if folder is not None else []
    if orphans:
        names = ", ".join(sorted({process.name() for process in orphans if process.is_running()}))
        announce(f"an earlier run was killed and left {len(orphans)} processes ({names}): ending them")
        processes.end(orphans, patience=8)
