"""With plain SQL as ``showdown_app``, nobody writes a version, and nobody loosens one."""

from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import errors

from apps.accounts.models import User
from apps.policy.models import PolicyProposal
from tests.policy.changing import judged, other, proposed
from tests.policy.history import decree

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]

# An attack that the server does not even understand proves nothing.
MISSPELT: Final = {"42601", "42703", "42P01", "42883", "42804", None}
TABLES: Final = ("policy_policyversion", "policy_clause", "policy_parameterdirection")
WRITING: Final = (
    "INSERT INTO {table} SELECT * FROM {table}",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING",
    "UPDATE {table} SET id = id",
    "UPDATE {table} SET id = id WHERE false",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE false",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "COPY {table} FROM STDIN",
    "SELECT * FROM {table} FOR UPDATE",
    "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
    "DO $$ BEGIN DELETE FROM {table}; END $$",
    "DO $$ BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; END $$",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER USER",
    "ALTER TABLE {table} OWNER TO showdown_app",
    "DROP TABLE {table} CASCADE",
    "CREATE RULE undo AS ON DELETE TO {table} DO INSTEAD NOTHING",
)
CLEVER: Final = (
    "UPDATE policy_clause SET parameters = parameters || '{{\"min_age_days\": 1}}' WHERE number = 'W1'",
    "UPDATE policy_policyversion SET effective_at = now() - interval '1 day'",
    "UPDATE policy_parameterdirection SET safer = 'lower' WHERE clause = 'W7'",
    "ALTER TABLE policy_clause DROP CONSTRAINT policy_sixty_days",
    "SET session_replication_role = replica",
    "SET ROLE showdown_owner",
    "CREATE OR REPLACE FUNCTION policy_effect(text, text, jsonb, jsonb) RETURNS text LANGUAGE sql AS 'SELECT ''same'''",
    "CREATE TEMP TABLE policy_parameterdirection (clause text, name text, safer text)",
    "ALTER FUNCTION policy_adopt(bigint, bigint, timestamptz) SECURITY INVOKER",
    "SELECT policy_is_tested({loosening})",
    "SELECT policy_effect('W7', 'k', '10', '5')",
    # A proposal is adopted by the function alone, whole, once, and by somebody else.
    "UPDATE policy_policyproposal SET state = 'adopted', second_id = {second}, decided_at = now()"
    " WHERE id = {loosening}",
    "UPDATE policy_policyproposal SET kind = 'tightens', effective_at = now() WHERE id = {loosening}",
    "UPDATE policy_policyproposal SET proposer_id = {second} WHERE id = {loosening}",
    "UPDATE policy_policyproposal SET based_on_id = based_on_id WHERE id = {loosening}",
    "UPDATE policy_policyproposal SET second_id = {proposer} WHERE id = {loosening}",
    "SELECT policy_adopt({loosening}, {proposer})",
    "SELECT policy_adopt({loosening}, NULL)",
    "SELECT policy_adopt({untested}, {second})",
    "SELECT policy_adopt(0, {second})",
    "DELETE FROM policy_policyproposal",
    "INSERT INTO policy_policyproposal (based_on_id, reason, state, proposer_id, proposed_at, decision, kind,"
    " backtested_at) VALUES (1, 'x', 'proposed', {proposer}, now(), '', '', now())",
    "INSERT INTO policy_policyproposal (based_on_id, reason, state, proposer_id, proposed_at, decision, kind,"
    " backtested_at, second_id, decided_at, effective_at)"
    " VALUES (1, 'x', 'adopted', {proposer}, now(), '', 'tightens', now(), {second}, now(), now())",
    # Something more, slipped in after it was judged.
    "INSERT INTO policy_clauseproposal (proposal_id, number, title, text, parameters, is_removed)"
    " VALUES ({loosening}, 'W6', 'Soon', 'At once', '{{\"hours\": 0, \"objection_days\": 5}}', false)",
    "UPDATE policy_clauseproposal SET parameters = '{{\"k\": 11}}' WHERE proposal_id = {loosening}",
    "DELETE FROM policy_clauseproposal WHERE proposal_id = {loosening}",
    "UPDATE policy_backtest SET holds = true",
)
# The owner has every privilege: these are refused by constraints and triggers.
FORGERIES: Final = (
    "UPDATE policy_clause SET parameters = parameters",
    "DELETE FROM policy_clause",
    "TRUNCATE policy_clause",
    "UPDATE policy_policyversion SET effective_at = now()",
    "DELETE FROM policy_policyversion",
    "TRUNCATE policy_policyversion CASCADE",
    "SET session_replication_role = replica; DELETE FROM policy_clause",
    "INSERT INTO policy_clause (version_id, number, title, text, parameters) VALUES (1, 'W1', 'a', 'b', '{}')",
    "UPDATE policy_policyproposal SET second_id = proposer_id",
)


