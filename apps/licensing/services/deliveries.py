"""A delivery's life: claimed before the first byte, counted without gaps, ended as finished or broken off."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.ranges import Span, is_whole
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Delivery, DeliveryState, Edition, Licensee, Transfer
from apps.licensing.permissions import may_tend_deliveries, speaks_for
from apps.licensing.queries.deliveries import (
    Obstacle,
    OfferedFile,
    file_of,
    obstruction_of,
    resumable,
    spans_of,
    still_stands,
)
from apps.licensing.services.saying_no import HeldBack, TiedToLicensee
from apps.licensing.services.standing import other_purpose, refusal_of

_CHECKPOINT: Final = "W10"
_WITHDRAWAL: Final = "W11"


class NoSuchFile(Refused):
    """The edition is another licensee's, or has no file of this name now."""


class NotOpenYet(Refused):
    """The edition is not open for download."""


class ReleaseWithdrawn(Refused):
    """The release was withdrawn."""


class NotCoveredYet(Refused):
    """No signed checkpoint of the log covers the edition's entry."""


class RowsTakenBack(Refused):
    """Rows of the edition were taken back, and it is being rewritten without them."""


class DeliveryIsOver(Refused):
    """What was under way has ended, or may not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A right to send these bytes once; ``tombstones`` is how many rows of the release had been taken back by then."""

    delivery_id: int
    transfer_id: int
    counter: int
    edition_id: int
    revision: int
    file: OfferedFile
    span: Span
    tombstones: int
    is_resumed: bool


def require_deliverable(edition: Edition, *, at: datetime) -> None:
    """Let a file of an edition leave at a moment, or say why not: what the pages say, said as a refusal.

    Raises:
        ReleaseWithdrawn, NotOpenYet, OtherPurpose, HeldBack, TiedToLicensee, NotCoveredYet, RowsTakenBack: each for its
            reason.
        LicenseeSuspended, NoAgreement, AgreementExpired, ControlChanged, RecipientUndeclared: as ``may_receive`` says.
    """
    found, subject = obstruction_of(edition, at=at), edition.ref
    if found is None:
        return
    if found.hindered is not None:
        raise refusal_of(edition.licensee, found.hindered)
    match found.obstacle:
        case Obstacle.WITHDRAWN:
            raise ReleaseWithdrawn(_("This release was withdrawn."), clause=_WITHDRAWAL, subject=subject)
        case Obstacle.NOT_OPEN:
            raise NotOpenYet(_("This release is not open for download."), clause="W6", subject=subject)
        case Obstacle.OTHER_PURPOSE:
            raise other_purpose(edition.release)
        case Obstacle.HELD_BACK:
            message = _("Somebody who gets this release is on the board, and battles of it are too young for them.")
            raise HeldBack(message, clause="W5", subject=subject)
        case Obstacle.TIED:
            message = _("Somebody who approved this release is tied to whoever gets it by now. It is halted.")
            raise TiedToLicensee(message, clause="W5", subject=subject)
        case Obstacle.NOT_COVERED:
            message = _("No signed checkpoint of the log covers this edition yet. Try again in a minute.")
            raise NotCoveredYet(message, clause=_CHECKPOINT, subject=subject)
        case Obstacle.ROWS_TAKEN_BACK:
            message = _("Rows of this edition were taken back. It is being rewritten without them.")
            raise RowsTakenBack(message, clause=_WITHDRAWAL, subject=subject)
        case _:
            raise NotOpenYet(_("This edition cannot be fetched now."), subject=subject)


@transaction.atomic
def claim_delivery(
    *, actor: Actor, edition: Edition, file: OfferedFile, via: str, span: Span, is_range: bool, now: datetime
) -> Claim:
    """Put down that these bytes are about to leave, after asking once more whether they may.

    ``via`` is "web" or "api". A range of a file whose delivery has not finished within the last day goes on with that
    delivery, under its number; everything else is a new delivery with the licensee's next number.

    Raises:
        NotPermitted: when the actor does not speak for the licensee.
        NoSuchFile: when the edition has moved on from this file.
        ReleaseWithdrawn, NotOpenYet, HeldBack, NotCoveredYet, RowsTakenBack, and what ``may_receive`` says: as
            ``require_deliverable`` says.
    """
    # Whoever counts holds the licensee; who suspends them waits, or is waited for.
    licensee = Licensee.objects.select_for_update(no_key=True).get(pk=edition.licensee_id)
    if not speaks_for(actor, licensee):
        raise NotPermitted(_("Only whoever speaks for the licensee fetches its copies."), subject=edition.ref)
    edition = Edition.objects.get(pk=edition.pk)
    if file_of(edition, file.name) != file:
        raise NoSuchFile(_("This edition has no such file any more."), subject=edition.ref)
    require_deliverable(edition, at=now)
    _stands, tombstones = still_stands(edition.pk, revision=edition.revision)
    earlier = resumable(edition, file, now=now) if is_range else None
    delivery = earlier or _counted(actor, licensee, edition, file, via, now)
    if earlier is not None:
        _take_up(actor, earlier, span, now)
    transfer = Transfer.objects.create(delivery=delivery, start=span.start, until=span.until, began_at=now, seen_at=now)
    return Claim(
        delivery_id=delivery.pk,
        transfer_id=transfer.pk,
        counter=delivery.counter,
        edition_id=edition.pk,
        revision=edition.revision,
        file=file,
        span=span,
        tombstones=tombstones,
        is_resumed=earlier is not None,
    )


