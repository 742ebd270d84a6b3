"""Files on offer, whether they may leave now, what has left, and what the log says about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final

import rfc8785
from django.db import connection
from django.db.models import Count, Q

from apps.audit.domain.checkpoint import InvalidCheckpoint, open_checkpoint
from apps.audit.domain.note import InvalidNote
from apps.audit.flows import PublicProof, publicly_proved
from apps.audit.queries import (
    EntryFilter,
    ProvedEntry,
    announced_keys,
    entries_page,
    newest_checkpoint,
    proved_entry,
    receipt_for,
)
from apps.licensing.domain.edition import MANIFEST
from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.domain.ranges import Span
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    Delivery,
    DeliveryState,
    Edition,
    Licensee,
    Offer,
    OfferState,
    PseudonymKey,
    ReleaseState,
    Tombstone,
    Transfer,
)
from apps.licensing.queries.offers import held_back, tied_approvers
from apps.licensing.queries.speaking import spoken_for_by
from apps.licensing.queries.standing import Hindered, Hindrance, fits_purpose, hindered

# A download that broke off is taken up again under its number within this time.
RESUMABLE_FOR: Final = timedelta(days=1)
_MOST_ENTRIES: Final = 500
_STANDS: Final = """
SELECT o.state = 'open' AND r.state = 'sealed' AND e.revision = %(revision)s
    AND recipient_standing(r.id, l.id, clock_timestamp()) IS NULL AND offer_tied_approvers(o.id) = '{}',
  (SELECT count(*) FROM licensing_tombstone t JOIN release_item i ON i.battle_id = t.battle_id
   WHERE i.release_id = e.release_id)
FROM licensing_edition e JOIN licensing_offer o ON o.id = e.offer_id JOIN licensing_release r ON r.id = e.release_id
JOIN licensing_licensee l ON l.id = e.licensee_id WHERE e.id = %(edition)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFile:
    """A file of an edition as its manifest names it; ``sha256`` in hexadecimal digits, ``rows`` None for no table."""

    name: str
    sha256: str
    bytes: int
    rows: int | None


class Obstacle(StrEnum):
    """Why a file may not leave now."""

    WITHDRAWN = "withdrawn"
    NOT_OPEN = "not-open"
    SUSPENDED = "suspended"
    NO_AGREEMENT = "no-agreement"
    AGREEMENT_EXPIRED = "agreement-expired"
    CONTROL_CHANGED = "control-changed"
    RECIPIENT_UNDECLARED = "recipient-undeclared"
    OTHER_PURPOSE = "other-purpose"
    HELD_BACK = "held-back"
    TIED = "tied"
    NOT_COVERED = "not-covered"
    ROWS_TAKEN_BACK = "rows-taken-back"


