"""Where a contributor's words and votes went: in which release, to whom, when, and what the log says about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.audit.flows import PublicProof
from apps.contributors.models import Contributor
from apps.licensing.models import Delivery, Release
from apps.licensing.queries.deliveries import delivery_proof

LIST_LENGTH: Final = 100
# Joined is who was left out from the beginning, since too few are told like them; later ones were in copies before.
# Of these, a revision leaves out as many as its manifest counts, in the order of their times.
_DELIVERED: Final = """
WITH own AS (
  SELECT i.release_id, v.contributor_id FROM release_item i
  JOIN battles_battle b ON b.id = i.battle_id JOIN battles_vote v ON v.battle_id = b.id
  JOIN prompts_prompt p ON p.id = b.prompt_id
  WHERE i.release_id = %(release)s AND (p.author_id = %(person)s OR v.contributor_id = %(person)s)
), placed AS (
  SELECT contributor_id, is_later, row_number() OVER (PARTITION BY is_later ORDER BY at, id) AS place
  FROM licensing_leftout WHERE release_id = %(release)s
)
SELECT d.id FROM licensing_delivery d JOIN licensing_edition e ON e.id = d.edition_id
LEFT JOIN licensing_editionrevision r ON r.edition_id = e.id AND r.number = d.revision
WHERE e.release_id = %(release)s AND EXISTS (
  SELECT 1 FROM own LEFT JOIN placed USING (contributor_id)
  WHERE placed.contributor_id IS NULL
    OR placed.is_later AND placed.place > coalesce((r.manifest #>> '{contributors,people_held_back}')::bigint, 0))
"""
_SHARES: Final = """
SELECT i.release_id, count(DISTINCT p.id) FILTER (WHERE p.author_id = %(person)s),
  count(*) FILTER (WHERE v.contributor_id = %(person)s), count(*), count(t.battle_id),
  count(o.id)
FROM release_item i JOIN battles_battle b ON b.id = i.battle_id JOIN battles_vote v ON v.battle_id = b.id
JOIN prompts_prompt p ON p.id = b.prompt_id LEFT JOIN licensing_tombstone t ON t.battle_id = i.battle_id
LEFT JOIN licensing_leftout o ON o.release_id = i.release_id AND o.contributor_id = v.contributor_id AND NOT o.is_later
WHERE p.author_id = %(person)s OR v.contributor_id = %(person)s GROUP BY i.release_id ORDER BY i.release_id DESC
"""
_ROWS: Final = """
SELECT i.battle_id, i.release_id, p.id, p.author_id = %(person)s, v.contributor_id = %(person)s,
  CASE WHEN p.author_id = %(person)s OR t.battle_id IS NULL AND p.state <> 'withdrawn' THEN p.text ELSE '' END,
  p.language, t.reason, t.at, p.state, o.id IS NOT NULL, l.at
FROM release_item i JOIN battles_battle b ON b.id = i.battle_id JOIN battles_vote v ON v.battle_id = b.id
JOIN prompts_prompt p ON p.id = b.prompt_id LEFT JOIN licensing_tombstone t ON t.battle_id = i.battle_id
LEFT JOIN licensing_leftout o ON o.release_id = i.release_id AND o.contributor_id = v.contributor_id AND NOT o.is_later
LEFT JOIN licensing_leftout l ON l.release_id = i.release_id AND l.contributor_id = v.contributor_id AND l.is_later
WHERE (p.author_id = %(person)s OR v.contributor_id = %(person)s) AND i.battle_id < %(before)s
ORDER BY i.battle_id DESC LIMIT %(limit)s
"""
_FIRST_PAGE: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A licensee who has fetched a release: the first delivery of each of their files, oldest first."""

    name: str
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What of one release is a contributor's: questions they wrote, votes they cast, and how much was taken back.

    ``left_out`` rows are in no copy; whoever fetched a release of nothing else fetched nothing of theirs.
    """

    release: Release
    prompts: int
    votes: int
    rows: int
    taken_back: int
    left_out: int
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedRow:
    """One released battle of a contributor's; ``text`` is the question, which they wrote or were shown.

    Another person's question is blank once it was withdrawn, or the row was taken back. ``left_out_since`` is when its
    voter was left out of later copies, which those before it still hold.
    """

    battle_id: int
    release_id: int
    prompt_id: int
    is_author: bool
    is_voter: bool
    text: str
    language: str
    taken_back_for: str
    taken_back_at: datetime | None
    can_withdraw_prompt: bool
    is_left_out: bool
    left_out_since: datetime | None = None


def shares_of(contributor: Contributor) -> list[Share]:
    """Return every release that holds something of a contributor's, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, {"person": contributor.pk})
        found = cursor.fetchall()
    releases = Release.objects.in_bulk([row[0] for row in found])
    return [
        Share(
            release=releases[release_id],
            prompts=prompts,
            votes=votes,
            rows=rows,
            taken_back=taken_back,
            left_out=left_out,
            recipients=_recipients(contributor, release_id) if left_out < rows else (),
        )
        for release_id, prompts, votes, rows, taken_back, left_out in found
    ]


def _delivered(contributor: Contributor, release_id: int) -> list[int]:
    """Return the deliveries of copies that hold at least one row of a contributor's."""
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERED, {"person": contributor.pk, "release": release_id})
        return [number for (number,) in cursor.fetchall()]


def _recipients(contributor: Contributor, release_id: int) -> tuple[Recipient, ...]:
    found: dict[int, list[Delivery]] = {}
    deliveries = Delivery.objects.select_related("licensee__organization").filter(
        pk__in=_delivered(contributor, release_id)
    )
    for delivery in deliveries.order_by("licensee_id", "counter"):
        of_licensee = found.setdefault(delivery.licensee_id, [])
        if delivery.file not in {each.file for each in of_licensee}:
            of_licensee.append(delivery)
    return tuple(
        Recipient(name=of_licensee[0].licensee.organization.name, deliveries=tuple(of_licensee))
        for of_licensee in found.values()
    )


def rows_of(contributor: Contributor, *, before: int | None = None, limit: int = LIST_LENGTH) -> list[ReleasedRow]:
    """Return a contributor's released battles, newest first, a page at a time."""
    told = {"person": contributor.pk, "before": before or _FIRST_PAGE, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, told)
        return [
            ReleasedRow(
                battle_id=battle,
                release_id=release,
                prompt_id=prompt,
                is_author=is_author,
                is_voter=is_voter,
                text=text,
                language=language,
                taken_back_for=reason or "",
                taken_back_at=at,
                can_withdraw_prompt=is_author and state != "withdrawn",
                is_left_out=is_left_out,
                left_out_since=left_out_since,
            )
            for (
                battle,
                release,
                prompt,
                is_author,
                is_voter,
                text,
                language,
                reason,
                at,
                state,
                is_left_out,
                left_out_since,
            ) in cursor.fetchall()
        ]


def proof_of_delivery(contributor: Contributor, delivery_id: int) -> tuple[Delivery, PublicProof | None] | None:
    """Return a delivery of a release that holds something of the contributor's, with its proof; else None."""
    delivery = Delivery.objects.select_related("edition").filter(pk=delivery_id).first()
    if delivery is None or delivery.pk not in _delivered(contributor, delivery.edition.release_id):
        return None
    return delivery, delivery_proof(delivery)
