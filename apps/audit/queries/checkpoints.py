"""The checkpoints that the log signed, and which witnesses countersigned each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.audit.models import Cosignature, PublishedCheckpoint, Witness
from apps.audit.queries.entries import DEFAULT

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRow:
    """Somebody who countersigns; ``owner`` is an auditor's pseudonym or nothing, ``ended_at`` None while in force."""

    id: int
    name: str
    vkey: str
    address: str
    owner: str
    ties: str
    added_at: datetime
    ended_at: datetime | None

    @property
    def only_pulls(self) -> bool:
        """Whether it is never asked, so that its signatures stay with its owner."""
        return not self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignatureRow:
    """A witness's line under a checkpoint, as it came."""

    size: int
    witness_id: int
    witness: str
    owner: str
    line: str
    cosigned_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRow:
    """A signed head; ``note`` has the log's own signatures, ``cosignatures`` come in the order of their arrival."""

    size: int
    root: bytes
    note: bytes
    signed_at: datetime
    cosignatures: tuple[CosignatureRow, ...]

    @property
    def whole_note(self) -> bytes:
        """The note with the witnesses' lines below the log's own, as it is published."""
        return self.note + "".join(f"{signed.line.rstrip()}\n" for signed in self.cosignatures).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPage:
    """One page of the history, newest first; a size is None where nothing follows."""

    rows: tuple[CheckpointRow, ...]
    older: int | None
    newer: int | None


def checkpoints_page(
    *, before: int | None = None, after: int | None = None, limit: int = PAGE_SIZE, using: str = DEFAULT
) -> CheckpointPage:
    """Return signed checkpoints, newest first: the first page, or the one ``before`` or ``after`` a size."""
    signed = PublishedCheckpoint.objects.using(using)
    if after is not None:
        found = list(signed.filter(pk__gt=after).order_by("pk")[: limit + 1])
        rows, has_newer, has_older = list(reversed(found[:limit])), len(found) > limit, True
    else:
        if before is not None:
            signed = signed.filter(pk__lt=before)
        found = list(signed.order_by("-pk")[: limit + 1])
        rows, has_newer, has_older = found[:limit], before is not None, len(found) > limit
    return CheckpointPage(
        rows=tuple(_with_cosignatures(rows, using)),
        older=rows[-1].size if rows and has_older else None,
        newer=rows[0].size if rows and has_newer else None,
    )


def checkpoint_of(size: int, *, using: str = DEFAULT) -> CheckpointRow | None:
    """Return what was signed over the head of exactly this size, or None."""
    return _first(PublishedCheckpoint.objects.using(using).filter(pk=size), using)


def newest_checkpoint(*, using: str = DEFAULT) -> CheckpointRow | None:
    """Return the largest signed checkpoint, or None before the first."""
    return _first(PublishedCheckpoint.objects.using(using).order_by("-pk")[:1], using)


def first_checkpoint_since(moment: datetime, *, using: str = DEFAULT) -> CheckpointRow | None:
    """Return the first checkpoint that was signed at or after a moment, or None while there is none."""
    since = PublishedCheckpoint.objects.using(using).filter(signed_at__gte=moment)
    return _first(since.order_by("signed_at", "pk")[:1], using)


def first_cosigned_since(moment: datetime, witness_ids: Sequence[int], *, using: str = DEFAULT) -> datetime | None:
    """Return when the first checkpoint since a moment was signed that one of these witnesses countersigned, or None."""
    return (
        PublishedCheckpoint.objects.using(using)
        .filter(signed_at__gte=moment, cosignatures__witness__in=witness_ids)
        .order_by("signed_at", "pk")
        .values_list("signed_at", flat=True)
        .first()
    )


def checkpoints_signed_within(since: datetime, *, using: str = DEFAULT) -> int:
    """Return how many checkpoints were signed since a moment."""
    return PublishedCheckpoint.objects.using(using).filter(signed_at__gte=since).count()


def all_witnesses(*, using: str = DEFAULT) -> list[WitnessRow]:
    """Return every witness there ever was: those in force first, each group by name."""
    rows = [_witness(row) for row in Witness.objects.using(using).order_by("name", "pk")]
    return sorted(rows, key=lambda row: row.ended_at is not None)


def witnesses_of(pseudonym: str, *, using: str = DEFAULT) -> list[WitnessRow]:
    """Return the witnesses in force that belong to one auditor."""
    mine = Witness.objects.using(using).filter(owner_pseudonym=pseudonym, ended_at=None)
    return [_witness(row) for row in mine.order_by("name")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessStand:
    """A witness in force and the newest checkpoint that it countersigned, if it ever did."""

    witness: WitnessRow
    newest_size: int | None
    cosigned_at: datetime | None


def witness_stands(*, using: str = DEFAULT) -> list[WitnessStand]:
    """Return how far each witness in force has come, in two reads."""
    in_force = [row for row in all_witnesses(using=using) if row.ended_at is None]
    newest = {
        row.witness_id: row
        for row in Cosignature.objects.using(using)
        .filter(witness__in=[row.id for row in in_force])
        .order_by("witness_id", "-checkpoint_id")
        .distinct("witness_id")
    }
    return [
        WitnessStand(
            witness=row,
            newest_size=newest[row.id].checkpoint_id if row.id in newest else None,
            cosigned_at=newest[row.id].cosigned_at if row.id in newest else None,
        )
        for row in in_force
    ]


def _first(rows: Iterable[PublishedCheckpoint], using: str) -> CheckpointRow | None:
    found = _with_cosignatures(list(rows), using)
    return found[0] if found else None


def _with_cosignatures(rows: list[PublishedCheckpoint], using: str) -> list[CheckpointRow]:
    lines: dict[int, list[CosignatureRow]] = {row.size: [] for row in rows}
    for line in (
        Cosignature.objects.using(using)
        .filter(checkpoint__in=list(lines))
        .select_related("witness")
        .order_by("received_at", "pk")
    ):
        lines[line.checkpoint_id].append(
            CosignatureRow(
                size=line.checkpoint_id,
                witness_id=line.witness_id,
                witness=line.witness.name,
                owner=line.witness.owner_pseudonym,
                line=line.line,
                cosigned_at=line.cosigned_at,
                received_at=line.received_at,
            )
        )
    return [
        CheckpointRow(
            size=row.size,
            root=bytes(row.root),
            note=bytes(row.note),
            signed_at=row.signed_at,
            cosignatures=tuple(lines[row.size]),
        )
        for row in rows
    ]


def _witness(row: Witness) -> WitnessRow:
    return WitnessRow(
        id=row.pk,
        name=row.name,
        vkey=row.vkey,
        address=row.address,
        owner=row.owner_pseudonym,
        ties=row.ties,
        added_at=row.added_at,
        ended_at=row.ended_at,
    )
