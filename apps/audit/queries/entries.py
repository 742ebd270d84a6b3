"""The entries and what proves them; every answer is a frozen dataclass.

``using`` is the alias of the connection: the application's for receipts and the public page, else the auditor's.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connections
from django.db.models import DateTimeField, F, Func, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan

from apps.audit.domain.canonical import commitment_of
from apps.audit.domain.merkle import EMPTY_ROOT, InvalidProof, leaf_hash, verify_inclusion
from apps.audit.domain.tree import Subtree, inclusion_plan, proof_from
from apps.audit.events import AuditEvent
from apps.audit.models import Entry, Leaf, Salt, TreeHead

DEFAULT: Final = "default"
PAGE_SIZE: Final = 50
WAITING_WINDOW: Final = 20_000
# Every index of entries ends with these two, so that each list is one range of one index.
NEWEST_FIRST: Final = ("-recorded_at", "-id")
_ENTRY_WITH_ITS_LEAF: Final = (
    "SELECT e.id, e.event, e.actor_kind, e.actor_pseudonym, e.subject, e.clause, e.recorded_at, e.body, l.leaf_index"
    " FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id"
)
_OF_THIS_NUMBER: Final = " WHERE e.id = %s"
_NEWEST_ABOUT: Final = " WHERE e.subject = %s AND e.event = %s ORDER BY e.recorded_at DESC, e.id DESC LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The log's state: how much of it is in the tree, under which root, and how much waits since when."""

    size: int
    root: bytes
    last_head_at: datetime | None
    waiting: int
    oldest_waiting_at: datetime | None

    def lag(self, now: datetime) -> timedelta:
        """How long the oldest waiting entry has waited; nothing when nothing waits."""
        return max(timedelta(), now - self.oldest_waiting_at) if self.oldest_waiting_at else timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One line of the explorer; ``leaf_index`` is None while the entry waits."""

    id: int
    event: str
    actor_kind: str
    actor: str
    subject: str
    clause: str | None
    recorded_at: datetime
    leaf_index: int | None

    @property
    def ref(self) -> str:
        """The entry as a subject."""
        return f"audit.entry:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """Where an entry stands in the tree, and the proof of it; hashes are 32 bytes, the proof's lowest first."""

    leaf_index: int
    leaf_hash: bytes
    size: int
    root: bytes
    proof: tuple[bytes, ...]
    head_at: datetime
    fault: str | None
    """Why the proof does not hold, or None when it was checked and holds."""

    @property
    def verified(self) -> bool:
        """Whether the entry's own bytes lead to the root."""
        return self.fault is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedEntry:
    """An entry with its bytes and its place in the tree; ``inclusion`` is None while it waits."""

    row: EntryRow
    body: bytes
    inclusion: Inclusion | None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts, read from the body."""
        facts: dict[str, Any] = json.loads(self.body)["facts"]
        return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries to list; None is no condition. Times are aware; ``until`` itself is not included."""

    event: str | None = None
    actor: str | None = None
    subject: str | None = None
    clause: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The place between two lines of the explorer, which lists the newest first."""

    recorded_at: datetime
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """One page of the explorer; a cursor is None where nothing follows."""

    rows: tuple[EntryRow, ...]
    older: Cursor | None
    newer: Cursor | None


def log_overview(*, using: str = DEFAULT) -> Overview:
    """Return the log's state now, in three reads.

    ``waiting`` counts what has no leaf yet among the entries of the last 20,000 leaves and all later ones, so that the
    answer takes no longer when the log is long.
    """
    head = TreeHead.objects.using(using).order_by("-size").first()
    edge = Leaf.objects.using(using).filter(leaf_index=head.size - WAITING_WINDOW).first() if head else None
    with connections[using].cursor() as cursor:
        # Ids below the newest leaf's can wait too, since transactions end in any order.
        cursor.execute(
            "SELECT count(*), min(e.recorded_at) FROM audit_entry e WHERE e.id > %(edge)s AND NOT EXISTS"
            " (SELECT FROM audit_leaf l WHERE l.entry_id = e.id AND l.entry_id > %(edge)s)",
            {"edge": edge.pk if edge else 0},
        )
        waiting, oldest = cursor.fetchone()
    return Overview(
        size=head.size if head else 0,
        root=bytes(head.root) if head else EMPTY_ROOT,
        last_head_at=head.at if head else None,
        waiting=waiting,
        oldest_waiting_at=oldest,
    )


def entries_page(
    wanted: EntryFilter,
    *,
    before: Cursor | None = None,
    after: Cursor | None = None,
    limit: int = PAGE_SIZE,
    using: str = DEFAULT,
) -> EntryPage:
    """Return the entries that fit ``wanted``, newest first: the first page, or the one ``before`` or ``after`` a place.

    Each page is one range of one index, so the thousandth is as quick as the first.
    """
    entries = _matching(_without_what_a_place_says(wanted, before=before, after=after), using)
    if after is not None:
        found = entry_rows(
            entries.filter(GreaterThan(_place(), _place(after))).order_by("recorded_at", "id")[: limit + 1]
        )
        rows, more = list(reversed(found[:limit])), len(found) > limit
        has_newer, has_older = more, True
    else:
        if before is not None:
            entries = entries.filter(LessThan(_place(), _place(before)))
        found = entry_rows(entries.order_by(*NEWEST_FIRST)[: limit + 1])
        rows, more = found[:limit], len(found) > limit
        has_newer, has_older = before is not None, more
    return EntryPage(
        rows=tuple(rows),
        older=_after_row(rows[-1]) if rows and has_older else None,
        newer=_after_row(rows[0]) if rows and has_newer else None,
    )


def proved_entry(entry_id: int, *, size: int | None = None, using: str = DEFAULT) -> ProvedEntry | None:
    """Return the entry with its inclusion, checked here and now; three reads at any size.

    It is proved in the tree of ``size`` leaves, which must be that of a head, or in the newest. The inclusion is None
    while that tree does not hold it.
    """
    return _proved(_OF_THIS_NUMBER, [entry_id], size, using)


def receipt_for(subject: str, event: str, *, size: int | None = None, using: str = DEFAULT) -> ProvedEntry | None:
    """Return the newest entry of this event about this subject with its inclusion, or None when there is none.

    ``size`` is as for ``proved_entry``. Whoever shows it must have made sure that the reader may see things about the
    subject.
    """
    return _proved(_NEWEST_ABOUT, [subject, event], size, using)


def entry_for(subject: str, event: str, *, using: str = DEFAULT) -> EntryRow | None:
    """Return the newest entry of this event about this subject, or None."""
    rows = entry_rows(_entries_about(subject, event, using))
    return rows[0] if rows else None


def trail_of(subject: str, *, using: str = DEFAULT) -> list[str]:
    """Return what happened to the subject, as names of events, oldest first."""
    return list(Entry.objects.using(using).filter(subject=subject).order_by("id").values_list("event", flat=True))


def leaf_of(entry_id: int, *, using: str = DEFAULT) -> int | None:
    """Return the leaf index of an entry, or None while it waits."""
    return Leaf.objects.using(using).filter(pk=entry_id).values_list("leaf_index", flat=True).first()


def event_names(*, using: str = DEFAULT) -> list[str]:
    """Return the names of all events in the log, sorted; one step in the index for each name."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE name AS (SELECT min(event) AS event FROM audit_entry UNION ALL"
            " SELECT (SELECT min(e.event) FROM audit_entry e WHERE e.event > name.event) FROM name"
            " WHERE name.event IS NOT NULL) SELECT event FROM name WHERE event IS NOT NULL ORDER BY event"
        )
        return [row[0] for row in cursor.fetchall()]


