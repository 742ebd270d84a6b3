"""The log's entries of the demo's history: gathered as they are written, and put into the log in the order of time.

Services write entries too while the demo is loaded, about times long past. So until the end both go to a temporary
table that stands in front of ``audit_entry``; then all are inserted by their times, and the sequencer gives leaves in
that order. Bodies and commitments are made by the functions that the services use.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import psycopg
from django.db import connection

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON, NONCE_BYTES, SALT_BYTES, commitment_of, entry_body
from showdown.demo.loading.tables import Row, copy_into, driver_connection

_ENTRY_COLUMNS: Final = ("event", "actor_kind", "actor_pseudonym", "subject", "clause", "recorded_at", "body")
_SALT_COLUMNS: Final = ("commitment", "salt", "subject")
_AT_ONCE: Final = 1 << 16
_STAND_IN_FRONT: Final = (
    "CREATE TEMPORARY TABLE audit_entry (LIKE public.audit_entry INCLUDING IDENTITY) ON COMMIT DROP"
)
_HAND_OVER: Final = """
INSERT INTO public.audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body)
SELECT event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body FROM pg_temp.audit_entry
ORDER BY recorded_at, id
"""


class _Secrets:
    """Random bytes from the system, fetched in large pieces: one call for each salt would take a second of a load."""

    def __init__(self) -> None:
        self._store, self._used = b"", 0

    def take(self, size: int) -> bytes:
        """Return bytes that were not returned before."""
        if self._used + size > len(self._store):
            self._store, self._used = secrets.token_bytes(_AT_ONCE), 0
        self._used += size
        return self._store[self._used - size : self._used]


class Trail:
    """Entries and salts that wait to be written."""

    def __init__(self) -> None:
        self._entries: list[Row] = []
        self._salts: list[Row] = []
        self._secrets = _Secrets()

    def record(
        self,
        event: StrEnum,
        *,
        actor: Actor,
        subject: str,
        at: datetime,
        clause: str | None = None,
        facts: Mapping[str, JSON] | None = None,
    ) -> None:
        """Note an entry, as ``apps.audit.services.record`` would write it."""
        body = entry_body(
            event=event.value,
            actor=actor,
            subject=subject,
            clause=clause,
            facts=facts or {},
            at=at,
            nonce=self._secrets.take(NONCE_BYTES),
        )
        self._entries.append((event.value, actor.kind.value, actor.pseudonym, subject, clause, at, body))

    def commit_to(self, text: str, *, subject: str) -> str:
        """Return a salted commitment to a text and note its salt, as ``apps.audit.services.commit_to`` does."""
        return self.commit_and_open(text, subject=subject)[0]

    def commit_and_open(self, text: str, *, subject: str) -> tuple[str, bytes]:
        """Return a commitment whose salt is kept as well, and that salt, for what a later entry opens."""
        salt = self._secrets.take(SALT_BYTES)
        commitment = commitment_of(text, salt)
        self._salts.append((commitment, salt, subject))
        return commitment, salt

    def write(self) -> None:
        """Write what waits."""
        self.taken().copy(driver_connection())

    def taken(self) -> "Waiting":
        """Return what waits, and begin anew."""
        waiting = Waiting(entries=self._entries, salts=self._salts)
        self._entries, self._salts = [], []
        return waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Entries and salts that are ready to be copied."""

    entries: list[Row]
    salts: list[Row]

    def copy(self, below: psycopg.Connection[Any]) -> None:
        """Copy them by the driver's connection, from whichever thread."""
        copy_into(below, "audit_entry", _ENTRY_COLUMNS, self.entries)
        copy_into(below, "audit_salt", _SALT_COLUMNS, self.salts)


def stand_in_front_of_the_log() -> None:
    """Let all entries of this transaction gather in a table of their own."""
    with connection.cursor() as cursor:
        cursor.execute(_STAND_IN_FRONT)


def hand_over_to_the_log() -> int:
    """Put the gathered entries into the log in the order of time, and return how many they are."""
    with connection.cursor() as cursor:
        # Enough to bring them into their order in memory.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(_HAND_OVER)
        return int(cursor.rowcount)