def _counted(
    actor: Actor, licensee: Licensee, edition: Edition, file: OfferedFile, via: str, now: datetime
) -> Delivery:
    last = Delivery.objects.filter(licensee=licensee).aggregate(last=Max("counter"))["last"] or 0
    delivery = Delivery.objects.create(
        licensee=licensee,
        counter=last + 1,
        edition=edition,
        revision=edition.revision,
        file=file.name,
        file_sha256=file.sha256,
        file_bytes=file.bytes,
        via=via,
        pseudonym=actor.pseudonym,
        started_at=now,
    )
    # `licensee` and `counter` are what the verifier counts: showdown-verify finds a number that is missing.
    record(
        LicensingEvent.DELIVERY_BEGUN,
        actor=actor,
        subject=delivery.ref,
        at=now,
        facts={
            "licensee": licensee.ref,
            "counter": delivery.counter,
            "edition": edition.ref,
            "revision": edition.revision,
            "release": f"licensing.release:{edition.release_id}",
            "file": file.name,
            "file_digest": file.sha256,
            "bytes": file.bytes,
            "via": via,
        },
    )
    return delivery


def _take_up(actor: Actor, delivery: Delivery, span: Span, now: datetime) -> None:
    delivery.state, delivery.ended_at = DeliveryState.CLAIMED, None
    delivery.save(update_fields=["state", "ended_at"])
    record(
        LicensingEvent.DELIVERY_RESUMED,
        actor=actor,
        subject=delivery.ref,
        at=now,
        facts={"first_byte": span.start, "bytes": span.length},
    )


@transaction.atomic
def note_progress(*, actor: Actor, claim: Claim, sent: int, now: datetime) -> Transfer:
    """Put down how many bytes have left so far, and ask whether more may.

    Progress has no entry of its own; the end has.

    Raises:
        DeliveryIsOver: when the answer was given up, the licensee suspended, the release or a row of it taken back.
    """
    stands, tombstones = still_stands(claim.edition_id, revision=claim.revision)
    transfer = Transfer.objects.select_for_update(no_key=True).get(pk=claim.transfer_id)
    if transfer.ended_at is not None or not stands or tombstones != claim.tombstones:
        raise DeliveryIsOver(_("This download may not go on."), subject=f"licensing.delivery:{claim.delivery_id}")
    transfer.sent, transfer.seen_at = sent, now
    transfer.save(update_fields=["sent", "seen_at"])
    return transfer


@transaction.atomic
def confirm_delivery(*, actor: Actor, transfer_id: int, sent: int | None, now: datetime) -> Delivery:
    """End one answer of a delivery; ``sent`` is how many of its bytes left, None for as many as were put down.

    The delivery is finished once all bytes of the file have left under it, in whatever pieces; while another answer is
    under way it goes on; else it is broken off, and can be taken up again.
    """
    delivery_id = Transfer.objects.values_list("delivery_id", flat=True).get(pk=transfer_id)
    delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
    transfer = Transfer.objects.select_for_update(no_key=True).get(pk=transfer_id)
    if transfer.ended_at is not None:
        return delivery
    transfer.sent = transfer.sent if sent is None else max(sent, transfer.sent)
    transfer.ended_at = now
    transfer.save(update_fields=["sent", "ended_at"])
    if delivery.state == DeliveryState.FINISHED:
        return delivery
    spans = spans_of(delivery)
    delivery.bytes_sent = sum(span.length for span in spans)
    if is_whole(spans, size=delivery.file_bytes):
        delivery.state, delivery.ended_at = DeliveryState.FINISHED, now
    elif not delivery.transfers.filter(ended_at=None).exists():
        delivery.state, delivery.ended_at = DeliveryState.BROKEN, now
    delivery.save(update_fields=["state", "ended_at", "bytes_sent"])
    if delivery.state != DeliveryState.CLAIMED:
        record(
            LicensingEvent.DELIVERY_ENDED,
            actor=actor,
            subject=delivery.ref,
            at=now,
            facts={"finished": delivery.state == DeliveryState.FINISHED, "bytes_sent": delivery.bytes_sent},
        )
    return delivery


@transaction.atomic
def close_broken(*, actor: Actor, transfer_id: int, heard_before: datetime, now: datetime) -> Delivery:
    """Close an answer whose process is gone; one that moved since ``heard_before`` stays as it is.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("What broke off is closed by the platform itself."))
    delivery_id = Transfer.objects.values_list("delivery_id", flat=True).get(pk=transfer_id)
    delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
    transfer = Transfer.objects.select_for_update(no_key=True).get(pk=transfer_id)
    if transfer.ended_at is not None or transfer.seen_at >= heard_before:
        return delivery
    return confirm_delivery(actor=actor, transfer_id=transfer_id, sent=None, now=now)