def refusals_since(moment: datetime, *, using: str = DEFAULT) -> int:
    """Return how many refusals were written since a moment; a count tells of no entry, so it is no look."""
    return Entry.objects.using(using).filter(event=AuditEvent.REFUSED, recorded_at__gte=moment).count()


def commitments_about(subject: str, *, using: str = DEFAULT) -> list[str]:
    """Return the commitments to texts about the subject that still open, so that they can be forgotten."""
    salts = Salt.objects.using(using).filter(subject=subject).order_by("commitment")
    return list(salts.values_list("commitment", flat=True))


def commitment_opens(commitment: str, text: str, *, using: str = DEFAULT) -> bool:
    """Whether the commitment was made to exactly this text; False for ever once its salt is forgotten."""
    salt = Salt.objects.using(using).filter(pk=commitment).values_list("salt", flat=True).first()
    return salt is not None and commitment_of(text, bytes(salt)) == commitment


def salt_about(subject: str, *, using: str = DEFAULT) -> bytes | None:
    """Return the salt of the one commitment about a subject, so that an entry can open it; None when there is none.

    Only for what is meant to be opened one day; whoever holds a salt can show what was committed to.
    """
    salt = Salt.objects.using(using).filter(subject=subject).values_list("salt", flat=True).first()
    return None if salt is None else bytes(salt)


def stored_hashes(subtrees: Iterable[Subtree], *, using: str = DEFAULT) -> dict[Subtree, bytes]:
    """Return the stored roots (32 bytes) of these complete subtrees, in one read; missing ones are left out."""
    wanted = set(subtrees)
    nodes = [subtree for subtree in wanted if subtree.level]
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT 0, leaf_index, leaf_hash FROM audit_leaf WHERE leaf_index = ANY(%s::bigint[])"
            " UNION ALL SELECT n.level, n.position, n.hash FROM audit_node n"
            " JOIN unnest(%s::smallint[], %s::bigint[]) AS w(level, position) USING (level, position)",
            [
                [subtree.position for subtree in wanted if not subtree.level],
                [subtree.level for subtree in nodes],
                [subtree.position for subtree in nodes],
            ],
        )
        return {Subtree(level, position): bytes(value) for level, position, value in cursor.fetchall()}


