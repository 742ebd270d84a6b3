"""The databases and the broker of one installation: embedded ones, or those that the environment names."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from showdown import roles
from showdown.supervisor.console import Console
from showdown.supervisor.folders import SHELTER, Var, make_shelter
from showdown.supervisor.obstacle import Obstacle, require_space
from showdown.supervisor.postgres import EmbeddedPostgres, reachable_binaries, wheel_folder
from showdown.supervisor.redis_server import EmbeddedRedis
from showdown.supervisor.schema import VARIABLES
from showdown.supervisor.service_account import account_for_postgres


@dataclass(slots=True)
class Servers:
    """PostgreSQL and Redis, with the addresses that lead to them."""

    var: Var
    console: Console
    postgres: EmbeddedPostgres | None = None
    redis: EmbeddedRedis | None = None
    addresses: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start what is embedded, and refuse half an environment."""
        given = given_addresses(os.environ)
        if given or "REDIS_URL" in os.environ:
            names = [*given, *(["REDIS_URL"] if "REDIS_URL" in os.environ else [])]
            self.console.note(f"using the servers that {', '.join(names)} name")
        sockets = self.var.new_socket_folder()
        if given:
            self.addresses |= given
            self._try_the_given_ones()
        else:
            self._start_postgres(sockets)
        if "REDIS_URL" in os.environ:
            self.addresses["REDIS_URL"] = os.environ["REDIS_URL"]
            return
        with self.console.phase("Redis"):
            # PostgreSQL's account owns the folder itself, so that Redis gets one of its own inside.
            (sockets / "r").mkdir(mode=0o700)
            self.redis = EmbeddedRedis(sockets / "r", self.var.log / "redis.log", mark=str(self.var.root))
            self.redis.start()
            self.addresses["REDIS_URL"] = self.redis.address

    def _start_postgres(self, sockets: Path) -> None:
        var, note = self.var, self.console.note
        account = account_for_postgres(note)
        home = var.postgres_home(account, note)
        require_space(home, 200, purpose="PostgreSQL")
        if account is not None and not account.runs([str(wheel_folder() / "bin" / "postgres"), "--version"]):
            make_shelter()
        if (home / "postgres").exists() and not var.has_secret("postgres-superuser"):
            raise Obstacle(
                f"There is a database in {home / 'postgres'}, and its passwords are gone from {var.root / 'secrets'}.",
                "bring the passwords back from a copy",
                "or throw the data away and start over: make demo-reset",
            )
        self.postgres = EmbeddedPostgres(
            data=home / "postgres",
            sockets=sockets / "p",
            log=var.log / "postgres.log",
            superuser_password=var.secret("postgres-superuser"),
            binaries=reachable_binaries(account, SHELTER, note),
            account=account,
            mark=str(var.root),
        )
        # PostgreSQL's account must pass through to the folder of its own.
        sockets.chmod(0o711)
        if not self.postgres.is_made:
            with self.console.phase("making the database's folder"):
                self.postgres.make(note)
        else:
            self.postgres.make(note)
        with self.console.phase("PostgreSQL 18"):
            self.postgres.start()
        known = {role: var.secret(role) for role in roles.ROLES}
        if not self._has_database():
            self.forget_state()
        with psycopg.connect(self.postgres.superuser_address(), autocommit=True) as server:
            for statement in roles.role_statements(known):
                server.execute(statement)
        if not self._has_database():
            self._make_database()
        self.addresses |= {
            variable: self.postgres.address(role, known[role], roles.DATABASE) for variable, role in VARIABLES.items()
        }

    @property
    def _embedded(self) -> EmbeddedPostgres:
        if self.postgres is None:
            raise Obstacle("The database is not the embedded one.")
        return self.postgres

    def _has_database(self) -> bool:
        with psycopg.connect(self._embedded.superuser_address()) as server:
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [roles.DATABASE]).fetchone()
        return found is not None

    def _make_database(self) -> None:
        with psycopg.connect(self._embedded.superuser_address(), autocommit=True) as server:
            for statement in roles.database_statements():
                server.execute(statement)
        with psycopg.connect(self._embedded.superuser_address(roles.DATABASE), autocommit=True) as inside:
            for statement in (*roles.schema_statements(), *roles.catalogue_statements()):
                inside.execute(statement)

    def make_database_again(self) -> None:
        """Drop the embedded database and make an empty one."""
        with psycopg.connect(self._embedded.superuser_address(), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(roles.DATABASE)))
        self.forget_state()
        self._make_database()

    def forget_state(self) -> None:
        """Forget which database was migrated and filled."""
        for name in ("migrated", "demo"):
            self.state_file(name).unlink(missing_ok=True)

    def state_file(self, name: str) -> Path:
        """Return the file that remembers something about this database."""
        if self.postgres is not None:
            return self.var.state / name
        place = urlsplit(self.addresses["DATABASE_OWNER_URL"])
        which = f"{place.hostname}:{place.port}{place.path}?{place.query}"
        return self.var.state / f"{name}-{hashlib.sha256(which.encode()).hexdigest()[:8]}"

    def _try_the_given_ones(self) -> None:
        for variable, address in self.addresses.items():
            try:
                with psycopg.connect(address, connect_timeout=5):
                    pass
            except psycopg.Error as error:
                raise Obstacle(
                    f"{variable} leads nowhere: {str(error).strip()}",
                    "make the roles and the database: `manage.py provision_database`, or with --print the SQL for it",
                    "or unset DATABASE_URL and its siblings to use the embedded PostgreSQL",
                ) from error

    def stop(self) -> None:
        """Stop what is embedded, and remove its sockets."""
        if self.redis is not None:
            self.redis.stop()
        if self.postgres is not None:
            self.postgres.stop()
        self.var.remove_socket_folder()


def given_addresses(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of the databases that the environment names: all four or none."""
    given = {variable: environment[variable] for variable in VARIABLES if environment.get(variable)}
    missing = [variable for variable in VARIABLES if variable not in given]
    if given and missing:
        raise Obstacle(
            f"{', '.join(given)} is set and {', '.join(missing)} is not; each process signs in with a role of its own.",
            "set all four: `manage.py provision_database --print` writes the SQL that makes the roles",
            "or unset them to use the embedded PostgreSQL",
        )
    return given
