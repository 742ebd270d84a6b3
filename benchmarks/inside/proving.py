"""Builds a tree of many leaves on the database that the environment names, and proves entries from what is stored.

The tree is real to its last hash. Only the entries that are proved exist: the foreign keys are off while the rest is
copied, since ten million entries would say nothing about a proof.
"""

import hashlib
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import django
import psycopg
from django.db import connection

django.setup()

from apps.audit.domain.actor import Actor  # noqa: E402 - Models need Django to be set up.
from apps.audit.domain.canonical import entry_body  # noqa: E402
from apps.audit.domain.merkle import leaf_hash  # noqa: E402
from apps.audit.domain.tree import GrowingTree  # noqa: E402
from apps.audit.queries import proved_entry  # noqa: E402

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROVED: Final = 500
_AT_ONCE: Final = 200_000
# Indexes and keys are made again when the rows are there, which takes a fraction of the time.
_KEYS: Final = """
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', conrelid::regclass::text, conname)
FROM pg_constraint WHERE conrelid IN ('audit_leaf'::regclass, 'audit_node'::regclass) AND contype IN ('p', 'u', 'f')
ORDER BY contype
"""
_INDEXES_AGAIN: Final = """
ALTER TABLE audit_leaf ADD PRIMARY KEY (entry_id), ADD UNIQUE (leaf_index);
ALTER TABLE audit_node ADD PRIMARY KEY (level, position);
VACUUM ANALYZE audit_leaf;
VACUUM ANALYZE audit_node;
VACUUM ANALYZE audit_entry;
"""


def build(size: int) -> list[int]:
    """Store a tree of so many leaves; return the ids of the entries that exist, at random places."""
    chance = random.Random(1)
    chosen = set(chance.sample(range(size), min(PROVED, size)))
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        for (statement,) in owner.execute(_KEYS).fetchall():
            owner.execute(statement)
        bodies = dict(_entries(owner, sorted(chosen)))
        tree = GrowingTree()
        for first in range(0, size, _AT_ONCE):
            hashes = [
                leaf_hash(bodies[index]) if index in bodies else hashlib.sha256(index.to_bytes(8, "big")).digest()
                for index in range(first, min(first + _AT_ONCE, size))
            ]
            nodes = tree.append(hashes)
            with _copying(owner, "audit_leaf (entry_id, leaf_index, leaf_hash)", "int8") as copy:
                for index, value in enumerate(hashes, start=first):
                    copy.write_row((index + 1, index, value))
            with _copying(owner, "audit_node (level, position, hash)", "int2") as copy:
                for node in nodes:
                    copy.write_row(node)
        for statement in _INDEXES_AGAIN.strip().split(";\n"):
            owner.execute(statement.encode())
        owner.execute("INSERT INTO audit_treehead (size, root, at) VALUES (%s, %s, %s)", [size, tree.root, NOW])
    return [index + 1 for index in chosen]


def _entries(owner: "psycopg.Connection[Any]", places: list[int]) -> Iterator[tuple[int, bytes]]:
    """Write the entries of these leaves; yield leaf and bytes."""
    for index in places:
        subject = f"battles.battle:{index}"
        body = entry_body(
            event="battles.vote_cast",
            actor=Actor.system("bench"),
            subject=subject,
            clause="B1",
            facts={"commitment": "0" * 64, "vote": f"battles.vote:{index}"},
            at=NOW,
            nonce=index.to_bytes(16, "big"),
        )
        owner.execute(
            "INSERT INTO audit_entry (id, event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body)"
            " OVERRIDING SYSTEM VALUE VALUES (%s, 'battles.vote_cast', 'system', 'system:bench', %s, 'B1', %s, %s)",
            [index + 1, subject, NOW, body],
        )
        yield index, body


@contextmanager
def _copying(owner: "psycopg.Connection[Any]", target: str, first_type: str) -> Iterator[psycopg.Copy]:
    with owner.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types([first_type, "int8", "bytea"])
        yield copy


def measure(entries: list[int]) -> dict[str, float]:
    """Prove each entry; return the medians of the time by the clock and of our own, and the most queries of any."""
    walls, owns, queries = [], [], []
    for entry_id in entries:
        asked: list[str] = []

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any, asked: list[str] = asked) -> Any:
            asked.append(sql)
            return execute(sql, params, many, context)

        began, own = time.perf_counter(), time.process_time()
        with connection.execute_wrapper(count):
            proved = proved_entry(entry_id)
        owns.append(time.process_time() - own)
        walls.append(time.perf_counter() - began)
        queries.append(len(asked))
        if proved is None or proved.inclusion is None or not proved.inclusion.verified:
            raise RuntimeError(f"The entry {entry_id} is not proved.")
    return {"wall": statistics.median(walls), "own": statistics.median(owns), "queries": max(queries)}


def main() -> None:
    """Build a tree of so many leaves, prove, and print the numbers as JSON."""
    size = int(sys.argv[1])
    began = time.perf_counter()
    entries = build(size)
    built = time.perf_counter() - began
    # The first round fills the caches.
    measure(entries)
    json.dump({**measure(entries), "built": built, "size": size}, sys.stdout)


if __name__ == "__main__":
    main()
