"""Sending a file: open and compare it, claim the delivery, let the bytes go outside any transaction, confirm.

Killed between claim and confirm, the sweeper closes what was under way as broken off; whoever was receiving takes it up
again under the same number.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, Self

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.domain.journal import Fault
from apps.licensing.domain.ranges import Span
from apps.licensing.gateways import EditionReader, FileChanged, FileMissing, OpenedFile, StorageUnwell
from apps.licensing.models import Edition
from apps.licensing.queries.deliveries import OfferedFile, transfers_left_behind
from apps.licensing.services.deliveries import (
    Claim,
    DeliveryIsOver,
    claim_delivery,
    close_broken,
    confirm_delivery,
    note_progress,
    require_deliverable,
)
from apps.licensing.services.incidents import put_down_file_incident

Clock = Callable[[], datetime]
# A stream asks again whether it may go on after this many bytes or this long, whatever comes first.
ASK_EVERY_BYTES: Final = 8 << 20
ASK_EVERY_SECONDS: Final = 1.0
# A process that sends moves its row each second; a reader who takes nothing for so long has gone.
PATIENCE: Final = timedelta(minutes=5)


class Sending:
    """The bytes of one answer, a piece at a time; closed, it puts down how many of them left.

    It asks on the way whether it may go on, and ends early when it may not: whoever receives sees that bytes are
    missing.
    """

    def __init__(
        self, *, actor: Actor, claim: Claim, opened: OpenedFile, pieces: Iterator[bytes], clock: Clock
    ) -> None:
        self.claim = claim
        self._actor = actor
        self._opened = opened
        self._pieces = pieces
        self._clock = clock
        self._sent = self._asked_at_byte = 0
        self._asked_at = time.monotonic()
        self._is_open = True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        """Return the next piece; what was returned before has left by now."""
        if not self._is_open:
            raise StopIteration
        try:
            if self._is_time_to_ask():
                note_progress(actor=self._actor, claim=self.claim, sent=self._sent, now=self._clock())
            piece = next(self._pieces)
        except (StopIteration, DeliveryIsOver):
            self.close()
            raise StopIteration from None
        except FileChanged:
            put_down_file_incident(
                actor=self._actor,
                edition_id=self.claim.edition_id,
                file=self.claim.file,
                fault=Fault.FILE_CHANGED,
                now=self._clock(),
            )
            self.close()
            raise StopIteration from None
        except BaseException:
            self.close()
            raise
        self._sent += len(piece)
        return piece

    def _is_time_to_ask(self) -> bool:
        now = time.monotonic()
        if self._sent - self._asked_at_byte < ASK_EVERY_BYTES and now - self._asked_at < ASK_EVERY_SECONDS:
            return False
        self._asked_at, self._asked_at_byte = now, self._sent
        return True

    def close(self) -> None:
        """Let the file go and put down how it ended; the second time changes nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self._opened.close()
        confirm_delivery(actor=self._actor, transfer_id=self.claim.transfer_id, sent=self._sent, now=self._clock())


def begin_sending(
    *,
    actor: Actor,
    edition: Edition,
    file: OfferedFile,
    via: str,
    span: Span | None,
    clock: Clock = timezone.now,
    reader: EditionReader | None = None,
) -> Sending:
    """Claim a delivery of a file, or of the bytes of ``span``, and return its bytes; nothing has left yet.

    Raises:
        FileMissing, FileChanged: when the storage does not hold what the manifest names; each is an incident.
        StorageUnwell: when the disk does not answer, or the journal cannot be written.
        NotPermitted, NoSuchFile, and what else ``claim_delivery`` says.
    """
    require_deliverable(edition, at=clock())
    where = reader or EditionReader(clock=clock)
    try:
        opened = where.open(edition.path, file.name, sha256=file.sha256, size=file.bytes)
    except (FileMissing, FileChanged) as refused:
        fault = Fault.FILE_MISSING if isinstance(refused, FileMissing) else Fault.FILE_CHANGED
        put_down_file_incident(actor=actor, edition_id=edition.pk, file=file, fault=fault, now=clock())
        refused.subject = edition.ref
        raise
    try:
        claim = claim_delivery(
            actor=actor,
            edition=edition,
            file=file,
            via=via,
            span=span or Span(0, file.bytes),
            is_range=span is not None,
            now=clock(),
        )
    except BaseException:
        opened.close()
        raise
    try:
        pieces = opened.pieces(claim.span, answer=claim.transfer_id)
    except StorageUnwell:
        opened.close()
        confirm_delivery(actor=actor, transfer_id=claim.transfer_id, sent=0, now=clock())
        raise
    return Sending(actor=actor, claim=claim, opened=opened, pieces=pieces, clock=clock)


def close_what_broke_off(*, actor: Actor, clock: Clock = timezone.now) -> int:
    """Close the answers whose process is gone, as broken off; return how many."""
    now = clock()
    left = transfers_left_behind(before=now - PATIENCE)
    for transfer_id in left:
        close_broken(actor=actor, transfer_id=transfer_id, heard_before=now - PATIENCE, now=now)
    return len(left)