def _matching(wanted: EntryFilter, using: str) -> QuerySet[Entry]:
    conditions = {
        "event": wanted.event,
        "actor_pseudonym": wanted.actor,
        "subject": wanted.subject,
        "clause": wanted.clause,
        "recorded_at__gte": wanted.since,
        "recorded_at__lt": wanted.until,
    }
    return Entry.objects.using(using).filter(**{name: value for name, value in conditions.items() if value is not None})


def _without_what_a_place_says(wanted: EntryFilter, *, before: Cursor | None, after: Cursor | None) -> EntryFilter:
    """Leave out a bound in time that the place of the page implies.

    PostgreSQL begins an index scan at one of two bounds on the same side, and with the wider one it would read all
    pages before this one again.
    """
    if after is not None and wanted.since is not None and after.recorded_at >= wanted.since:
        return replace(wanted, since=None)
    if after is None and before is not None and wanted.until is not None and before.recorded_at < wanted.until:
        return replace(wanted, until=None)
    return wanted


def _place(at: Cursor | None = None) -> Func:
    """Return the pair that the explorer is ordered by, of each row or of one place; PostgreSQL compares it whole."""
    time, number = (F("recorded_at"), F("id")) if at is None else (Value(at.recorded_at), Value(at.id))
    return Func(time, number, function="ROW", output_field=DateTimeField())


def _after_row(row: EntryRow) -> Cursor:
    return Cursor(recorded_at=row.recorded_at, id=row.id)


def _entries_about(subject: str, event: str, using: str) -> QuerySet[Entry]:
    return Entry.objects.using(using).filter(subject=subject, event=event).order_by(*NEWEST_FIRST)[:1]


def entry_rows(entries: QuerySet[Entry]) -> list[EntryRow]:
    """Return entries as lines, in the order of the query; one read."""
    return [
        EntryRow(
            id=number,
            event=event,
            actor_kind=kind,
            actor=pseudonym,
            subject=subject,
            clause=clause,
            recorded_at=recorded_at,
            leaf_index=leaf_index,
        )
        for number, event, kind, pseudonym, subject, clause, recorded_at, leaf_index in entries.values_list(
            "id", "event", "actor_kind", "actor_pseudonym", "subject", "clause", "recorded_at", "leaf__leaf_index"
        )
    ]


def _proved(condition: str, values: Sequence[int | str], size: int | None, using: str) -> ProvedEntry | None:
    """Return the newest entry that fits, proved; ``condition`` is one of the two constants above."""
    # Written out, as in ``record``: pages wait for these reads, and building them anew takes longer than the proof.
    with connections[using].cursor() as cursor:
        cursor.execute(_ENTRY_WITH_ITS_LEAF + condition, values)
        found = cursor.fetchone()
        if found is None:
            return None
        number, event, kind, pseudonym, subject, clause, recorded_at, body, leaf_index = found
        body = bytes(body)
        row = EntryRow(
            id=number,
            event=event,
            actor_kind=kind,
            actor=pseudonym,
            subject=subject,
            clause=clause,
            recorded_at=recorded_at,
            leaf_index=leaf_index,
        )
        if leaf_index is None or (size is not None and leaf_index >= size):
            return ProvedEntry(row=row, body=body, inclusion=None)
        if size is None:
            cursor.execute("SELECT size, root, at FROM audit_treehead ORDER BY size DESC LIMIT 1")
        else:
            cursor.execute("SELECT size, root, at FROM audit_treehead WHERE size = %s", [size])
        head = cursor.fetchone()
    if head is None:
        raise TreeHead.DoesNotExist(f"There is no head of {size} leaves.")
    inclusion = _inclusion(leaf_index, body, size=head[0], root=bytes(head[1]), head_at=head[2], using=using)
    return ProvedEntry(row=row, body=body, inclusion=inclusion)


def _inclusion(leaf_index: int, body: bytes, *, size: int, root: bytes, head_at: datetime, using: str) -> Inclusion:
    """Return the proof against a head that was written with this leaf or after it."""
    plan = inclusion_plan(leaf_index, size)
    stored = stored_hashes([subtree for subtrees in plan for subtree in subtrees], using=using)
    own_hash, fault, proof = leaf_hash(body), None, list[bytes]()
    try:
        proof = proof_from(plan, stored)
        verify_inclusion(leaf=own_hash, index=leaf_index, size=size, proof=proof, root=root)
    except InvalidProof as error:
        fault = error.fault.value
    except KeyError:
        fault = "stored-hash-missing"
    return Inclusion(
        leaf_index=leaf_index,
        leaf_hash=own_hash,
        size=size,
        root=root,
        proof=tuple(proof),
        head_at=head_at,
        fault=fault,
    )
