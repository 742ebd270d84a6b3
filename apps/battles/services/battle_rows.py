"""Locking the rows of a battle, in the one order that cannot meet retirement or sealing halfway.

The wall's functions lock clusters first and reach battles through foreign keys. So whoever is about to make a live
event holds the clusters before the battle, and holds the battle with a lock that lets foreign keys through.
"""

from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from apps.audit.domain.refusal import NotPermitted, Refused
from apps.battles.models import Battle
from apps.contributors.models import Contributor

_HOLD_CLUSTERS_OF: Final = (
    "SELECT id FROM prompts_cluster WHERE id IN (SELECT cluster_id FROM battle_cluster WHERE battle_id = %s)"
    " ORDER BY id FOR KEY SHARE"
)
# Both locks in one statement, since every vote waits for it: the battle's row is locked when it leaves the join, and
# the join begins when all clusters are held and counted.
_LOCK_FOR_VOTE: Final = (
    "WITH held AS MATERIALIZED ("
    "SELECT id FROM prompts_cluster WHERE id IN (SELECT cluster_id FROM battle_cluster WHERE battle_id = %(battle)s)"
    " ORDER BY id FOR KEY SHARE)"
    " SELECT b.id, b.contributor_id, b.left_model_id, b.right_model_id, b.left_endpoint_id, b.right_endpoint_id,"
    " b.pair_probability, b.language, b.category, b.state, b.opening_key, b.opened_at,"
    " (SELECT count(*) FROM battles_response r WHERE r.battle_id = b.id)"
    " FROM (SELECT count(*) FROM held) AS clusters JOIN battles_battle b ON b.id = %(battle)s"
    " FOR NO KEY UPDATE OF b"
)
# In the order of the model's fields, as from_db() wants them.
_OF_A_BATTLE: Final = (
    "id",
    "contributor_id",
    "left_model_id",
    "right_model_id",
    "left_endpoint_id",
    "right_endpoint_id",
    "pair_probability",
    "language",
    "category",
    "state",
    "opening_key",
    "opened_at",
)
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


def lock_own_battle_for_vote(contributor: Contributor, battle_id: int) -> tuple[Battle, int]:
    """Return the contributor's own battle, locked after its clusters, and how many answers it has.

    The battle comes with what a vote needs of it, and no more. Raises ``NoSuchBattle``.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_FOR_VOTE, {"battle": battle_id})
        row = cursor.fetchone()
    if row is None:
        raise NoSuchBattle(_("There is no such battle of yours."))
    return _own(contributor, Battle.from_db(connection.alias, _OF_A_BATTLE, row[:-1])), row[-1]


def _own(contributor: Contributor, battle: Battle) -> Battle:
    if battle.contributor_id != contributor.pk:
        raise NoSuchBattle(_("There is no such battle of yours."), subject=battle.ref)
    return battle
