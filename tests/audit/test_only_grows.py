"""With plain SQL as ``showdown_app``, and then with more than that, an entry is neither changed nor removed."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import transaction
from psycopg import sql

from apps.audit.domain.note import Signer
from apps.audit.models import Cosignature, Entry, Leaf, PublishedCheckpoint, TreeHead, Witness
from apps.audit.services import announce_key, commit_to
from tests.audit.garden import ROBOT, plant, sequence_what_was_there
from tests.conftest import NOON

pytestmark = pytest.mark.committed

GROWING = ("audit_entry", "audit_leaf", "audit_node", "audit_treehead", "audit_checkpoint", "audit_cosignature")
ENDING = {"audit_logkey": "retired_at", "audit_witness": "ended_at"}
COLUMNS = "event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body"


def fill_the_log() -> None:
    """Write a few entries with leaves and, last, one that waits."""
    with transaction.atomic():
        commit_to("a secret", subject="gardens.tree:0")
    announce_key(actor=ROBOT, vkey=Signer.generate("garden.example/log").vkey, now=NOON)
    plant(4)
    sequence_what_was_there()
    publish_a_checkpoint()
    plant(1)


def publish_a_checkpoint() -> None:
    """Keep a witness, a signed head and its cosignature; whether a signature is right is others' business."""
    witness = Witness.objects.create(name="elm.example", vkey="elm.example+0a1b2c3d+BAID", added_at=NOON)
    head = TreeHead.objects.latest("size")
    checkpoint = PublishedCheckpoint.objects.using("sequencer").create(
        size=head.size, root=head.root, note=b"signed", signed_at=NOON
    )
    Cosignature.objects.using("sequencer").create(
        checkpoint_id=checkpoint.pk,
        witness_id=witness.pk,
        line="\u2014 elm.example AAAA",
        cosigned_at=NOON,
        received_at=NOON,
    )


def contents(url: str) -> list[Any]:
    """Return every row of the log, as the owner sees it."""
    statement = "SELECT * FROM {} ORDER BY 1, 2"
    with psycopg.connect(url) as connection:
        return [
            connection.execute(sql.SQL(statement).format(sql.Identifier(table))).fetchall()
            for table in (*GROWING, *ENDING, "audit_salt")
        ]


Stolen = dict[str, psycopg.Connection[Any]]


@pytest.fixture
def stolen(_django_db_helper: None, database_urls: dict[str, str]) -> Iterator[Stolen]:
    """Give Mallory a connection of each role to a log with entries; afterwards nothing may be different."""
    fill_the_log()
    before = contents(database_urls["owner"])
    roles = ("app", "sequencer", "auditor", "owner")
    connections = {role: psycopg.connect(database_urls[role], autocommit=True) for role in roles}
    # Anybody may leave the read-only mode, so that only missing rights count.
    connections["auditor"].execute("SET default_transaction_read_only = off")
    yield connections
    for connection in connections.values():
        connection.close()
    assert contents(database_urls["owner"]) == before


REWRITING = [
    "UPDATE {table} SET {column} = {column}",
    "UPDATE {table} SET {column} = {column} WHERE false",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE false",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET {column} = t.{column}",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING",
    "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}"
    " ON CONFLICT ({key}) DO UPDATE SET {column} = NULL",
    "SELECT * FROM {table} FOR UPDATE",
    "SELECT * FROM {table} FOR SHARE",
]
REBUILDING = [
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER USER",
    "ALTER TABLE {table} DISABLE TRIGGER {table}_only_grows",
    "ALTER TABLE {table} ENABLE REPLICA TRIGGER {table}_only_grows",
    "DROP TRIGGER {table}_only_grows ON {table}",
    "ALTER TABLE {table} DROP COLUMN {column}",
    "ALTER TABLE {table} RENAME TO {table}_old",
    "ALTER TABLE {table} ALTER COLUMN {column} TYPE text USING ''",
    "ALTER TABLE {table} ADD COLUMN extra text",
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} OWNER TO showdown_app",
    "ALTER TABLE {table} SET SCHEMA pg_temp",
    "DROP TABLE {table} CASCADE",
    "CREATE RULE swallow AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "CREATE RULE undo AS ON UPDATE TO {table} DO INSTEAD NOTHING",
    "CREATE TRIGGER swallow BEFORE INSERT ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY hide ON {table} USING (false)",
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP FUNCTION audit_refuse_change() CASCADE",
    "CREATE VIEW public.{table}_view AS SELECT * FROM {table}",
    "CREATE TABLE public.mine (LIKE {table})",
    "CREATE FUNCTION public.mine() RETURNS void LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE pg_temp.child () INHERITS ({table})",
    "DO $$ BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; END $$",
]
BECOMING = [
    "SET ROLE showdown_owner",
    "SET SESSION AUTHORIZATION showdown_owner",
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', false)",
    "ALTER ROLE showdown_app SET session_replication_role = replica",
    "ALTER ROLE showdown_app SUPERUSER",
    "GRANT showdown_owner TO showdown_app",
    "CREATE ROLE accomplice SUPERUSER",
    "CREATE PUBLICATION leak FOR TABLE audit_entry",
    "COPY audit_entry TO PROGRAM 'true'",
    "COPY audit_entry FROM PROGRAM 'true'",
    "DO LANGUAGE plpython3u 'pass'",
]
COLUMN_OF = {
    "audit_entry": "body",
    "audit_leaf": "leaf_hash",
    "audit_node": "hash",
    "audit_treehead": "root",
    "audit_checkpoint": "note",
    "audit_cosignature": "line",
}
KEY_OF = {
    "audit_entry": "id",
    "audit_leaf": "entry_id",
    "audit_node": "level, position",
    "audit_treehead": "size",
    "audit_checkpoint": "size",
    "audit_cosignature": "id",
}

