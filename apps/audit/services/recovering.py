"""Putting published entries back into a database that was restored from an older backup."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.events import AuditEvent
from apps.audit.permissions import may_tend_the_log
from apps.audit.services.keys import NotTheOperator
from apps.audit.services.recording import record
from apps.audit.services.sequencing import SequencerMemory, current_tree, extend, take_the_lock


class NotTheSameLog(Refused):
    """The entries do not go on from this database to what was signed."""


@transaction.atomic
def recover_entries(*, actor: Actor, bodies: Sequence[bytes], root: bytes, now: datetime) -> int:
    """Give ``bodies`` the leaves after the newest head, exactly as they had them; return how many are new.

    Those that the backup had already, still without a leaf, are found again by their bytes. What happened since gets
    later leaves, as always. The connection's role must be the owner's, since nobody else writes entries and leaves.
    Raises ``NotTheOperator``, ``SequencerBusy``, and ``NotTheSameLog`` unless ``root`` (32 bytes) is the tree's
    afterwards; then nothing is written.
    """
    if not may_tend_the_log(actor):
        raise NotTheOperator(_("Entries are put back by whoever runs the platform."))
    with psycopg.Cursor(cast("psycopg.Connection[Any]", connection.connection)) as cursor:
        take_the_lock(cursor)
        tree = current_tree(cursor, connection.alias, SequencerMemory())
        first, known = tree.size, _waiting(cursor)
        missing = [body for body in bodies if body not in known]
        with cursor.copy(
            "COPY audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body) FROM STDIN"
        ) as copy:
            for body in missing:
                copy.write_row(_columns(body))
        known = _waiting(cursor)
        extend(cursor, tree, [(known[body], body) for body in bodies], now)
    if tree.root != root:
        raise NotTheSameLog(
            _("With these entries the tree has another root than the one that was signed; nothing was written.")
        )
    record(
        AuditEvent.ENTRIES_RECOVERED,
        actor=actor,
        subject="audit.log:entries",
        at=now,
        facts={"first": first, "size": tree.size, "written": len(missing)},
    )
    return len(missing)


def _waiting(cursor: "psycopg.Cursor[Any]") -> dict[bytes, int]:
    """Return the entries without a leaf, by their bytes, which a nonce makes unique."""
    cursor.execute(
        "SELECT e.body, e.id FROM audit_entry e WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.entry_id = e.id)",
        binary=True,
    )
    return dict(cursor.fetchall())


def _columns(body: bytes) -> tuple[Any, ...]:
    """Return what repeats an entry's body in its row; a constraint of the table compares them."""
    told = json.loads(body)
    actor = told["actor"]
    at = datetime.fromisoformat(told["at"])
    return told["event"], actor["kind"], actor["pseudonym"], told["subject"], told["clause"], at, body
