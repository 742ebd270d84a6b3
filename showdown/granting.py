"""Brings a database's privileges in line with the grants file, and tells where they differ."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from psycopg import sql

from showdown import roles
from showdown.grants import FUNCTIONS, TABLES, Grant


class Cursor(Protocol):
    """What is needed of a cursor, psycopg's own or Django's."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...  # noqa: D102 - as PEP 249 says.
    def fetchall(self) -> list[Any]: ...  # noqa: D102 - as PEP 249 says.


class Privilege(NamedTuple):
    """One privilege of one role, on a whole relation or one column of it, or on a function."""

    thing: str
    role: str
    verb: str
    column: str = ""


_PRIVILEGE = re.compile(r"(?P<verb>[A-Z]+)(?:\s+(?P<but>BUT\s+)?\((?P<columns>[^)]*)\))?\s*(?:,|$)\s*")

# Every relation that can be granted on, and its columns, in the order of the table.
_RELATIONS = """
SELECT c.relname, array_remove(array_agg(a.attname ORDER BY a.attnum), NULL)
FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') GROUP BY c.oid
"""
# All that anybody but the owner was given. A role of 0 is everybody. Names are text here: as names, the signatures of
# functions would lose what comes after their 63rd character.
_GIVEN = """
SELECT c.relname::text, coalesce(r.rolname, 'PUBLIC'), x.privilege_type, ''
FROM pg_class c CROSS JOIN aclexplode(c.relacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
WHERE c.relnamespace = 'public'::regnamespace AND x.grantee <> c.relowner
UNION ALL
SELECT c.relname::text, coalesce(r.rolname, 'PUBLIC'), x.privilege_type, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
CROSS JOIN aclexplode(a.attacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
WHERE c.relnamespace = 'public'::regnamespace AND x.grantee <> c.relowner
UNION ALL
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', coalesce(r.rolname, 'PUBLIC'),
  x.privilege_type, ''
FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
LEFT JOIN pg_roles r ON r.oid = x.grantee
WHERE p.pronamespace = 'public'::regnamespace AND x.grantee <> p.proowner
"""
_FUNCTIONS = """
SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')' FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
"""


def privileges_of(table: str, grant: Grant, columns: Sequence[str]) -> set[Privilege]:
    """Return the privileges that a grant means for a table with these columns."""
    meant = set()
    for role, told in ((roles.APP, grant.app), (roles.SEQUENCER, grant.sequencer), (roles.AUDITOR, grant.auditor)):
        position = 0
        while position < len(told):
            match = _PRIVILEGE.match(told, position)
            if match is None:
                raise ValueError(f"The grants file says {told!r} of {table}, which is not a privilege.")
            position = match.end()
            if match["columns"] is None:
                meant.add(Privilege(table, role, match["verb"]))
                continue
            named = [column.strip() for column in match["columns"].split(",")]
            if unknown := set(named) - set(columns):
                raise ValueError(f"The grants file names columns that {table} does not have: {sorted(unknown)}.")
            chosen = [column for column in columns if column not in named] if match["but"] else named
            meant |= {Privilege(table, role, match["verb"], column) for column in chosen}
    return meant


def relations(cursor: Cursor) -> dict[str, list[str]]:
    """Return the tables and views of the schema, each with its columns."""
    cursor.execute(_RELATIONS)
    return {name: list(columns) for name, columns in cursor.fetchall()}


def functions(cursor: Cursor) -> set[str]:
    """Return the signatures of the schema's functions."""
    cursor.execute(_FUNCTIONS)
    return {signature for (signature,) in cursor.fetchall()}


def wanted(cursor: Cursor) -> set[Privilege]:
    """Return what the grants file gives, for the tables and functions that are there."""
    meant: set[Privilege] = set()
    for table, columns in relations(cursor).items():
        meant |= privileges_of(table, TABLES.get(table, Grant()), columns)
    for signature in functions(cursor):
        meant |= {Privilege(signature, role, "EXECUTE") for role in FUNCTIONS.get(signature, ())}
    return meant


def given(cursor: Cursor) -> set[Privilege]:
    """Return what the database gives to anybody but the owner."""
    cursor.execute(_GIVEN)
    return {Privilege(*row) for row in cursor.fetchall()}


def roles_exist(cursor: Cursor) -> bool:
    """Say whether all four roles are there."""
    cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [list(roles.ROLES)])
    return bool(cursor.fetchall()[0][0] == len(roles.ROLES))


def owns_the_schema(cursor: Cursor) -> bool:
    """Say whether the connection's role owns the database, as the one that migrates does."""
    cursor.execute(
        "SELECT pg_has_role(current_user, datdba, 'MEMBER') FROM pg_database WHERE datname = current_database()"
    )
    return bool(cursor.fetchall()[0][0])


def apply_grants(cursor: Cursor) -> list[str]:
    """Make the database's privileges those of the file; return the tables and functions that were changed."""
    for statement in roles.schema_statements():
        cursor.execute(statement)
    meant, is_given = wanted(cursor), given(cursor)
    signatures = functions(cursor)
    changed = sorted({privilege.thing for privilege in meant ^ is_given})
    for thing in changed:
        target = _target(thing, is_function=thing in signatures)
        for role in sorted({p.role for p in is_given if p.thing == thing}):
            grantee = sql.SQL("PUBLIC") if role == "PUBLIC" else sql.Identifier(role)
            # Also takes back what was given on single columns.
            cursor.execute(sql.SQL("REVOKE ALL ON {target} FROM {grantee}").format(target=target, grantee=grantee))
        for statement in _grant_statements(target, sorted(p for p in meant if p.thing == thing)):
            cursor.execute(statement)
    return changed


def _target(thing: str, *, is_function: bool) -> sql.Composable:
    if not is_function:
        return sql.SQL("TABLE ") + sql.Identifier("public", thing)
    name, _, arguments = thing.partition("(")
    # The arguments are the catalogue's own words, already quoted where needed.
    return sql.SQL("FUNCTION ") + sql.Identifier("public", name) + sql.SQL("(" + arguments)


def _grant_statements(target: sql.Composable, meant: Iterable[Privilege]) -> Iterable[sql.Composed]:
    by_role_and_verb: dict[tuple[str, str], list[str]] = {}
    for privilege in meant:
        columns = by_role_and_verb.setdefault((privilege.role, privilege.verb), [])
        if privilege.column:
            columns.append(privilege.column)
    for (role, verb), columns in by_role_and_verb.items():
        limit = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns))) if columns else sql.SQL("")
        yield sql.SQL("GRANT {verb}{limit} ON {target} TO {role}").format(
            verb=sql.SQL(verb),
            limit=limit,
            target=target,
            role=sql.Identifier(role),
        )
