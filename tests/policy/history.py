"""The rulebook's past, written as only the owner can: where a test needs a version that nobody could adopt today."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from apps.policy.queries import rulebook


def decree(owner: psycopg.Connection[Any], number: str, **parameters: object) -> int:
    """Put a version into the book in which one clause has other numbers, as a migration would; return its number."""
    before = rulebook()
    with owner.transaction():
        found = owner.execute(
            "INSERT INTO policy_policyversion (number, effective_at, summary)"
            " SELECT max(number) + 1, clock_timestamp(), 'Decreed' FROM policy_policyversion RETURNING id, number"
        ).fetchone()
        assert found is not None
        version, made = found
        for clause in before:
            told = {**clause.parameters, **(parameters if clause.number == number else {})}
            owner.execute(
                "INSERT INTO policy_clause (version_id, number, title, text, parameters) VALUES (%s, %s, %s, %s, %s)",
                [version, clause.number, clause.title, clause.text, Jsonb(told)],
            )
    return int(made)
