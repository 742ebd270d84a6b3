"""Taking released rows back: what is not fit any more, everything of a person, or a whole release."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    Offer,
    OfferState,
    Release,
    ReleaseItem,
    ReleaseState,
    TombstoneReason,
)
from apps.licensing.permissions import may_license, may_tend_deliveries
from apps.licensing.queries.withdrawals import TERMS_CLAUSE, UnfitRow, unfit_rows
from apps.licensing.services.attempts import require_reauthenticated

_AT_ONCE: Final = 10_000
_BURY: Final = """
INSERT INTO licensing_tombstone (battle_id, reason, is_urgent, at)
SELECT t.battle_id, t.reason, t.is_urgent, clock_timestamp() FROM unnest(%s::bigint[], %s::text[], %s::boolean[])
  AS t (battle_id, reason, is_urgent) ORDER BY t.battle_id ON CONFLICT DO NOTHING RETURNING battle_id
"""


class NotWithdrawable(Refused):
    """The release is not sealed, or was withdrawn before."""


@transaction.atomic
def take_back_unfit_rows(*, actor: Actor, now: datetime) -> int:
    """Write a tombstone for every released row that its people, its prompt or its vote do not allow any more.

    Returns how many were written, at most ten thousand at a time. What was taken back stays away, also when a consent
    is given again. Nothing names a person: a tombstone has a battle and one word.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Rows are taken back by the platform itself."))
    return _take_back(actor, unfit_rows(limit=_AT_ONCE), now)


@transaction.atomic
def take_back_rows_of(*, actor: Actor, contributor_id: int, now: datetime) -> int:
    """Take back every released row that somebody wrote or voted on, since they asked to be erased; return how many.

    The service that erases a person calls this in the same transaction; the nightly look would find the rows as well.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Rows are taken back by the platform itself."))
    items = ReleaseItem.objects.filter(
        Q(battle__battle__vote__contributor_id=contributor_id) | Q(battle__battle__prompt__author_id=contributor_id)
    ).exclude(battle__battle__tombstone__isnull=False)
    rows = [
        UnfitRow(release_id=release_id, battle_id=battle_id, reason=TombstoneReason.ERASED, is_urgent=True)
        for battle_id, release_id in items.values_list("battle_id", "release_id")
    ]
    return _take_back(actor, rows, now)


@transaction.atomic
def withdraw_release(*, actor: Actor, release_id: int, is_urgent: bool, now: datetime) -> Release:
    """Withdraw a sealed release whole: nothing more of it is delivered, and whoever received it is told to delete it.

    Its battles stay released for good: nobody gets them a second time.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor is no licensing officer, or has not lately proved it.
        NotWithdrawable: when it is not sealed.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers withdraw releases."))
    require_reauthenticated(actor, now)
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if release.state != ReleaseState.SEALED:
        raise NotWithdrawable(
            _("Release %(number)d is %(state)s and cannot be withdrawn.")
            % {"number": release.pk, "state": release.get_state_display()},
            clause=TERMS_CLAUSE,
            subject=release.ref,
        )
    release.state, release.withdrawn_at = ReleaseState.WITHDRAWN, now
    release.save(update_fields=["state", "withdrawn_at"])
    Offer.objects.filter(release=release, ended_at=None).update(
        state=OfferState.WITHDRAWN, ended_at=now, ended_clause=TERMS_CLAUSE
    )
    left = ReleaseItem.objects.filter(release=release).exclude(battle__battle__tombstone__isnull=False)
    rows = [
        UnfitRow(release_id=release.pk, battle_id=battle, reason=TombstoneReason.RELEASE, is_urgent=is_urgent)
        for battle in left.values_list("battle_id", flat=True)
    ]
    written = _bury(rows)
    record(
        LicensingEvent.WITHDRAWN,
        actor=actor,
        subject=release.ref,
        at=now,
        clause=TERMS_CLAUSE,
        facts={"rows": len(written), "is_urgent": is_urgent},
    )
    return release


def _take_back(actor: Actor, rows: Sequence[UnfitRow], now: datetime) -> int:
    written = _bury(rows)
    for release_id, of_release in _by_release(written):
        counted = Counter(row.reason.value for row in of_release)
        record(
            LicensingEvent.ROWS_TAKEN_BACK,
            actor=actor,
            subject=f"licensing.release:{release_id}",
            at=now,
            clause=TERMS_CLAUSE,
            facts={"rows": len(of_release), "reasons": dict(sorted(counted.items()))},
        )
    return len(written)


def _bury(rows: Sequence[UnfitRow]) -> list[UnfitRow]:
    """Write tombstones, and return the rows that had none; another process may write some of them right now."""
    ordered = sorted(rows, key=lambda row: row.battle_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _BURY,
            [
                [row.battle_id for row in ordered],
                [row.reason.value for row in ordered],
                [row.is_urgent for row in ordered],
            ],
        )
        written = {battle_id for (battle_id,) in cursor.fetchall()}
    return [row for row in ordered if row.battle_id in written]


def _by_release(rows: Iterable[UnfitRow]) -> list[tuple[int, list[UnfitRow]]]:
    found: dict[int, list[UnfitRow]] = {}
    for row in rows:
        found.setdefault(row.release_id, []).append(row)
    return sorted(found.items())
