"""The servers of one test run: throw-away, kept by a process of its own that ends when the run does.

A template database is migrated once and its whole data folder kept beside, under a name made from everything that a
migration may read; the next run copies the folder.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from showdown import roles
from showdown.supervisor import processes, schema
from showdown.supervisor.obstacle import Obstacle, megabytes_free, require_space
from showdown.supervisor.postgres import SUPERUSER, EmbeddedPostgres, reachable_binaries
from showdown.supervisor.redis_server import EmbeddedRedis
from showdown.supervisor.schema import REPOSITORY, VARIABLES
from showdown.supervisor.service_account import account_for_postgres

TEMPLATE = "showdown_template"
_PRISTINE_KEPT = 4
# A committed test writes a whole database and throws it away, which is cheapest where there is no disk.
MEMORY = Path("/dev") / "shm"
_MEMORY_FILES = 2_000  # megabytes
_MEMORY_LEFT = 4_000  # megabytes
ON_DISK = "SHOWDOWN_TESTS_ON_DISK"


def test_root() -> Path:
    """Return the folder of all test runs of this user, made when needed."""
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > 40:  # noqa: PLR2004 - The path of a Unix socket may have 107 characters.
        parent = Path("/tmp")  # noqa: S108 - Checked below for its owner.
    root = parent / f"showdown-tests-{os.getuid()}"
    root.mkdir(mode=0o711, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Obstacle(f"{root} belongs to somebody else.", f"have it removed, or set TMPDIR (it is {parent})")
    return root


def passwords() -> dict[str, str]:
    """Return the passwords of the superuser and the roles for all test runs of this user, made at the first."""
    kept = test_root() / "all-passwords.json"
    with _locked(test_root() / "passwords.lock"):
        if not kept.exists():
            making = kept.with_suffix(".making")
            making.touch(mode=0o600)
            making.write_text(json.dumps({role: secrets.token_hex(16) for role in (SUPERUSER, *roles.ROLES)}))
            making.rename(kept)
        found: dict[str, str] = json.loads(kept.read_text())
    return found


def has_memory_to_spare() -> bool:
    """Say whether this machine can hold a run's databases in memory, and nobody asked for the disk."""
    if os.environ.get(ON_DISK) or not os.access(MEMORY, os.W_OK):
        return False
    return megabytes_free(MEMORY) >= _MEMORY_FILES and psutil.virtual_memory().available >= _MEMORY_LEFT * 1_000_000


class RunFolder:
    """The folder of one test run and what lies where in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sockets = folder / "s"
        data = folder / "pg"
        self.data = data.readlink() if data.is_symlink() else data
        self.ready = folder / "ready"
        self.failed = folder / "failed"
        self.owner_lock = folder / "owner.lock"
        self.keeper_lock = folder / "keeper.lock"
        self.keeper_pid = folder / "keeper.pid"
        self.redis_address = f"unix://{self.sockets / 'redis.sock'}"

    @classmethod
    def new(cls) -> "RunFolder":
        """Make the folder of a new run."""
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=test_root()))
        folder.chmod(0o711)
        if has_memory_to_spare():
            place = Path(tempfile.mkdtemp(prefix=f"showdown-{folder.name}-", dir=MEMORY))
            place.chmod(0o711)
            (folder / "pg").symlink_to(place / "pg")
        return cls(folder)

    @property
    def is_in_memory(self) -> bool:
        """Whether the databases lie in memory."""
        return self.data.parent != self.folder

    def remove(self) -> None:
        """Remove the folder, and the databases where they lie in memory."""
        if self.is_in_memory:
            processes.end(processes.left_behind(self.data.parent), patience=2)
            shutil.rmtree(self.data.parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def postgres(self, *, binaries: Path = Path()) -> EmbeddedPostgres:
        """Return the run's server; its addresses are known before it runs."""
        return EmbeddedPostgres(
            data=self.data,
            sockets=self.sockets,
            log=self.folder / "postgres.log",
            superuser_password=passwords()[SUPERUSER],
            binaries=binaries,
            durable=False,
            mark=str(self.folder),
        )


def addresses(server: EmbeddedPostgres, database: str) -> dict[str, str]:
    """Return the environment variables that lead each role to a database of an embedded server."""
    known = passwords()
    return {variable: server.address(role, known[role], database) for variable, role in VARIABLES.items()}


def given_server() -> str | None:
    """Return the administrator's URL of the server to test on instead of the embedded one."""
    return os.environ.get("TEST_DATABASE_ADMIN_URL")


def given_admin_address(admin: str, database: str) -> str:
    """Return the administrator's URL of a database on a given server."""
    return urlunsplit(urlsplit(admin)._replace(path=f"/{database}"))


def given_addresses(admin: str, database: str) -> dict[str, str]:
    """Return the environment variables that lead each role to a database of a given server."""
    place = urlsplit(admin).netloc.rpartition("@")[2]
    return {
        variable: urlunsplit(
            urlsplit(admin)._replace(netloc=f"{role}:{passwords()[role]}@{place}", path=f"/{database}")
        )
        for variable, role in VARIABLES.items()
    }


