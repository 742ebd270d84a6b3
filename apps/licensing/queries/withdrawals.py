"""Released rows that are not fit any more, who has received them, and what is owed to whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Q
from psycopg import sql

from apps.audit.flows import PublicProof, publicly_proved
from apps.audit.queries import receipt_for
from apps.licensing.domain.notice import Terms
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    Edition,
    EditionRevision,
    Letter,
    Notice,
    NoticeRow,
    ReadIncident,
    Tombstone,
    TombstoneReason,
)
from apps.licensing.queries.deliveries import PublicCounts, delivery_counts, names_for, rows_gone, rows_still_in
from apps.policy.queries import parameter

TERMS_CLAUSE: Final = "W11"
# Somebody who asked to be erased has no account any more; erasure is urgent, and a consent that was taken back can wait
# for the month's notice. A consent that was given again undoes nothing: what was taken back stays away.
_UNFIT: Final = """
SELECT i.release_id, i.battle_id, CASE
  WHEN a.account_id IS NULL OR w.account_id IS NULL THEN 'erased'
  WHEN p.state <> 'approved' THEN 'prompt'
  WHEN v.excluded_under <> '' THEN 'vote'
  WHEN EXISTS (
    SELECT 1 FROM (VALUES (p.author_id), (v.contributor_id)) AS person (id) WHERE NOT EXISTS (
      SELECT 1 FROM contributors_consent k
      WHERE k.contributor_id = person.id AND k.kind = 'licensing' AND k.withdrawn_at IS NULL)) THEN 'consent'
END AS reason
FROM release_item i
JOIN battles_battle b ON b.id = i.battle_id
JOIN battles_vote v ON v.battle_id = b.id
JOIN prompts_prompt p ON p.id = b.prompt_id
JOIN contributors_contributor a ON a.id = p.author_id
JOIN contributors_contributor w ON w.id = v.contributor_id
WHERE NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id)
"""
_FOUND: Final = sql.SQL(
    "SELECT * FROM ({unfit}) AS unfit WHERE reason IS NOT NULL ORDER BY release_id, battle_id LIMIT %s"
).format(unfit=sql.SQL(_UNFIT))
# Rows that were taken back, and those of people who were left out later. Whoever was left out from the beginning, or is
# told in no words at all, was in no copy, and nobody is asked to delete what they never had.
_OWED: Final = """
SELECT e.id, i.battle_id FROM licensing_edition e
JOIN release_item i ON i.release_id = e.release_id
LEFT JOIN licensing_tombstone t ON t.battle_id = i.battle_id
LEFT JOIN battles_vote v ON v.battle_id = i.battle_id
LEFT JOIN licensing_leftout o ON o.release_id = i.release_id AND o.contributor_id = v.contributor_id
WHERE EXISTS (SELECT 1 FROM licensing_delivery d WHERE d.edition_id = e.id)
  AND (%(release)s::bigint IS NULL OR e.release_id = %(release)s)
  AND (t.battle_id IS NOT NULL OR o.is_later)
  AND o.is_later IS DISTINCT FROM false
  AND (v.id IS NULL OR EXISTS (
    SELECT 1 FROM licensing_persongeneralization g WHERE g.contributor_id = v.contributor_id))
  AND NOT EXISTS (
    SELECT 1 FROM licensing_noticerow n WHERE n.licensee_id = e.licensee_id AND n.battle_id = i.battle_id)
ORDER BY e.id, i.battle_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfitRow:
    """A released battle that must be taken back, why, and whether licensees are told at once."""

    release_id: int
    battle_id: int
    reason: TombstoneReason
    is_urgent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRow:
    """A row that a licensee has received and was not told about; ``name`` is the one in their copy."""

    licensee_id: int
    battle_id: int
    name: str
    is_urgent: bool


def unfit_rows(*, limit: int) -> list[UnfitRow]:
    """Return released battles whose author, voter, prompt or vote does not allow it any more, a number at a time."""
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [limit])
        return [
            UnfitRow(
                release_id=release_id,
                battle_id=battle_id,
                reason=TombstoneReason(reason),
                is_urgent=reason == TombstoneReason.ERASED,
            )
            for release_id, battle_id, reason in cursor.fetchall()
        ]


