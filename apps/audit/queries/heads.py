"""The tree's heads, what was signed over them and by which keys, and what their files are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import psycopg
from django.db import connections

from apps.audit.domain.tree import Subtree, consistency_plan, proof_from
from apps.audit.models import LogKey, PublishedCheckpoint, TreeHead
from apps.audit.queries.entries import DEFAULT, stored_hashes

# Of the largest entries there are, so many are 67 MB.
_AT_ONCE: Final = 1024


@dataclass(frozen=True, slots=True)
class Head:
    """The root (32 bytes) over the first ``size`` leaves."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedKey:
    """A public key of the log; ``retired_at`` is None while it signs."""

    key_id: str
    vkey: str
    announced_at: datetime
    retired_at: datetime | None


def newest_head(*, using: str = DEFAULT) -> Head | None:
    """Return the newest head, or None while the tree has no leaf."""
    row = TreeHead.objects.using(using).order_by("-size").values_list("size", "root").first()
    return Head(row[0], bytes(row[1])) if row else None


def consistency_between(old_size: int, new_size: int, *, using: str = DEFAULT) -> list[bytes]:
    """Return the proof that the tree of ``new_size`` leaves begins with that of ``old_size``; one read.

    Raises ``OutsideTheTree`` unless 0 < old_size <= new_size, and ``KeyError`` when the tree is smaller than
    ``new_size`` or a stored hash is missing.
    """
    plan = consistency_plan(old_size, new_size)
    return proof_from(plan, stored_hashes([subtree for subtrees in plan for subtree in subtrees], using=using))


def stored_row(level: int, first: int, end: int, *, using: str = DEFAULT) -> list[bytes]:
    """Return the roots (32 bytes each) of the subtrees ``first`` up to, and without, ``end`` of a level above 0.

    Raises ``KeyError`` when one is missing.
    """
    wanted = [Subtree(level, position) for position in range(first, end)]
    stored = stored_hashes(wanted, using=using) if wanted else {}
    return [stored[subtree] for subtree in wanted]


def entry_bodies(first: int, end: int, *, using: str = DEFAULT) -> Iterator[bytes]:
    """Return the bytes of the entries at the leaves ``first`` up to, and without, ``end``, in their order.

    Read in pieces, so that it may be the whole log. Raises ``KeyError`` when one is missing.
    """
    for begin in range(first, end, _AT_ONCE):
        until = min(begin + _AT_ONCE, end)
        connections[using].ensure_connection()
        with psycopg.Cursor(cast("psycopg.Connection[Any]", connections[using].connection)) as cursor:
            cursor.execute(
                "SELECT e.body FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id"
                " WHERE l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index",
                [begin, until],
                binary=True,
            )
            rows = cursor.fetchall()
        if len(rows) != until - begin:
            raise KeyError(f"{until - begin - len(rows)} leaves from {begin} to {until}")
        yield from (row[0] for row in rows)


def kept_checkpoint(size: int, *, using: str = DEFAULT) -> bytes | None:
    """Return the note that the log signed over the head of this size, or None."""
    row = PublishedCheckpoint.objects.using(using).filter(pk=size).values_list("note", flat=True).first()
    return bytes(row) if row is not None else None


def newest_kept_head(*, using: str = DEFAULT) -> Head | None:
    """Return the largest head that the log signed, or None."""
    row = PublishedCheckpoint.objects.using(using).order_by("-size").values_list("size", "root").first()
    return Head(row[0], bytes(row[1])) if row else None


def announced_keys(*, using: str = DEFAULT) -> list[AnnouncedKey]:
    """Return the log's keys: those that sign, oldest first, then the retired ones."""
    keys = LogKey.objects.using(using).order_by("announced_at", "key_id")
    found = [
        AnnouncedKey(key_id=key.key_id, vkey=key.vkey, announced_at=key.announced_at, retired_at=key.retired_at)
        for key in keys
    ]
    return sorted(found, key=lambda key: key.retired_at is not None)


def may_announce_keys(*, using: str = DEFAULT) -> bool:
    """Say whether the connection's role may announce a key: the application's does, the sequencer's does not."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, 'audit_logkey', 'INSERT')")
        return bool(cursor.fetchone()[0])
