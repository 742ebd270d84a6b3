"""The checkpoints that the log signed, and which witnesses countersigned each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.audit.models import Cosignature, Entry, PublishedCheckpoint
from apps.audit.queries.entries import DEFAULT

PAGE_SIZE: Final = 50


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


def first_signed_over(subject: str, manifest_digest: str, *, using: str = DEFAULT) -> datetime | None:
    """Return when the first checkpoint was signed that covers an entry about a subject which names a manifest.

    None while there is no such entry, or no checkpoint covers it.
    """
    entries = Entry.objects.using(using).filter(subject=subject, leaf__isnull=False).select_related("leaf")
    leaves = [each.leaf.leaf_index for each in entries if each.facts.get("manifest_digest") == manifest_digest]
    if not leaves:
        return None
    covering = PublishedCheckpoint.objects.using(using).filter(size__gt=min(leaves))
    return covering.order_by("signed_at", "pk").values_list("signed_at", flat=True).first()


def checkpoints_signed_within(since: datetime, *, using: str = DEFAULT) -> int:
    """Return how many checkpoints were signed since a moment."""
    return PublishedCheckpoint.objects.using(using).filter(signed_at__gte=since).count()


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
