"""A further turn of a battle: what its contributor writes after the first answers."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.services import commit_to, record
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, Turn
from apps.battles.services.battle_rows import BattleIsOver, hold_clusters_of, lock_own_battle
from apps.battles.services.closing import has_expired
from apps.contributors.queries import contributor_of
from apps.prompts.services import place_turn

FIRST_TURN = 1


@transaction.atomic
def add_turn(*, actor: Actor, battle: Battle, text: str, now: datetime) -> Turn:
    """Add the contributor's further words to their own battle that waits for its vote.

    The words live in a cluster as a prompt's do, and the turn is a live event on all clusters of the battle; the
    wall's triggers see to both. Words on which a person would have to look stay unscreened, so that no release holds
    the battle. Very short ones have no cluster.

    Raises:
        NotAContributor: when the actor may not take part.
        NothingWritten, TooLong: when clause P6 does not let the words in.
        NoSuchBattle: when the battle is not the actor's.
        BattleIsOver: when it does not wait for a vote, or not any more.
    """
    contributor = contributor_of(actor)
    language = Battle.objects.filter(pk=battle.pk).values_list("language", flat=True).first() or ""
    # The lock of founding comes before the clusters', and these before the battle's; see battle_rows.
    placed = place_turn(actor=actor, text=text, language=language, now=now)
    hold_clusters_of(battle.pk)
    battle = lock_own_battle(contributor, battle.pk)
    if battle.state != BattleState.READY:
        raise BattleIsOver(_("Words can be added while a battle waits for its vote."), clause="B1", subject=battle.ref)
    if has_expired(battle, now=now):
        raise BattleIsOver(_("This battle waited too long for a vote."), clause="B2", subject=battle.ref)
    turn = Turn.objects.create(
        battle=battle,
        number=1 + (battle.turns.order_by("-number").values_list("number", flat=True).first() or FIRST_TURN),
        text=placed.text,
        text_sha256=placed.sha256,
        language=language,
        cluster=placed.cluster,
        screened_at=now if placed.is_clean else None,
        created_at=now,
    )
    record(
        BattleEvent.TURN_ADDED,
        actor=actor,
        subject=battle.ref,
        at=now,
        facts={
            "number": turn.number,
            "text": commit_to(placed.text, subject=battle.ref),
            "cluster": placed.cluster.pk if placed.cluster else None,
            "screened": placed.is_clean,
        },
    )
    # The wall's triggers had the last word on these.
    turn.refresh_from_db(fields=["created_at"])
    return turn
