"""Makes the database roles and the database, or prints the SQL for an administrator."""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from django.core.management.base import BaseCommand, CommandError
from psycopg import sql

from showdown import roles

_VARIABLES = {
    roles.OWNER: "DATABASE_OWNER_URL",
    roles.APP: "DATABASE_URL",
    roles.SEQUENCER: "DATABASE_SEQUENCER_URL",
    roles.AUDITOR: "DATABASE_AUDITOR_URL",
}


def passwords_in_the_environment() -> dict[str, str]:
    """Return the password of each role whose URL is set."""
    found = {}
    for role, variable in _VARIABLES.items():
        address = urlsplit(os.environ.get(variable, ""))
        if address.password is None:
            continue
        if unquote(address.username or "") != role:
            raise CommandError(f"{variable} signs in as {address.username}; the role is {role}.")
        found[role] = unquote(address.password)
        if not (found[role].isascii() and found[role].isprintable()):
            raise CommandError(f"The password in {variable} has signs other than printable ASCII; choose another.")
    return found


def script(database: str, passwords: dict[str, str]) -> Iterator[str]:
    """Yield the lines of a psql script that does all of it."""
    yield "-- Run with psql as an administrator of the server: psql --file=- postgres"
    yield r"\set ON_ERROR_STOP on"
    for statement in roles.role_statements(passwords):
        yield statement.as_string(None) + ";"
    for role in roles.ROLES:
        if role not in passwords:
            yield rf"\password {role}"
    for statement in roles.database_statements(database):
        yield statement.as_string(None) + ";"
    yield rf"\connect {sql.Identifier(database).as_string(None)}"
    for statement in (*roles.schema_statements(), *roles.catalogue_statements()):
        yield statement.as_string(None) + ";"


class Command(BaseCommand):
    """``manage.py provision_database``: once per server, before the first ``migrate --database owner``."""

    help = (
        "Make the four database roles and the database. Connects with DATABASE_ADMIN_URL; the passwords are those in "
        "DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SEQUENCER_URL and DATABASE_AUDITOR_URL."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the database's name and whether to print only."""
        parser.add_argument("--print", action="store_true", dest="print_only", help="Print the SQL and change nothing.")
        parser.add_argument("--database-name", default=roles.DATABASE)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the script, or run the statements."""
        database, passwords = options["database_name"], passwords_in_the_environment()
        if options["print_only"]:
            self.stdout.write("\n".join(script(database, passwords)))
            return
        admin = os.environ.get("DATABASE_ADMIN_URL")
        if not admin:
            raise CommandError("Set DATABASE_ADMIN_URL, or print the SQL for an administrator with --print.")
        if missing := [variable for role, variable in _VARIABLES.items() if role not in passwords]:
            raise CommandError(f"These name no password: {', '.join(missing)}.")
        try:
            provision(admin, database, passwords)
        except psycopg.Error as error:
            raise CommandError(f"DATABASE_ADMIN_URL: {str(error).strip()}") from error
        self.stdout.write(f"The roles and the database {database} are ready: manage.py migrate --database owner")


def provision(admin: str, database: str, passwords: dict[str, str]) -> None:
    """Make or mend roles and database through an administrator's connection; running it again changes nothing."""
    with psycopg.connect(admin, autocommit=True) as server:
        for statement in roles.role_statements(passwords):
            server.execute(statement)
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            for statement in roles.database_statements(database):
                server.execute(statement)
    with psycopg.connect(admin, dbname=database, autocommit=True) as inside:
        for statement in (*roles.schema_statements(), *roles.catalogue_statements()):
            inside.execute(statement)