THIRTY_TWO = "decode(repeat('00', 32), 'hex')"

# PostgreSQL's words for "you may not": no privilege, or a column that the database fills itself.
NOT_YOURS = {"42501", "428C9"}


def refused(connection: psycopg.Connection[Any], statement: str, **names: str) -> str:
    """Run a statement that must fail; return PostgreSQL's code for why it did."""
    told = statement.format(hash=THIRTY_TWO, columns=COLUMNS, **names)
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(told.encode())
    return caught.value.sqlstate or ""


def names_of(table: str) -> dict[str, str]:
    return {"table": table, "column": COLUMN_OF[table], "key": KEY_OF[table]}


@pytest.mark.parametrize("role", ["app", "auditor", "sequencer"])
def test_no_working_role_can_change_the_log(stolen: Stolen, role: str) -> None:
    for table in GROWING:
        for statement in REWRITING + REBUILDING:
            # The sequencer may add rows and names their keys; another test tries what it could do with that.
            if role == "sequencer" and statement.startswith("INSERT"):
                continue
            assert refused(stolen[role], statement, **names_of(table)) in NOT_YOURS, (table, statement)


def test_giving_oneself_rights_gives_none(stolen: Stolen) -> None:
    app = stolen["app"]
    for table in GROWING:
        # PostgreSQL only warns here, and grants nothing.
        app.execute(sql.SQL("GRANT ALL ON {} TO showdown_app").format(sql.Identifier(table)))
        assert refused(app, "DELETE FROM {table}", table=table) == "42501"


def test_the_application_cannot_become_somebody_else(stolen: Stolen) -> None:
    for statement in BECOMING:
        # 42704: the server does not even have the language.
        assert refused(stolen["app"], statement) in {"42501", "42704"}, statement


def test_even_the_owner_is_refused_while_the_triggers_stand(stolen: Stolen) -> None:
    changes = [statement for statement in REWRITING if statement.startswith(("UPDATE", "DELETE", "TRUNCATE", "MERGE"))]
    for table in GROWING:
        for statement in changes:
            # restrict_violation; a plain TRUNCATE stumbles over the foreign keys before it gets there.
            assert refused(stolen["owner"], statement, **names_of(table)) in {"23001", "0A000"}, (table, statement)


