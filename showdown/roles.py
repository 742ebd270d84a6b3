"""The four database roles and their database: made by SQL that an administrator can read first."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Literal, LiteralString

from psycopg import sql

OWNER = "showdown_owner"
APP = "showdown_app"
SEQUENCER = "showdown_sequencer"
AUDITOR = "showdown_auditor"
ROLES = (OWNER, APP, SEQUENCER, AUDITOR)
READERS_AND_WRITERS = (APP, SEQUENCER, AUDITOR)
DATABASE = "showdown"

# No role is a member of another, may make roles or databases, or passes by row security: there is no way up.
_NO_WAY_UP: LiteralString = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS"
_SCRAM_ROUNDS = 4096

# A role may change its own settings, and whoever had stolen its password could have left one behind, such as another
# search path.
_FORGET_SETTINGS: LiteralString = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT d.datname FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
    WHERE s.setrole = {role}::regrole LOOP
    EXECUTE format('ALTER ROLE %I', {role})
      || CASE WHEN each.datname IS NULL THEN '' ELSE format(' IN DATABASE %I', each.datname) END || ' RESET ALL';
  END LOOP;
END $$"""
# What PostgreSQL gives to everybody and an auditor has no use for: large objects are written whatever the grants say,
# and an advisory lock in the wrong hands keeps the sequencer and the nightly ranking waiting.
_CLOSE_CATALOGUE: LiteralString = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT oid::regprocedure AS signature, proname FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname ~ '^pg_(try_)?advisory_' OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea')) LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', each.signature);
    IF each.proname NOT LIKE 'lo%' THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {users}', each.signature);
    END IF;
  END LOOP;
END $$"""


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores of a password (RFC 5803), so that the password itself enters no statement.

    Only printable ASCII is taken: anything else would have to be normalised as RFC 4013 says.
    """
    if not (password.isascii() and password.isprintable()):
        raise ValueError("Passwords of database roles are printable ASCII.")
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    told = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{told[0]}${told[1]}:{told[2]}"


def role_statements(passwords: Mapping[str, str]) -> Iterable[sql.Composed]:
    """Yield the SQL that makes the roles or sets them right again; run it as a superuser, in any database.

    ``passwords`` names the password of each role; a role without one is made without, and cannot sign in yet.
    """
    for role in ROLES:
        name = sql.Identifier(role)
        yield sql.SQL(
            "DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ).format(name=name)
        yield sql.SQL("ALTER ROLE {name} WITH " + _NO_WAY_UP).format(name=name)
        yield sql.SQL(_FORGET_SETTINGS).format(role=sql.Literal(role))
        if role in passwords:
            yield sql.SQL("ALTER ROLE {name} PASSWORD {verifier}").format(
                name=name, verifier=sql.Literal(scram_verifier(passwords[role]))
            )
    yield sql.SQL("ALTER ROLE {name} SET default_transaction_read_only = on").format(name=sql.Identifier(AUDITOR))


def database_statements(
    database: str = DATABASE, *, template: str | None = None, strategy: Literal["WAL_LOG", "FILE_COPY"] = "WAL_LOG"
) -> Iterable[sql.Composed]:
    """Yield the SQL that makes a database nobody but the roles may enter; run it as a superuser, outside a transaction.

    With a template the new database is a clone of it, made by one of PostgreSQL's strategies: ``WAL_LOG`` writes every
    page to the write-ahead log and waits for no disk, ``FILE_COPY`` copies the files between two checkpoints.
    """
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    source = (
        sql.SQL("TEMPLATE {t} STRATEGY {s}").format(t=sql.Identifier(template), s=sql.SQL(strategy))
        if template
        else sql.SQL("TEMPLATE template0 ENCODING 'UTF8'")
    )
    yield sql.SQL("CREATE DATABASE {name} OWNER {owner} {source}").format(name=name, owner=owner, source=source)
    # These stand in the catalogue of the whole server, so that a clone does not bring them along.
    yield sql.SQL("REVOKE ALL ON DATABASE {name} FROM PUBLIC").format(name=name)
    readers = sql.SQL(", ").join(sql.Identifier(role) for role in READERS_AND_WRITERS)
    yield sql.SQL("GRANT CONNECT ON DATABASE {name} TO {readers}").format(name=name, readers=readers)


def schema_statements() -> Iterable[sql.Composed]:
    """Yield the SQL that closes a new database's schema; run it as a superuser or the owner, inside the database."""
    owner = sql.Identifier(OWNER)
    readers = sql.SQL(", ").join(sql.Identifier(role) for role in READERS_AND_WRITERS)
    yield sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC, {readers}").format(readers=readers)
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {readers}").format(readers=readers)
    # What the owner makes later is nobody else's to call until the grants say so; tables are so by default.
    yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC").format(
        owner=owner
    )


def catalogue_statements() -> Iterable[sql.Composed]:
    """Yield the SQL that takes from everybody what only some roles need; run it as a superuser, inside the database."""
    # In PostgreSQL 15 a role without INHERIT gets nothing from owning the database, its schema included.
    yield sql.SQL("ALTER SCHEMA public OWNER TO {owner}").format(owner=sql.Identifier(OWNER))
    users = sql.SQL(", ").join(sql.Identifier(role) for role in (OWNER, APP, SEQUENCER))
    yield sql.SQL(_CLOSE_CATALOGUE).format(users=users)
