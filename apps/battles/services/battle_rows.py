"""Locking the rows of a battle, in the one order that cannot meet retirement or sealing halfway.

The wall's functions lock clusters first and reach battles through foreign keys. So whoever is about to make a live
event holds the clusters before the battle, and holds the battle with a lock that lets foreign keys through.
"""

from typing import Any, Final, cast

from django.db import connection
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from apps.audit.domain.refusal import NotPermitted, Refused
from apps.battles.models import Battle, Response
from apps.contributors.models import Contributor

_HOLD_CLUSTERS_OF: Final = (
    "SELECT id FROM prompts_cluster WHERE id IN (SELECT cluster_id FROM battle_cluster WHERE battle_id = %s)"
    " ORDER BY id FOR KEY SHARE"
)
_WHAT_A_VOTE_NEEDS: Final = ("contributor", "state", "opened_at", "language", "category")
_HOLD_CLUSTER: Final = "SELECT merged_into_id FROM prompts_cluster WHERE id = %s FOR KEY SHARE"


class NoSuchBattle(NotPermitted):
    """The battle is somebody else's, or there is none; which of the two is not told."""


class BattleIsOver(Refused):
    """The battle ended before: it is void, skipped, expired or voted on."""


def hold_clusters_of(battle_id: int) -> None:
    """Keep the battle's clusters from being retired, sealed or merged until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_CLUSTERS_OF, [battle_id])


def hold_living_cluster(cluster_id: int) -> int:
    """Keep the cluster, or the one into which it was merged at last, as it is, and return its id."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_HOLD_CLUSTER, [cluster_id])
            (merged_into,) = cursor.fetchone()
            if merged_into is None:
                return cluster_id
            cluster_id = merged_into


def lock_battle(battle_id: int) -> Battle:
    """Return the battle's row, locked. Raises ``NoSuchBattle``."""
    battle = Battle.objects.select_for_update(no_key=True).filter(pk=battle_id).first()
    if battle is None:
        raise NoSuchBattle(_("There is no such battle of yours."))
    return battle


def lock_own_battle(contributor: Contributor, battle_id: int) -> Battle:
    """Return the contributor's own battle, locked. Raises ``NoSuchBattle``."""
    return _own(contributor, lock_battle(battle_id))


def lock_own_battle_with_answers(contributor: Contributor, battle_id: int) -> tuple[Battle, int]:
    """Return the contributor's own battle, locked, and how many answers it has. Raises ``NoSuchBattle``."""
    # Counted by a subquery, since PostgreSQL locks no rows of a query that groups.
    answers = Response.objects.filter(battle=OuterRef("pk")).order_by().values("battle").values(n=Count("pk"))
    locked = Battle.objects.select_for_update(no_key=True).filter(pk=battle_id)
    counted = locked.annotate(answers=Coalesce(Subquery(answers), 0)).only(*_WHAT_A_VOTE_NEEDS)
    battle = counted.first()
    if battle is None:
        raise NoSuchBattle(_("There is no such battle of yours."))
    return _own(contributor, battle), cast(Any, battle).answers


def _own(contributor: Contributor, battle: Battle) -> Battle:
    if battle.contributor_id != contributor.pk:
        raise NoSuchBattle(_("There is no such battle of yours."), subject=battle.ref)
    return battle
