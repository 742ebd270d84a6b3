"""COPY into the platform's tables: each with its columns in order, and ids that follow those that are there."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from allauth.account.models import EmailAddress
from django.db import connection, models
from psycopg import sql

from apps.accounts.models import RoleGrant, User
from apps.battles.models import Battle, EndpointFailure, Response, Vote
from apps.contributors.models import Affiliation, Consent, Contributor, DemographicClaim
from apps.moderation.models import Case, Decision
from apps.policy.models import ContentLook, ReadingBatch
from apps.prompts.models import Cluster, Prompt, PromptBand, PromptSignature, ScreeningHint

Row = Sequence[Any]

# Every column of each table, in the order in which the rows of this package give them. A column that is missing here
# stops the load, so that a new field is thought about.
COLUMNS: Final[dict[type[models.Model], tuple[str, ...]]] = {
    User: (
        "id", "password", "last_login", "is_superuser", "email", "pseudonym", "display_name", "is_active", "is_staff",
        "date_joined",
    ),
    EmailAddress: ("id", "email", "verified", "primary", "user_id"),
    RoleGrant: ("id", "user_id", "role", "granted_by", "granted_at", "ended_at"),
    Contributor: ("id", "account_id", "network_id", "voter_id", "standing", "joined_at", "activated_at"),
    DemographicClaim: ("id", "contributor_id", "attribute", "value", "proof_level", "claimed_at", "ended_at"),
    Affiliation: ("id", "contributor_id", "organization_id", "employer_name", "declared_at", "ended_at"),
    Consent: ("id", "contributor_id", "text_id", "kind", "given_at", "withdrawn_at"),
    Cluster: ("id", "founded_at", "merged_into_id"),
    Prompt: (
        "id", "author_id", "text", "text_sha256", "language", "detected_language", "category", "state", "cluster_id",
        "below_cluster_length", "submission_key", "submitted_at", "screened_at", "decided_at", "decided_clause",
    ),
    ScreeningHint: ("id", "prompt_id", "kind", "clause", "evidence", "needs_review", "answer"),
    PromptSignature: ("id", "prompt_id", "cluster_id", "is_founder", "algorithm", "values"),
    PromptBand: ("id", "prompt_id", "band", "key"),
    Battle: (
        "id", "source", "dataset_id", "prompt_id", "contributor_id", "left_model_id", "right_model_id",
        "left_endpoint_id", "right_endpoint_id", "pair_probability", "language", "category", "state", "voted", "tag",
        "void_reason", "opening_key", "opened_at", "claimed_at", "last_event_at",
    ),
    Response: (
        "id", "battle_id", "side", "text", "tokens", "headers", "lists", "bold", "first_token_ms", "last_token_ms",
        "created_at",
    ),
    Case: (
        "id", "kind", "prompt_id", "finding_id", "release_id", "appeal_id", "state", "priority", "priority_reason",
        "language", "opened_at", "due_at", "lease_holder_id", "lease_until", "decided_at", "network_id", "outcome",
        "note",
    ),
    Decision: (
        "id", "case_id", "prompt_id", "finding_id", "action", "source", "decided_by_id", "policy_version", "clause",
        "reason", "reason_commitment", "supersedes_id", "decided_at", "effective_at",
    ),
    ReadingBatch: ("id", "reader", "role", "purpose", "key", "began_at", "closed_at", "digest"),
    ContentLook: ("id", "batch_id", "at", "subjects", "counted"),
    EndpointFailure: ("id", "battle_id", "endpoint_id", "side", "reason", "failed_at"),
    Vote: (
        "id", "battle_id", "contributor_id", "public_id", "nonce", "choice", "commitment", "ballot_key", "cast_at",
        "country", "language", "profession", "age_band", "education", "category", "proof_level", "excluded_under",
        "excluded_at",
    ),
}  # fmt: skip


class ColumnsHaveChanged(RuntimeError):
    """A table has other columns than the demo writes."""


def driver_connection() -> psycopg.Connection[Any]:
    """Return the driver's own connection below Django's, in the same transaction."""
    connection.ensure_connection()
    below: psycopg.Connection[Any] = connection.connection
    return below


def require_known_columns() -> None:
    """Raise ``ColumnsHaveChanged`` when a table was given a column, or lost one."""
    for model, columns in COLUMNS.items():
        found = {field.column for field in model._meta.concrete_fields}
        if found != set(columns):
            raise ColumnsHaveChanged(
                f"{model._meta.db_table}: {sorted(str(column) for column in found ^ set(columns))}"
            )


def next_id(model: type[models.Model]) -> int:
    """Return the first id after all that are there."""
    newest = model._default_manager.aggregate(newest=models.Max("pk"))["newest"]
    return (newest or 0) + 1


def copy_rows(model: type[models.Model], rows: Iterable[Row]) -> int:
    """Copy rows into a model's table and return how many; their first column is the id."""
    count = copy_into(driver_connection(), model._meta.db_table, COLUMNS[model], rows)
    continue_after_copied(model)
    return count


def continue_after_copied(model: type[models.Model]) -> None:
    """Let the next row that somebody makes get an id after all that were copied."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({name}, 'id'), max(id)) FROM {table}").format(
                name=sql.Literal(table), table=sql.Identifier(table)
            )
        )


def copy_into(below: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Copy rows into any table by the driver's connection, from whichever thread, and return how many."""
    statement = sql.SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=sql.Identifier(table), columns=sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with psycopg.Cursor(below) as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


@contextmanager
def one_transaction() -> Iterator[None]:
    """Keep everything or nothing, whatever commits inside: what services commit are savepoints here."""
    connection.ensure_connection()
    connection.set_autocommit(False)
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        connection.set_autocommit(True)