_IN_THE_WAY: Final = {
    Hindrance.SUSPENDED: Obstacle.SUSPENDED,
    Hindrance.NO_AGREEMENT: Obstacle.NO_AGREEMENT,
    Hindrance.AGREEMENT_EXPIRED: Obstacle.AGREEMENT_EXPIRED,
    Hindrance.CONTROL_CHANGED: Obstacle.CONTROL_CHANGED,
    Hindrance.RECIPIENT_UNDECLARED: Obstacle.RECIPIENT_UNDECLARED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstruction:
    """What stops an edition's files; ``hindered`` tells more where it is the licensee's own standing."""

    obstacle: Obstacle
    hindered: Hindered | None = None


def files_of(edition: Edition) -> tuple[OfferedFile, ...]:
    """Return what an edition consists of now: its manifest, then the files that the manifest names."""
    manifest = rfc8785.dumps(edition.manifest)
    named: Sequence[dict[str, Any]] = edition.manifest["files"]
    return (
        OfferedFile(name=MANIFEST, sha256=edition.manifest_sha256, bytes=len(manifest), rows=None),
        *(
            OfferedFile(name=file["name"], sha256=file["sha256"], bytes=file["bytes"], rows=file.get("rows"))
            for file in named
        ),
    )


def file_of(edition: Edition, name: str) -> OfferedFile | None:
    """Return one file of an edition, or None for a name that the manifest does not know."""
    return next((file for file in files_of(edition) if file.name == name), None)


def edition_of(licensees: Iterable[int], edition_id: int) -> Edition | None:
    """Return an edition of one of these licensees with release, offer and organization; None for anybody else's."""
    return (
        Edition.objects.select_related("release", "offer", "licensee__organization")
        .filter(pk=edition_id, licensee__in=list(licensees))
        .first()
    )


def editions_of(licensees: Iterable[int]) -> list[Edition]:
    """Return the editions of licensees, newest first."""
    return list(
        Edition.objects.select_related("release", "offer", "licensee__organization")
        .filter(licensee__in=list(licensees))
        .order_by("-pk")
    )


def obstacle_to(edition: Edition, *, at: datetime) -> Obstacle | None:
    """Return why a file of an edition may not leave at a moment, or None: what page, API and download all ask."""
    found = obstruction_of(edition, at=at)
    return found.obstacle if found is not None else None


def obstruction_of(edition: Edition, *, at: datetime) -> Obstruction | None:
    """Return what stops the files of an edition at a moment, the first that does; read anew each time."""
    fresh = Edition.objects.select_related("release", "offer__release", "licensee").get(pk=edition.pk)
    if (by_state := _by_state(fresh)) is not None:
        return Obstruction(obstacle=by_state)
    if (why := hindered(fresh.licensee, at=at)) is not None:
        return Obstruction(obstacle=_IN_THE_WAY[why.by], hindered=why)
    if not fits_purpose(fresh.release, fresh.licensee, at=at):
        return Obstruction(obstacle=Obstacle.OTHER_PURPOSE)
    found = _by_ties(fresh.offer) or _by_rows(fresh)
    return Obstruction(obstacle=found) if found is not None else None


def _by_state(edition: Edition) -> Obstacle | None:
    release, offer = edition.release, edition.offer
    if release.state == ReleaseState.WITHDRAWN or offer.state == OfferState.WITHDRAWN:
        return Obstacle.WITHDRAWN
    is_open = offer.state == OfferState.OPEN and release.state == ReleaseState.SEALED
    return None if is_open else Obstacle.NOT_OPEN


def _by_rows(edition: Edition) -> Obstacle | None:
    if not is_covered(edition):
        return Obstacle.NOT_COVERED
    return Obstacle.ROWS_TAKEN_BACK if rows_still_in(edition) else None


def _by_ties(offer: Offer) -> Obstacle | None:
    """Return what clause W5 has against a delivery: somebody on the board, or an approver who is tied by now."""
    if held_back(offer):
        return Obstacle.HELD_BACK
    return Obstacle.TIED if tied_approvers(offer.pk) else None


def is_covered(edition: Edition) -> bool:
    """Say whether a checkpoint that a key of the log signed covers the entry that names this edition's manifest.

    The entry's bytes must lead to the root of that checkpoint, so neither a row nor a file that somebody put there
    will do.
    """
    newest = newest_checkpoint()
    if newest is None:
        return False
    try:
        signed, _note = open_checkpoint(newest.note, [key.vkey for key in announced_keys()])
    except (InvalidNote, InvalidCheckpoint):
        return False
    for entry_id in _entries_about(edition):
        proved = proved_entry(entry_id, size=signed.size)
        if proved is None or proved.inclusion is None or not proved.inclusion.verified:
            continue
        if proved.inclusion.root == signed.root and proved.facts.get("manifest_digest") == edition.manifest_sha256:
            return True
    return False


def _entries_about(edition: Edition) -> list[int]:
    """Return the entries that may name the manifest: those about the edition or its release."""
    pages = [
        entries_page(EntryFilter(subject=subject), limit=_MOST_ENTRIES)
        for subject in (edition.ref, f"licensing.release:{edition.release_id}")
    ]
    return [row.id for page in pages for row in page.rows if row.event.startswith("licensing.edition_")]


def manifest_proof(edition: Edition) -> PublicProof | None:
    """Return the entry that names an edition's manifest with its proof, or None before it is in the log."""
    for entry_id in _entries_about(edition):
        found = publicly_proved(partial(_proved, entry_id))
        if found is not None and found.proved.facts.get("manifest_digest") == edition.manifest_sha256:
            return found
    return None


def _proved(entry_id: int, size: int | None) -> ProvedEntry | None:
    return proved_entry(entry_id, size=size)


def rows_still_in(edition: Edition) -> list[int]:
    """Return the battles that were taken back and that the edition's manifest does not name as gone."""
    taken_back = list(
        Tombstone.objects.filter(battle__eligibility__release_item__release_id=edition.release_id)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if not taken_back:
        return []
    gone = rows_gone(edition.manifest)
    names = names_for(edition.licensee_id)
    return [battle for battle in taken_back if names.row(battle).hex() not in gone]


def rows_gone(manifest: dict[str, Any]) -> frozenset[str]:
    """Return the names of the rows that a revision says it does not hold any more."""
    gone: dict[str, Sequence[str]] = manifest.get("gone") or {}
    return frozenset(name for names in gone.values() for name in names)


def names_for(licensee_id: int) -> Pseudonyms:
    """Return the names under which one licensee's copies call things."""
    return Pseudonyms(bytes(PseudonymKey.objects.get(pk=licensee_id).key))


def still_stands(edition_id: int, *, revision: int) -> tuple[bool, int]:
    """Return whether a delivery may go on, in one read, and how many rows of the release were taken back so far."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDS, {"edition": edition_id, "revision": revision})
        found = cursor.fetchone() or (False, 0)
    return bool(found[0]), int(found[1])


def resumable(edition: Edition, file: OfferedFile, *, now: datetime) -> Delivery | None:
    """Return the delivery of these very bytes that broke off or is under way, begun within a day; None for none."""
    return (
        Delivery.objects.filter(
            edition=edition,
            revision=edition.revision,
            file=file.name,
            file_sha256=file.sha256,
            state__in=[DeliveryState.CLAIMED, DeliveryState.BROKEN],
            started_at__gt=now - RESUMABLE_FOR,
        )
        .order_by("-counter")
        .first()
    )


def spans_of(delivery: Delivery) -> list[Span]:
    """Return the bytes that have left under a delivery, one span for each answer."""
    sent = delivery.transfers.order_by("pk").values_list("start", "sent")
    return [Span(start, start + count) for start, count in sent]


def transfers_left_behind(*, before: datetime) -> list[int]:
    """Return answers under way of which nothing was heard since a moment."""
    return list(Transfer.objects.filter(ended_at=None, seen_at__lt=before).order_by("pk").values_list("pk", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """A delivery with its entry of the log and the proof of it; ``entry`` is None before it is written."""

    delivery: Delivery
    entry: PublicProof | None


def deliveries_of(licensees: Iterable[int], *, edition: Edition | None = None, limit: int = 100) -> list[Delivery]:
    """Return the newest deliveries to licensees, newest first."""
    found = Delivery.objects.select_related("edition__release", "licensee__organization")
    found = found.filter(licensee__in=list(licensees))
    if edition is not None:
        found = found.filter(edition=edition)
    return list(found.order_by("-pk")[:limit])


def receipt_of(licensees: Iterable[int], delivery_id: int) -> DeliveryReceipt | None:
    """Return the receipt of a delivery to one of these licensees; None for anybody else's."""
    delivery = (
        Delivery.objects.select_related("edition__release", "licensee__organization")
        .filter(pk=delivery_id, licensee__in=list(licensees))
        .first()
    )
    return None if delivery is None else DeliveryReceipt(delivery=delivery, entry=delivery_proof(delivery))


def delivery_proof(delivery: Delivery) -> PublicProof | None:
    """Return the entry with which a delivery began, proved."""
    event = LicensingEvent.DELIVERY_BEGUN.value
    return publicly_proved(lambda size: receipt_for(delivery.ref, event, size=size))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCounts:
    """What everybody may know about deliveries and withdrawals: numbers, and nobody's name."""

    deliveries: int
    finished: int
    rows_taken_back: int
    rows_told: int
    notices: int
    unanswered: int
    incidents: int
    by_reason: tuple[tuple[str, int], ...]


def licensees_by_id(account_id: int) -> dict[int, Licensee]:
    """Return the licensees that an account speaks for now, by id."""
    return {each.pk: each for each in spoken_for_by(account_id).select_related("organization")}


def delivery_counts() -> dict[str, int]:
    """Return how many deliveries there were and how many of them arrived whole."""
    found: dict[str, int] = Delivery.objects.aggregate(
        deliveries=Count("pk"), finished=Count("pk", filter=Q(state=DeliveryState.FINISHED))
    )
    return found