def owed_rows(*, release_id: int | None = None) -> list[OwedRow]:
    """Return the rows taken or held back that licensees have received, and of which no notice is written yet.

    Of one release when asked for one. A licensee has received a row when any file of a revision was claimed whose
    manifest does not say that it is gone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OWED, {"release": release_id})
        pairs: list[tuple[int, int]] = cursor.fetchall()
    by_edition: dict[int, list[int]] = {}
    for edition_id, battle_id in pairs:
        by_edition.setdefault(edition_id, []).append(battle_id)
    return [row for edition_id, battles in by_edition.items() for row in _received(edition_id, battles)]


def _received(edition_id: int, battles: list[int]) -> list[OwedRow]:
    edition = Edition.objects.get(pk=edition_id)
    names = names_for(edition.licensee_id)
    # Gone for this licensee is only what was gone from every revision that they fetched.
    gone = frozenset.intersection(*(rows_gone(manifest) for manifest in _manifests_fetched(edition)))
    urgent = set(Tombstone.objects.filter(pk__in=battles, is_urgent=True).values_list("pk", flat=True))
    return [
        OwedRow(licensee_id=edition.licensee_id, battle_id=battle, name=name, is_urgent=battle in urgent)
        for battle in battles
        if (name := names.row(battle).hex()) not in gone
    ]


def _manifests_fetched(edition: Edition) -> list[dict[str, Any]]:
    fetched = set(edition.deliveries.values_list("revision", flat=True))
    kept = dict(EditionRevision.objects.filter(edition=edition, number__in=fetched).values_list("number", "manifest"))
    if edition.revision in fetched:
        kept[edition.revision] = edition.manifest
    # Of a revision whose manifest was not kept, nothing is known to be gone.
    return [kept.get(number, {}) for number in sorted(fetched)]


def editions_to_rewrite() -> list[int]:
    """Return the offers some of whose editions hold rows that were taken back, oldest first."""
    affected = (
        Edition.objects.filter(
            release__state="sealed",
            release__release_items__battle__battle__tombstone__isnull=False,
        )
        .order_by("pk")
        .distinct()
    )
    return sorted({edition.offer_id for edition in affected if rows_still_in(edition)})


def terms_in_force() -> Terms:
    """Return the days of clause W11; raises ``UnknownClause`` when the rulebook has none."""
    return Terms(
        notice_days=int(parameter(TERMS_CLAUSE, "notice_days")),
        urgent_days=int(parameter(TERMS_CLAUSE, "urgent_days")),
        escalation_days=int(parameter(TERMS_CLAUSE, "escalation_days")),
    )


def waiting_rows(licensee_id: int) -> tuple[list[NoticeRow], list[NoticeRow]]:
    """Return the rows of which a licensee was not told yet, by name: the urgent ones, then the others.

    A row of somebody who asked to be erased is urgent, also when it was taken back for another reason before.
    """
    waiting = NoticeRow.objects.filter(licensee=licensee_id, notice=None).order_by("name")
    is_urgent = Q(is_urgent=True) | Q(battle__prompt__author__account=None) | Q(battle__vote__contributor__account=None)
    urgent = list(waiting.filter(is_urgent))
    taken = {row.pk for row in urgent}
    return urgent, [row for row in waiting if row.pk not in taken]


def owing() -> list[int]:
    """Return the licensees for whom rows wait."""
    return list(
        NoticeRow.objects.filter(notice=None).order_by("licensee").values_list("licensee", flat=True).distinct()
    )


def pressing_notices(*, now: datetime) -> list[int]:
    """Return the notices that nobody has acknowledged and about which something may be due."""
    unanswered = Notice.objects.filter(acknowledged_at=None, suspended_at=None)
    return list(unanswered.filter(issued_at__lte=now).order_by("pk").values_list("pk", flat=True))


def due_letters(*, now: datetime, limit: int = 100) -> list[int]:
    """Return the mails that wait to be handed over, oldest first."""
    due = Letter.objects.filter(sent_at=None, next_try_at__lte=now)
    return list(due.order_by("next_try_at", "pk").values_list("pk", flat=True)[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """A notice with the entry that carries its digest, and the proof of it."""

    notice: Notice
    entry: PublicProof | None


def notices_of(licensees: Iterable[int]) -> list[Notice]:
    """Return the notices to licensees, newest first."""
    found = Notice.objects.select_related("licensee__organization").filter(licensee__in=list(licensees))
    return list(found.order_by("-pk"))


def notice_page(licensees: Iterable[int] | None, notice_id: int) -> NoticePage | None:
    """Return a notice to one of these licensees, or to any when none are given, with its proof; else None."""
    found = Notice.objects.select_related("licensee__organization").filter(pk=notice_id).first()
    if found is None or (licensees is not None and found.licensee_id not in set(licensees)):
        return None
    event = LicensingEvent.NOTICE_ISSUED.value
    return NoticePage(notice=found, entry=publicly_proved(lambda size: receipt_for(found.ref, event, size=size)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedRow:
    """A line of the revocation feed; ``cursor`` is the place behind it."""

    row: str
    release: int
    notice: int
    issued_at: datetime
    due_at: datetime
    urgent: bool
    cursor: str


def revocations(licensee_ids: Iterable[int], *, after: tuple[int, str] | None, limit: int) -> list[RevokedRow]:
    """Return rows that licensees were told to delete, in the order of the notices, then of their names."""
    told = NoticeRow.objects.filter(licensee__in=list(licensee_ids), notice__isnull=False)
    if after is not None:
        notice_id, name = after
        told = told.filter(Q(notice__gt=notice_id) | Q(notice=notice_id, name__gt=name))
    rows = told.order_by("notice_id", "name").values_list(
        "name",
        "battle__eligibility__release_item__release_id",
        "notice_id",
        "notice__number",
        "notice__issued_at",
        "notice__due_at",
        "notice__is_urgent",
    )
    return [
        RevokedRow(
            row=name,
            release=release,
            notice=number,
            issued_at=issued_at,
            due_at=due_at,
            urgent=urgent,
            cursor=f"{notice_id}-{name}",
        )
        for name, release, notice_id, number, issued_at, due_at, urgent in rows[:limit]
    ]


def withdrawn_counts(release_id: int) -> list[tuple[str, int]]:
    """Return how many rows of a release were taken back, by reason."""
    found = Tombstone.objects.filter(battle__eligibility__release_item__release_id=release_id)
    return list(found.values_list("reason").annotate(rows=Count("pk")).order_by("reason"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseWithdrawals:
    """What was taken back of one release, and how far its licensees are with it."""

    rows: int
    by_reason: list[tuple[str, int]]
    notices: list[Notice]
    deliveries: int

    @property
    def unanswered(self) -> int:
        """How many of the notices nobody has acknowledged."""
        return sum(notice.acknowledged_at is None for notice in self.notices)


def release_withdrawals(release_id: int) -> ReleaseWithdrawals:
    """Return what was taken back of a release: counts and dates, no row and no person."""
    by_reason = [(str(TombstoneReason(reason).label), rows) for reason, rows in withdrawn_counts(release_id)]
    notices = (
        Notice.objects.select_related("licensee__organization")
        .filter(told__battle__eligibility__release_item__release_id=release_id)
        .order_by("pk")
        .distinct()
    )
    return ReleaseWithdrawals(
        rows=sum(rows for _reason, rows in by_reason),
        by_reason=by_reason,
        notices=list(notices),
        deliveries=sum(edition.deliveries.count() for edition in Edition.objects.filter(release_id=release_id)),
    )


def public_counts() -> PublicCounts:
    """Return the numbers that everybody sees."""
    reasons = Tombstone.objects.values_list("reason").annotate(rows=Count("pk")).order_by("reason")
    told = Notice.objects.aggregate(notices=Count("pk"), unanswered=Count("pk", filter=Q(acknowledged_at=None)))
    return PublicCounts(
        **delivery_counts(),
        **told,
        rows_taken_back=sum(rows for _reason, rows in reasons),
        rows_told=NoticeRow.objects.filter(notice__isnull=False).count(),
        incidents=ReadIncident.objects.count(),
        by_reason=tuple((str(TombstoneReason(reason).label), rows) for reason, rows in reasons),
    )
