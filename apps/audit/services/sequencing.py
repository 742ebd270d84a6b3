"""Giving every waiting entry its place in the tree, one batch in one transaction.

The only writer of leaves, nodes and tree heads. It writes no entry of its own: an entry about entries would never end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

import psycopg
from django.db import connections, transaction

from apps.audit.domain.merkle import leaf_hash
from apps.audit.domain.tree import GrowingTree, StoredNode, complete_subtrees
from apps.audit.queries import stored_hashes

# One number for all sequencers of a database; nothing else takes it.
LOCK: Final = 0x5348_4F57_4C4F_4721


class SequencerBusy(RuntimeError):
    """Another sequencer is at work on this database."""


class TreeIsBroken(RuntimeError):
    """The stored subtrees do not give the stored root, so nothing may be built on them."""


@dataclass(slots=True)
class SequencerMemory:
    """What a sequencer keeps between two batches to be quick; a fresh one is always right too.

    ``floor``: every entry with an id up to it has a leaf, or never will exist because its transaction failed.
    """

    tree: GrowingTree | None = None
    floor: int = 0
    _cursor: int = 0
    _rising_to: int | None = None
    _mark: tuple[int, frozenset[str]] | None = field(default=None)

    @property
    def cursor(self) -> int:
        """The id after which the sweep goes on."""
        return max(self._cursor, self.floor)

    @property
    def is_between_sweeps(self) -> bool:
        """Whether the next batch begins a new sweep from the floor."""
        return self._cursor == 0

    def begin_sweep(self, *, newest: int, writers: frozenset[str]) -> None:
        """Note the newest visible id, and who was writing entries at a moment after it was read.

        Ids are handed out in order and commit in any order. But a transaction locks the table before it takes an id,
        so whoever still could bring an id up to ``newest`` is among ``writers``. When all of them have ended, the next
        whole sweep sees everything up to it, and the floor may rise.
        """
        self._rising_to = None
        if self._mark is not None and not self._mark[1] & writers and not any(w.startswith("-1/") for w in writers):
            self._rising_to = self._mark[0]
            self._mark = None
        if self._mark is None:
            self._mark = newest, writers

    def move_to(self, entry_id: int) -> None:
        """Go on with the sweep after this entry."""
        self._cursor = entry_id

    def end_sweep(self) -> None:
        """Begin again from the floor next time, which rises if the sweep was a whole one after its mark."""
        if self._rising_to is not None:
            self.floor = max(self.floor, self._rising_to)
        self._rising_to = None
        self._cursor = 0


def sequence_waiting(*, using: str, limit: int, now: datetime, memory: SequencerMemory | None = None) -> int:
    """Give leaves to at most ``limit`` waiting entries, in the order of their ids, and return how many.

    ``using`` is the alias of the sequencer's connection. Raises ``SequencerBusy`` when another one holds the lock, and
    ``TreeIsBroken`` when what is stored does not fit together. ``memory`` must belong to this caller alone, and be
    thrown away after any exception.
    """
    memory = memory or SequencerMemory()
    with transaction.atomic(using=using):
        connection = cast("psycopg.Connection[Any]", connections[using].connection)
        # Django's own cursors put values into the text of a statement; this one sends them, and bytes, as they are.
        with psycopg.Cursor(connection) as cursor:
            take_the_lock(cursor)
            entries = _next_waiting(cursor, limit, memory)
            if entries:
                tree = current_tree(cursor, using, memory)
                extend(cursor, tree, entries, now)
    if len(entries) < limit:
        memory.end_sweep()
    else:
        memory.move_to(entries[-1][0])
    return len(entries)


_Cursor = psycopg.Cursor[Any]


def take_the_lock(cursor: _Cursor) -> None:
    """Keep other sequencers out until this transaction ends; raises ``SequencerBusy``."""
    row = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
    if row is None or not row[0]:
        raise SequencerBusy("Another sequencer is at work.")


def _next_waiting(cursor: _Cursor, limit: int, memory: SequencerMemory) -> list[tuple[int, bytes]]:
    """Return ids and bodies of entries without a leaf."""
    if memory.is_between_sweeps:
        (newest,) = cursor.execute("SELECT coalesce(max(id), 0) FROM audit_entry").fetchone() or (0,)
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'"
            " AND relation = 'audit_entry'::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        memory.begin_sweep(newest=newest, writers=frozenset(row[0] for row in cursor))
    return cursor.execute(
        "SELECT e.id, e.body FROM audit_entry e WHERE e.id > %(after)s AND NOT EXISTS"
        " (SELECT FROM audit_leaf l WHERE l.entry_id = e.id AND l.entry_id > %(after)s)"
        " ORDER BY e.id LIMIT %(limit)s",
        {"after": memory.cursor, "limit": limit},
        binary=True,
    ).fetchall()


def current_tree(cursor: _Cursor, using: str, memory: SequencerMemory) -> GrowingTree:
    """Return the tree as the last head left it, from memory when nobody else has written since."""
    head = cursor.execute("SELECT size, root FROM audit_treehead ORDER BY size DESC LIMIT 1").fetchone()
    size, root = head or (0, GrowingTree().root)
    if memory.tree is None or (memory.tree.size, memory.tree.root) != (size, root):
        peaks = complete_subtrees(0, size)
        stored = stored_hashes(peaks, using=using)
        if len(stored) < len(peaks):
            raise TreeIsBroken(f"Subtrees of the tree of {size:,} leaves are missing.")
        memory.tree = GrowingTree(size, [stored[peak] for peak in peaks])
        if memory.tree.root != root:
            raise TreeIsBroken(f"The stored subtrees do not give the root of the tree of {size:,} leaves.")
    return memory.tree


def extend(cursor: _Cursor, tree: GrowingTree, entries: Sequence[tuple[int, bytes]], now: datetime) -> None:
    """Write leaves, completed subtrees and the new head."""
    first = tree.size
    hashes = [leaf_hash(body) for _, body in entries]
    nodes: list[StoredNode] = tree.append(hashes)
    with cursor.copy("COPY audit_leaf (entry_id, leaf_index, leaf_hash) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "bytea"])
        for index, ((entry_id, _), value) in enumerate(zip(entries, hashes, strict=True), start=first):
            copy.write_row((entry_id, index, value))
    with cursor.copy("COPY audit_node (level, position, hash) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int2", "int8", "bytea"])
        for node in nodes:
            copy.write_row(node)
    cursor.execute("INSERT INTO audit_treehead (size, root, at) VALUES (%s, %s, %s)", [tree.size, tree.root, now])
