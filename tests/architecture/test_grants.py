"""Every table is in the grants file, and a live database gives exactly what the file says."""

from collections.abc import Iterator

import psycopg
import pytest

from showdown import granting, roles
from showdown.granting import Privilege
from showdown.grants import FUNCTIONS, TABLES


@pytest.fixture
def catalogue(database_urls: dict[str, str]) -> Iterator[psycopg.Cursor]:
    with psycopg.connect(database_urls["owner"]) as connection:
        yield connection.cursor()


def test_every_table_is_in_the_grants_file(catalogue: psycopg.Cursor) -> None:
    missing = sorted(set(granting.relations(catalogue)) - set(TABLES))
    lines = "\n".join(f'    "{table}": ORDINARY,' for table in missing)
    assert not missing, (
        "These tables are open to nobody but the owner, because showdown/grants.py does not name them. Decide who may "
        f"do what (ORDINARY, ONCE, READ or a Grant of its own) and add to TABLES:\n{lines}"
    )


def test_the_grants_file_names_no_table_that_is_not_there(catalogue: psycopg.Cursor) -> None:
    gone = sorted(set(TABLES) - set(granting.relations(catalogue)))
    assert not gone, f"showdown/grants.py names tables that no migration makes; take them out of TABLES: {gone}"


def test_the_grants_file_names_no_function_that_is_not_there(catalogue: psycopg.Cursor) -> None:
    gone = sorted(set(FUNCTIONS) - granting.functions(catalogue))
    assert not gone, f"showdown/grants.py names functions that no migration makes; mend FUNCTIONS: {gone}"


def test_a_live_database_gives_exactly_what_the_file_says(catalogue: psycopg.Cursor) -> None:
    meant, given = granting.wanted(catalogue), granting.given(catalogue)
    assert not given - meant, f"Given, and not in showdown/grants.py: {told(given - meant)}"
    assert not meant - given, f"In showdown/grants.py, and not given: {told(meant - given)}"


@pytest.mark.committed
def test_a_table_that_the_file_does_not_name_is_open_to_nobody(
    owner_connection: psycopg.Connection, database_urls: dict[str, str]
) -> None:
    owner_connection.execute("CREATE TABLE forgotten (id bigint PRIMARY KEY)")
    owner_connection.execute("GRANT ALL ON forgotten TO showdown_app, PUBLIC")
    with owner_connection.cursor() as cursor:
        assert granting.apply_grants(cursor) == ["forgotten"]
    for role in ("app", "sequencer", "auditor"):
        with (
            psycopg.connect(database_urls[role]) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT FROM forgotten")


def told(privileges: set[Privilege]) -> str:
    return "; ".join(
        f"{p.verb} on {p.thing}{f' ({p.column})' if p.column else ''} to {p.role}" for p in sorted(privileges)
    )


@pytest.mark.parametrize("role", roles.READERS_AND_WRITERS)
def test_the_schema_is_closed(catalogue: psycopg.Cursor, role: str) -> None:
    catalogue.execute(
        "SELECT has_schema_privilege(%(r)s, 'public', 'USAGE'), has_schema_privilege(%(r)s, 'public', 'CREATE'), "
        "has_database_privilege(%(r)s, current_database(), 'CONNECT'), "
        "has_database_privilege(%(r)s, current_database(), 'CREATE'), "
        "has_database_privilege(%(r)s, current_database(), 'TEMPORARY')",
        {"r": role},
    )
    assert catalogue.fetchone() == (True, False, True, False, False)


def test_no_role_has_a_way_up(catalogue: psycopg.Cursor) -> None:
    catalogue.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolcreaterole OR rolcreatedb OR "
        "rolreplication OR rolbypassrls)",
        [list(roles.ROLES)],
    )
    assert catalogue.fetchall() == []
    catalogue.execute(
        "SELECT m.rolname, r.rolname FROM pg_auth_members g JOIN pg_roles m ON m.oid = g.member "
        "JOIN pg_roles r ON r.oid = g.roleid WHERE m.rolname = ANY(%s)",
        [list(roles.ROLES)],
    )
    assert catalogue.fetchall() == []
