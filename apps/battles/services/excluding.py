"""Leaving a contributor's votes out of the boards by a decision, and taking them back in."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.battles.events import BattleEvent
from apps.battles.models import Vote, VoteQuerySet
from apps.battles.permissions import may_exclude_votes
from apps.contributors.models import Contributor


@transaction.atomic
def exclude_votes(*, actor: Actor, contributor: Contributor, clause: str, now: datetime) -> int:
    """Leave out every vote of a contributor that counts now, under a clause, and return how many these were.

    Votes that an earlier decision left out keep its clause. Raises ``NotPermitted``.
    """
    _require(actor, contributor)
    ids = _lock(Vote.objects.of(contributor).counted())
    Vote.objects.filter(public_id__in=ids).update(excluded_under=clause, excluded_at=now)
    record(
        BattleEvent.VOTES_EXCLUDED,
        actor=actor,
        subject=contributor.ref,
        at=now,
        clause=clause,
        facts={"votes": len(ids), "ids_digest": _digest(ids)},
    )
    return len(ids)


@transaction.atomic
def restore_votes(*, actor: Actor, contributor: Contributor, now: datetime) -> int:
    """Let every vote of a contributor count again, and return how many were left out before.

    Raises ``NotPermitted``.
    """
    _require(actor, contributor)
    ids = _lock(Vote.objects.of(contributor).excluded())
    Vote.objects.filter(public_id__in=ids).update(excluded_under="", excluded_at=None)
    record(
        BattleEvent.VOTES_RESTORED,
        actor=actor,
        subject=contributor.ref,
        at=now,
        facts={"votes": len(ids), "ids_digest": _digest(ids)},
    )
    return len(ids)


def _require(actor: Actor, contributor: Contributor) -> None:
    if not may_exclude_votes(actor):
        raise NotPermitted(_("Only moderators decide whether votes count."), subject=contributor.ref)


def _lock(votes: VoteQuerySet) -> list[UUID]:
    """Lock the votes, so that exactly these are changed, and return their public ids in order."""
    return list(votes.select_for_update(no_key=True).order_by("pk").values_list("public_id", flat=True))


def _digest(ids: Iterable[UUID]) -> str:
    """Return SHA-256 over the sorted ids, 16 bytes each: whoever holds the list can show that it is this one."""
    return hashlib.sha256(b"".join(sorted(each.bytes for each in ids))).hexdigest()
