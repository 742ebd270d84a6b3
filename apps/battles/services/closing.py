"""How a battle ends without a vote: void, skipped, expired."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.battles.domain.facts import facts_of_voiding
from apps.battles.events import BattleEvent
from apps.battles.models import (
    UNFINISHED,
    Battle,
    BattleState,
    EndpointFailure,
    Side,
    SkipReason,
    VoidReason,
)
from apps.battles.permissions import may_settle_battles
from apps.battles.queries import answers_awaited_until
from apps.battles.services.battle_rows import BattleIsOver, lock_battle, lock_own_battle
from apps.battles.services.draw_rows import opened_draw
from apps.contributors.queries import contributor_of
from apps.policy.queries import parameter


@transaction.atomic
def skip_battle(*, actor: Actor, battle: Battle, reason: SkipReason, now: datetime) -> Battle:
    """End one's own battle without a vote; skipping costs nothing.

    Raises:
        NoSuchBattle: when it is not the actor's.
        BattleIsOver: when it ended before.
    """
    battle = lock_own_battle(contributor_of(actor), battle.pk)
    if battle.state not in UNFINISHED:
        raise BattleIsOver(_("This battle has ended."), subject=battle.ref)
    battle.state = BattleState.SKIPPED
    battle.save(update_fields=["state"])
    record(
        BattleEvent.SKIPPED,
        actor=actor,
        subject=battle.ref,
        at=now,
        facts={"reason": SkipReason(reason).value, **opened_draw(battle)},
    )
    return battle


@transaction.atomic
def expire_battle(*, actor: Actor, battle_id: int, now: datetime) -> Battle:
    """Close a battle whose time is over, and return it; one that another hand has closed, or that is not due, stays.

    Nobody voted within the rulebook's hours: it expires. Its answers did not come within the rulebook's minutes,
    because the process that fetched them died: it is void.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_settle_battles(actor):
        raise NotPermitted(_("Only the platform itself closes battles."))
    battle = lock_battle(battle_id)
    if battle.state not in UNFINISHED:
        return battle
    if has_expired(battle, now=now):
        battle.state = BattleState.EXPIRED
        battle.save(update_fields=["state"])
        record(BattleEvent.EXPIRED, actor=actor, subject=battle.ref, at=now, clause="B2", facts=opened_draw(battle))
    elif (until := answers_awaited_until(battle)) is not None and now >= until:
        record_void(battle, actor=actor, reason=VoidReason.ABANDONED, side=None, now=now)
    return battle


def has_expired(battle: Battle, *, now: datetime) -> bool:
    """Whether the time in which a battle can be voted on is over."""
    return now >= battle.opened_at + timedelta(hours=float(parameter("B2", "hours")))


def record_void(battle: Battle, *, actor: Actor, reason: VoidReason, side: Side | None, now: datetime) -> Battle:
    """Write that a locked battle is void, and which endpoint is to blame; for the services of this package."""
    battle.state, battle.void_reason = BattleState.VOIDED, reason.value
    battle.save(update_fields=["state", "void_reason"])
    endpoint_id = None
    if side is not None:
        endpoint_id = battle.left_endpoint_id if side == Side.LEFT else battle.right_endpoint_id
    if side is not None and endpoint_id is not None:
        EndpointFailure.objects.create(battle=battle, endpoint_id=endpoint_id, side=side, reason=reason, failed_at=now)
    record(
        BattleEvent.VOIDED,
        actor=actor,
        subject=battle.ref,
        at=now,
        clause="B4",
        facts={**facts_of_voiding(reason=reason.value, endpoint=endpoint_id), **opened_draw(battle)},
    )
    return battle