@pytest.fixture
def app(_django_db_helper: None, database_urls: dict[str, str]) -> Iterator[App]:
    with psycopg.connect(database_urls["app"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def names(radia: User, katherine: User) -> dict[str, int]:
    loosening, untested = judged(radia, other("W7", k=5)), proposed(radia, other("W7", k=4))
    return {"loosening": loosening.pk, "untested": untested.pk, "proposer": radia.pk, "second": katherine.pk}


def picture(owner: App) -> list[Any]:
    return [owner.execute(f"SELECT * FROM {table} ORDER BY id".encode()).fetchall() for table in TABLES] + [
        owner.execute(b"SELECT id, state, kind, second_id FROM policy_policyproposal ORDER BY id").fetchall(),
        owner.execute(b"SELECT * FROM policy_clauseproposal ORDER BY id").fetchall(),
    ]


def test_the_application_writes_no_version_and_loosens_nothing(
    app: App, owner_connection: App, names: dict[str, int]
) -> None:
    before = picture(owner_connection)
    attacks = [attack.format(table=table) for table in TABLES for attack in WRITING]
    attacks += [attack.format(**names) for attack in CLEVER]
    for attack in attacks:
        with pytest.raises(psycopg.Error) as refused:
            app.execute(attack.encode())
        assert refused.value.sqlstate not in MISSPELT, (attack, refused.value)
        app.execute("RESET ALL")
    assert picture(owner_connection) == before


def test_the_application_cannot_bring_a_time_along(app: App, owner_connection: App, names: dict[str, int]) -> None:
    """The function's third argument is the owner's; from anybody else it is passed over."""
    app.execute("SELECT policy_adopt(%s, %s, now() - interval '90 days')", [names["loosening"], names["second"]])
    found = owner_connection.execute(
        "SELECT effective_at > clock_timestamp() + interval '29 days',"
        " adopted_at > clock_timestamp() - interval '1 day' FROM policy_policyversion WHERE number = 2"
    ).fetchone()
    assert found == (True, True)


def test_the_owners_session_forges_nothing_either(owner_connection: App, names: dict[str, int]) -> None:
    before = picture(owner_connection)
    for forgery in FORGERIES:
        with pytest.raises(psycopg.Error) as refused:
            owner_connection.execute(forgery.encode())
        assert refused.value.sqlstate not in MISSPELT, (forgery, refused.value)
        owner_connection.execute("RESET ALL")
    assert picture(owner_connection) == before


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [
        ("W1", "min_age_days", 59), ("W9", "loosening_days", 29), ("W4", "approvals", 1), ("W5", "hold_back_days", 179),
        ("W6", "hours", 71),
    ],
)  # fmt: skip
def test_floors_are_checks(owner_connection: App, number: str, name: str, value: int) -> None:
    for wrong in (value, value + 0.5, True, str(value + 10), None):
        with pytest.raises(errors.CheckViolation):
            decree(owner_connection, number, **{name: wrong})
    assert decree(owner_connection, number, **{name: value + 1}) == 2


@pytest.mark.parametrize(
    ("number", "name", "wrong"),
    [("W4", "approvals", 6), ("W6", "objection_days", 6), ("W6", "objection_days", 0)],
)
def test_ends_are_checks(owner_connection: App, number: str, name: str, wrong: int) -> None:
    with pytest.raises(errors.CheckViolation):
        decree(owner_connection, number, **{name: wrong})
    assert decree(owner_connection, number, **{name: 5}) == 2


def test_rows_that_no_service_wrote_are_found_unfit(app: App, radia: User, katherine: User) -> None:
    """Whoever takes over the application can write a proposal; what it says is weighed all the same."""
    for number, told in (
        ("W1", '{"min_age_days": "9"}'),
        ("W1", '{"min_age_days": 75, "more": 1}'),
        ("W1", "{}"),
        ("W1", '{"min_age_days": 60.5}'),
        ("W1", '{"min_age_days": null}'),
        ("W1", '{"min_age_days": 9999999999999}'),
        ("W7", '{"k": 11, "order": "country"}'),
        ("P9", '{"x": 1}'),
        ("W1", '{"min_age_days": 59}'),
    ):
        made = app.execute(
            "INSERT INTO policy_policyproposal (based_on_id, reason, state, proposer_id, proposed_at, decision, kind)"
            " VALUES ((SELECT id FROM policy_policyversion ORDER BY number DESC LIMIT 1), 'x', 'proposed', %s, now(),"
            " '', '') RETURNING id",
            [radia.pk],
        ).fetchone()
        assert made is not None
        app.execute(
            "INSERT INTO policy_clauseproposal (proposal_id, number, title, text, parameters, is_removed)"
            " VALUES (%s, %s, 'A', 'B', %s, false)",
            [made[0], number, told],
        )
        app.execute("UPDATE policy_policyproposal SET backtested_at = now() WHERE id = %s", [made[0]])
        with pytest.raises(psycopg.Error) as refused:
            app.execute("SELECT policy_adopt(%s, %s)", [made[0], katherine.pk])
        assert refused.value.sqlstate in {"BK006", "23514"}, (number, told)
    assert PolicyProposal.objects.filter(state="adopted").count() == 0
