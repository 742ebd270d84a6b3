"""How many battles ended in a vote, and what was told of pairs before: what stands beside the boards."""

from datetime import datetime
from typing import Any, Final

from django.db import connection

from apps.battles.models import Source
from apps.rankings.models import BoardFact, FactKind, Method, Snapshot

#: Lower and higher model, language, category, whether a vote was cast, battles.
ShownBattles = list[tuple[int, int, str, str, bool, int]]

# Voted ones were shown. One that ended without a vote was shown where both of its answers are there.
_SHOWN: Final = """
SELECT least(left_model_id, right_model_id), greatest(left_model_id, right_model_id), language, category, voted,
  count(*)
FROM battles_battle b
WHERE source = %(source)s AND tag IS NULL AND opened_at <= %(until)s AND (
  state = 'voted'
  OR (state IN ('skipped', 'expired') AND (SELECT count(*) FROM battles_response r WHERE r.battle_id = b.id) = 2)
)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
_NEWEST: Final = """
SELECT vote_id FROM rankings_votestanding WHERE since_id <= %s ORDER BY vote_id DESC LIMIT 1
"""


def shown_battles(*, until: datetime) -> ShownBattles:
    """Return how many drawn battles were shown in full and are over, by pair, language, category and whether voted."""
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, {"source": Source.PLATFORM.value, "until": until})
        return [
            (low, high, language, category, voted, battles)
            for low, high, language, category, voted, battles in cursor.fetchall()
        ]


def pairs_told_before() -> dict[str, list[dict[str, Any]]]:
    """Return what each segment's board that was last published tells of pairs, by segment."""
    rows = BoardFact.objects.filter(
        kind=FactKind.HEAD_TO_HEAD,
        board__holding__isnull=False,
        board__method=Method.PLAIN,
        board__is_without_released=False,
    )
    return {segment: data["pairs"] for segment, data in rows.values_list("board__segment", "data")}


def newest_vote_at(taken_at: datetime) -> int | None:
    """Return the largest id among the votes that a snapshot of this moment, or an earlier one, had read."""
    snapshot = Snapshot.objects.published().filter(taken_at__lte=taken_at).order_by("-pk").first()
    if snapshot is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [snapshot.pk])
        row = cursor.fetchone()
    return None if row is None else int(row[0])
