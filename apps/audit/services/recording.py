"""Writing entries: in the transaction of what they tell about, or, for a refusal, in one of their own."""

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import connection, transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import (
    JSON,
    NONCE_BYTES,
    SALT_BYTES,
    UnfitForTheLog,
    commitment_of,
    entry_body,
    is_subject,
)
from apps.audit.domain.refusal import Refused
from apps.audit.events import AuditEvent
from apps.audit.models import Entry

CHANNEL: Final = "showdown_log"
_ENTRY_COLUMNS: Final = (
    "id",
    "event",
    "actor_kind",
    "actor_pseudonym",
    "subject",
    "clause",
    "recorded_at",
    "body",
)
_INSERT_ENTRY: Final = (
    "INSERT INTO audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id"
)
_WAKE_EVERY_SECONDS: Final = 0.25
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")


class NoTransaction(RuntimeError):
    """An entry was to be written outside the transaction of the change that it tells about."""


def record(
    event: StrEnum,
    *,
    actor: Actor,
    subject: str,
    at: datetime,
    clause: str | None = None,
    facts: Mapping[str, JSON] | None = None,
) -> Entry:
    """Write one entry in the current transaction; both are kept, or neither is.

    ``event`` is a member of an app's ``events.py``, ``subject`` a reference such as ``"prompts.prompt:42"``, ``at`` an
    aware time, ``facts`` ids, hashes, counts and other short values under keys of a-z and _. Raises
    ``NoTransaction`` outside a transaction and ``UnfitForTheLog`` for what an entry must not hold.
    """
    _require_transaction()
    if not isinstance(event, StrEnum):
        raise UnfitForTheLog(f"{event!r} is not a member of an app's events.")
    body = entry_body(
        event=event.value,
        actor=actor,
        subject=subject,
        clause=clause,
        facts=facts or {},
        at=at,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    columns = (event.value, actor.kind.value, actor.pseudonym, subject, clause, at, body)
    # Written out, since every act of the platform waits for this statement: building it anew takes twice as long.
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_ENTRY, columns)
        (entry_id,) = cursor.fetchone()
    entry = Entry.from_db(connection.alias, _ENTRY_COLUMNS, (entry_id, *columns))
    transaction.on_commit(_wake.sequencer, robust=True)
    return entry


def record_refusal(refused: Refused, *, actor: Actor, attempted: str, at: datetime) -> Entry:
    """Write that a service said no, in a transaction of its own, after the refused one is undone.

    ``attempted`` names the act: a view's name, a task's or a command's. The refusal's message stays out of the log,
    since it may quote a person. Called at an edge only: raises ``RuntimeError`` inside a transaction.
    """
    with transaction.atomic(durable=True):
        return record(
            AuditEvent.REFUSED,
            actor=actor,
            subject=refused.subject or _request_subject(actor),
            at=at,
            clause=refused.clause,
            facts={"attempted": attempted, "code": refused.code},
        )


def commit_to(text: str, *, subject: str) -> str:
    """Return a salted commitment to ``text``, 64 hexadecimal digits, to stand in the facts of an entry.

    The salt is kept apart, and forgetting it (``forget_text``) makes the commitment open for nobody. Every call has a
    salt of its own, so equal texts cannot be told from their commitments.
    """
    _require_transaction()
    if not is_subject(subject):
        raise UnfitForTheLog(f"{subject!r} is not a subject (like 'prompts.prompt:42').")
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = commitment_of(text, salt)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_salt (commitment, salt, subject) VALUES (%s, %s, %s)", [commitment, salt, subject]
        )
    return commitment


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise NoTransaction("An entry is written in the transaction of the change that it tells about.")


def _request_subject(actor: Actor) -> str:
    """Return a subject for a refusal about nothing in particular; what came from outside is not copied unread."""
    request_id = actor.request_id
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = hashlib.sha256(request_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"audit.request:{request_id}"


class _Wake:
    """Tells the sequencer, after a commit, that something waits; it polls every second anyway.

    A NOTIFY inside the writer's transaction would queue all commits of the database behind one lock, so it is sent
    after the commit, and by each process a few times a second at most.
    """

    def __init__(self) -> None:
        self._last = float("-inf")
        self._lock = threading.Lock()

    def sequencer(self) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._last < _WAKE_EVERY_SECONDS:
                return
            self._last = now
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


_wake = _Wake()