def test_the_triggers_fire_on_replicas_too(stolen: Stolen, database_urls: dict[str, str]) -> None:
    with psycopg.connect(database_urls["admin"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in GROWING:
            assert refused(superuser, "DELETE FROM {table}", table=table) == "23001"


def test_an_entry_is_not_written_under_a_chosen_id(stolen: Stolen) -> None:
    insert = "INSERT INTO audit_entry (id, {columns}) {overriding} SELECT {chosen}, {columns} FROM audit_entry"
    for chosen in ("id", "id + 1000", "9223372036854775807"):
        for overriding in ("", "OVERRIDING SYSTEM VALUE", "OVERRIDING USER VALUE"):
            assert refused(stolen["app"], insert, chosen=chosen, overriding=overriding) in NOT_YOURS
    assert refused(stolen["app"], "COPY audit_entry (id, {columns}) FROM STDIN") == "42501"
    assert refused(stolen["app"], "SELECT setval('audit_entry_id_seq', 1)") == "42501"
    assert refused(stolen["app"], "SELECT nextval('audit_entry_id_seq')") == "42501"
    assert refused(stolen["app"], "ALTER SEQUENCE audit_entry_id_seq RESTART") == "42501"


def test_the_tree_is_written_by_the_sequencer_alone(stolen: Stolen) -> None:
    for role in ("app", "auditor"):
        for statement in (
            "INSERT INTO audit_leaf (entry_id, leaf_index, leaf_hash) VALUES (1, 4, {hash})",
            "INSERT INTO audit_node VALUES (1, 9, {hash})",
            "INSERT INTO audit_treehead (size, root, at) VALUES (9, {hash}, now())",
        ):
            assert refused(stolen[role], statement) in NOT_YOURS, (role, statement)


def test_a_gap_a_duplicate_and_a_loose_head_cannot_be_stored(stolen: Stolen) -> None:
    sequencer, size = stolen["sequencer"], Leaf.objects.count()
    placed, waiting = Leaf.objects.filter(leaf_index=0).get().pk, Entry.objects.get(leaf=None).pk

    def leaf(entry: int, index: int) -> str:
        insert = "INSERT INTO audit_leaf (entry_id, leaf_index, leaf_hash) VALUES ({entry}, {index}, {hash})"
        return refused(sequencer, insert, entry=str(entry), index=str(index))

    def head(size: int) -> str:
        insert = "INSERT INTO audit_treehead (size, root, at) VALUES ({size}, {hash}, now())"
        return refused(sequencer, insert, size=str(size))

    assert leaf(placed, size) == "23505"  # a second leaf of an entry
    assert leaf(waiting, size - 1) == "23505"  # a second entry at a leaf
    assert leaf(waiting, size + 1) == "23503"  # a gap
    assert leaf(waiting, -1) == "23514"
    assert leaf(10**9, size) == "23503"  # a leaf of nothing
    assert head(size + 1) == "23503"  # a head beyond the leaves
    assert head(size) == "23505"  # a second root of one size
    assert refused(sequencer, "INSERT INTO audit_node VALUES (1, 0, {hash})") == "23505"
    assert refused(sequencer, "INSERT INTO audit_node VALUES (1, 99, '\\x00')") == "23514"
    signed = "INSERT INTO audit_checkpoint (size, root, note, signed_at) VALUES ({size}, {hash}, 'x', now())"
    assert refused(sequencer, signed, size=str(size + 1)) == "23503"  # a signature over no head
    assert refused(sequencer, signed, size="1") == "23503"  # a signature over another root


def test_what_is_signed_is_kept_by_the_sequencer_alone(stolen: Stolen) -> None:
    for role in ("app", "auditor"):
        for statement in (
            "INSERT INTO audit_checkpoint SELECT * FROM audit_checkpoint",
            "INSERT INTO audit_cosignature (checkpoint_id, witness_id, line, cosigned_at, received_at)"
            " SELECT checkpoint_id, 2, line, cosigned_at, received_at FROM audit_cosignature",
        ):
            assert refused(stolen[role], statement) == "42501", (role, statement)


def test_a_key_or_a_witness_is_ended_once_and_never_exchanged(stolen: Stolen) -> None:
    for table, ending in ENDING.items():
        for statement in ("UPDATE {table} SET vkey = vkey", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"):
            assert refused(stolen["app"], statement, table=table) == "42501"
            assert refused(stolen["owner"], statement, table=table) == "23001"
        for role in ("sequencer", "auditor"):
            assert refused(stolen[role], "UPDATE {table} SET {ending} = now()", table=table, ending=ending) == "42501"
        with stolen["app"].transaction(force_rollback=True):
            end = sql.SQL("UPDATE {} SET {} = now()").format(sql.Identifier(table), sql.Identifier(ending))
            stolen["app"].execute(end)
            assert refused(stolen["app"], "UPDATE {table} SET {ending} = now()", table=table, ending=ending) == "23001"


def test_a_salt_is_forgotten_and_never_exchanged(stolen: Stolen) -> None:
    change = "UPDATE audit_salt SET salt = salt"
    for statement in (change, "TRUNCATE audit_salt", "SELECT * FROM audit_salt FOR UPDATE"):
        assert refused(stolen["app"], statement) == "42501"
    for role in ("sequencer", "auditor"):
        assert refused(stolen[role], "SELECT * FROM audit_salt") == "42501"
    assert refused(stolen["owner"], change) == "23001"
