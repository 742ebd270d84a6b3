"""The database roles: what each may, and that none becomes another."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections

from apps.accounts.models import User

pytestmark = pytest.mark.committed

OTHERS = ("showdown_owner", "showdown_sequencer", "showdown_auditor", "postgres")


@contextmanager
def connected(address: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture
def app(database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    with connected(database_urls["app"]) as connection:
        yield connection


@pytest.fixture
def sequencer(database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    with connected(database_urls["sequencer"]) as connection:
        yield connection


@pytest.fixture
def auditor(database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    with connected(database_urls["auditor"]) as connection:
        yield connection


def refused(connection: psycopg.Connection, statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        connection.execute(statement.encode())


@pytest.mark.parametrize("other", OTHERS)
def test_the_application_becomes_nobody_else(app: psycopg.Connection, other: str) -> None:
    refused(app, f"SET ROLE {other}")
    refused(app, f"SET SESSION AUTHORIZATION {other}")
    refused(app, f"GRANT {other} TO showdown_app")
    refused(app, f"ALTER ROLE {other} PASSWORD 'mine'")
    assert app.execute("SELECT current_user, session_user").fetchone() == ("showdown_app", "showdown_app")


@pytest.mark.parametrize("other", OTHERS)
def test_nobody_signs_in_as_another_without_the_password(database_urls: dict[str, str], other: str) -> None:
    app: dict[str, Any] = dict(psycopg.conninfo.conninfo_to_dict(database_urls["app"]))
    assert app["password"]
    for guess in (None, "", other, str(app["password"])):
        with pytest.raises(psycopg.OperationalError, match=r"no password supplied|password authentication failed"):
            psycopg.connect(**{**app, "user": other, "password": guess})


def test_the_application_changes_no_entry_of_the_log(ada: User, app: psycopg.Connection) -> None:
    entries = app.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert entries is not None
    assert entries[0] > 0
    refused(app, "UPDATE audit_entry SET event = 'forged'")
    refused(app, "DELETE FROM audit_entry")
    refused(app, "TRUNCATE audit_entry")
    refused(app, "ALTER TABLE audit_entry DISABLE TRIGGER ALL")
    refused(app, "DROP TABLE audit_entry CASCADE")
    refused(app, "SET session_replication_role = replica")
    refused(app, "INSERT INTO audit_leaf (entry_id, leaf_index, leaf_hash) VALUES (1, 0, '\\x00')")
    refused(app, "UPDATE audit_treehead SET size = 0")
    refused(app, "COPY audit_leaf FROM STDIN")
    assert app.execute("SELECT count(*) FROM audit_entry").fetchone() == entries


def test_the_application_writes_no_certificate(app: psycopg.Connection) -> None:
    for table in ("retired_cluster", "eligible_battle", "eligible_battle_cluster", "release_item"):
        refused(app, f"INSERT INTO {table} DEFAULT VALUES")
        refused(app, f"TRUNCATE {table}")
    refused(app, "UPDATE battle_cluster SET cluster_id = 1")
    refused(app, "UPDATE prompts_cluster SET merged_into_id = 1")
    refused(app, "UPDATE battles_battle SET last_event_at = '2020-01-01'")
    refused(app, "UPDATE battles_battle SET tag = NULL")


def test_the_application_changes_no_vote_and_no_answer(app: psycopg.Connection) -> None:
    refused(app, "UPDATE battles_vote SET choice = 'left'")
    refused(app, "DELETE FROM battles_vote")
    refused(app, "UPDATE battles_response SET text = ''")


def test_the_application_makes_nothing(app: psycopg.Connection) -> None:
    refused(app, "CREATE TABLE mine (id int)")
    refused(app, "CREATE TEMPORARY TABLE audit_entry (id int)")
    refused(app, "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    refused(app, "CREATE SCHEMA showdown_app")
    refused(app, "CREATE ROLE mine")
    refused(app, "COPY audit_entry TO PROGRAM 'cat'")
    refused(app, "SELECT pg_read_file('postgresql.conf')")


def test_the_sequencer_sees_the_log_and_nothing_else(ada: User, sequencer: psycopg.Connection) -> None:
    assert sequencer.execute("SELECT count(*) > 0 FROM audit_entry").fetchone() == (True,)
    for table in ("prompts_prompt", "battles_vote", "battles_response", "accounts_user", "audit_salt"):
        refused(sequencer, f"SELECT FROM {table}")
    refused(sequencer, "INSERT INTO audit_entry (event) VALUES ('forged')")
    refused(sequencer, "UPDATE audit_leaf SET leaf_index = 0")
    refused(sequencer, "DELETE FROM audit_leaf")


def test_the_auditor_reads_and_writes_nothing(ada: User, auditor: psycopg.Connection) -> None:
    assert auditor.execute("SELECT count(*) > 0 FROM audit_entry").fetchone() == (True,)
    assert auditor.execute("SELECT count(*) FROM accounts_user WHERE pseudonym <> ''").fetchone() == (1,)
    for statement in (
        "INSERT INTO audit_entry (event) VALUES ('forged')",
        "UPDATE prompts_prompt SET text = ''",
        "DELETE FROM battles_vote",
        "SET default_transaction_read_only = off; UPDATE prompts_prompt SET text = ''",
    ):
        refused(auditor, statement)


def test_the_auditor_leaves_no_object_and_holds_nobody_up(auditor: psycopg.Connection, app: psycopg.Connection) -> None:
    auditor.execute("SET default_transaction_read_only = off")
    for statement in (
        "SELECT lo_from_bytea(0, 'left behind')",
        "SELECT lo_creat(-1)",
        "SELECT lo_create(0)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock_shared(1, 2)",
        "SELECT pg_advisory_xact_lock(1)",
    ):
        refused(auditor, statement)
    refused(app, "SELECT lo_from_bytea(0, 'left behind')")
    assert app.execute("SELECT pg_try_advisory_lock(1), pg_advisory_unlock(1)").fetchone() == (True, True)


@pytest.mark.parametrize(
    "secret",
    [
        "password FROM accounts_user",
        "email FROM accounts_user",
        "salt FROM audit_salt",
        "session_key FROM django_session",
        "email FROM account_emailaddress",
        "data FROM mfa_authenticator",
        "body FROM accounts_inboxmessage",
        "ip FROM usersessions_usersession",
    ],
)
def test_the_auditor_sees_no_secret(auditor: psycopg.Connection, secret: str) -> None:
    refused(auditor, f"SELECT {secret}")


def test_a_later_table_is_closed_until_the_grants_name_it(
    owner_connection: psycopg.Connection, app: psycopg.Connection
) -> None:
    owner_connection.execute("CREATE TABLE later (id int)")
    owner_connection.execute("CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    refused(app, "SELECT FROM later")
    refused(app, "SELECT later()")


def test_the_tests_themselves_work_as_these_roles() -> None:
    found = {}
    for alias in connections:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user")
            (found[alias],) = cursor.fetchone()
    assert found == {
        "default": "showdown_app",
        "auditor": "showdown_auditor",
        "sequencer": "showdown_sequencer",
        "owner": "showdown_owner",
    }