def keep(folder: Path, owner: int, template: str = TEMPLATE) -> int:
    """Start the run's servers in a process of its own and return when they are ready; 1 when they cannot be."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader) as told:
            answer = told.read()
        if answer == "ready":
            return 0
        sys.stderr.write(answer or "The keeper of the test services died.\n")
        return 1
    os.close(reader)
    os.setsid()
    told = os.fdopen(writer, "w")
    # Whoever waits for our output to end must not wait for us.
    with Path(os.devnull).open("r+") as nothing:
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    try:
        _keep(RunFolder(folder), owner, template, told)
    except Exception as error:  # noqa: BLE001 - Whatever it is, the waiting test run must hear it.
        _tell_failure(RunFolder(folder), error, told)
        os._exit(1)
    os._exit(0)


def _tell_failure(run: RunFolder, error: Exception, told: IO[str]) -> None:
    message = str(error) if isinstance(error, Obstacle) else f"{type(error).__name__}: {error}"
    with contextlib.suppress(OSError):
        run.failed.write_text(message)
    if not told.closed:
        told.write(message + "\n")
        told.close()


def _keep(run: RunFolder, owner: int, template: str, told: IO[str]) -> None:
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = psutil.Process(owner)
    with _locked(run.keeper_lock):
        run.keeper_pid.write_text(str(os.getpid()))
        sweep(besides=run.folder)
        with running_services(run, template):
            run.ready.touch()
            told.write("ready")
            told.close()
            while not stopping and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.2)
    run.remove()


@contextlib.contextmanager
def running_services(run: RunFolder, template: str = TEMPLATE) -> Iterator[None]:
    """Run Redis, and PostgreSQL with the template database in it, unless a server is given."""
    account = account_for_postgres(lambda _line: None)
    run.sockets.mkdir(mode=0o700, exist_ok=True)
    redis = EmbeddedRedis(sockets=run.sockets, log=run.folder / "redis.log", mark=str(run.folder))
    try:
        redis.start()
        if (admin := given_server()) is not None:
            with _databases_on(admin, template):
                yield
            return
        server = run.postgres(binaries=reachable_binaries(account, test_root(), lambda _line: None))
        server.account = account
        try:
            copy_of_pristine(server)
            server.start()
            yield
        finally:
            server.kill()
    finally:
        redis.kill()


@contextlib.contextmanager
def _databases_on(admin: str, template: str) -> Iterator[None]:
    """Make the template on a given server, and drop it and all that bear its token afterwards."""
    token = template.removeprefix(TEMPLATE)
    try:
        make_template(admin, template, given_addresses(admin, template))
        yield
    finally:
        with psycopg.connect(admin, autocommit=True) as server:
            names = server.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s) OR datname = %s",
                [f"{roles.DATABASE}{token}_", template],
            ).fetchall()
            for (name,) in names:
                server.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(name=sql.Identifier(name)))


def copy_of_pristine(server: EmbeddedPostgres) -> None:
    """Give a server a data folder with roles and the migrated template, from the one kept beside when it fits."""
    root = test_root()
    require_space(root, 300, purpose="a test database")
    known = hashlib.sha256(json.dumps(passwords()).encode()).hexdigest()[:6]
    pristine = root / f"pristine-{schema.fingerprint()}-{known}"
    with _locked(pristine.with_suffix(".lock")):
        if not (pristine / "pg").exists():
            _make_pristine(pristine, server)
        os.utime(pristine)
        subprocess.run(["cp", "-a", str(pristine / "pg"), str(server.data)], check=True)
    kept = sorted(root.glob("pristine-*/"), key=lambda folder: folder.stat().st_mtime)
    for old in kept[:-_PRISTINE_KEPT]:
        if time.time() - old.stat().st_mtime > 600:  # noqa: PLR2004 - Nobody copies for ten minutes.
            shutil.rmtree(old, ignore_errors=True)
            old.with_suffix(".lock").unlink(missing_ok=True)


def _make_pristine(pristine: Path, like: EmbeddedPostgres) -> None:
    shutil.rmtree(pristine, ignore_errors=True)
    pristine.mkdir(mode=0o711)
    making = EmbeddedPostgres(
        data=pristine / "being-made",
        sockets=like.sockets,
        log=like.log,
        superuser_password=passwords()[SUPERUSER],
        binaries=like.binaries,
        account=like.account,
        durable=False,
        mark=like.mark,
    )
    making.make(lambda _line: None)
    making.start()
    try:
        make_template(making.superuser_address(), TEMPLATE, addresses(making, TEMPLATE))
    except BaseException:
        making.kill()
        shutil.rmtree(pristine, ignore_errors=True)
        raise
    making.stop(cleanly=True)
    making.data.rename(pristine / "pg")


def make_template(admin: str, name: str, variables: Mapping[str, str]) -> None:
    """Make roles and one migrated database through an administrator's connection."""
    with psycopg.connect(admin, autocommit=True) as server:
        for statement in roles.role_statements({role: passwords()[role] for role in roles.ROLES}):
            server.execute(statement)
        for statement in roles.database_statements(name):
            server.execute(statement)
    with psycopg.connect(admin, dbname=name, autocommit=True) as inside:
        for statement in (*roles.schema_statements(), *roles.catalogue_statements()):
            inside.execute(statement)
    environment = schema.without_addresses() | {"DATABASE_OWNER_URL": variables["DATABASE_OWNER_URL"]}
    environment |= {"SHOWDOWN_TESTING": "1", "SHOWDOWN_SECRET_KEY": "tests", "PYTHONWARNINGS": "default"}
    done = subprocess.run(schema.MIGRATE, cwd=REPOSITORY, env=environment, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Obstacle(f"The test database cannot be migrated:\n{done.stdout[-1000:]}{done.stderr[-4000:]}")


def sweep(*, besides: Path) -> None:
    """Remove what killed runs left: their servers and their folders."""
    for folder in test_root().glob("run-*/"):
        run = RunFolder(folder)
        if folder == besides or _is_held(run.owner_lock) or _is_held(run.keeper_lock):
            continue
        if time.time() - folder.stat().st_mtime < 10 and not run.owner_lock.exists():  # noqa: PLR2004 - Just being made.
            continue
        processes.end(processes.left_behind(folder), patience=2)
        run.remove()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_held(path: Path) -> bool:
    try:
        with path.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
