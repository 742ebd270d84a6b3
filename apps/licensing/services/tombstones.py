"""Taking back released rows whose consent, prompt, vote or author has gone: each gets a tombstone, for good."""

from collections import Counter
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import ReleaseItem

# A battle gets the first reason that holds. ``at`` is the database's, so that it can be compared with nothing older.
_TAKE_BACK: Final = """
INSERT INTO licensing_tombstone (battle_id, reason, is_urgent, at)
SELECT i.battle_id, found.reason, false, clock_timestamp()
FROM release_item i
JOIN battles_battle b ON b.id = i.battle_id
LEFT JOIN battles_vote v ON v.battle_id = b.id
LEFT JOIN prompts_prompt p ON p.id = b.prompt_id
CROSS JOIN LATERAL (SELECT CASE
  WHEN p.state IS DISTINCT FROM 'approved' THEN 'prompt'
  WHEN v.excluded_under IS DISTINCT FROM '' THEN 'vote'
  WHEN EXISTS (
    SELECT 1 FROM (VALUES (p.author_id), (v.contributor_id)) AS person (id) WHERE NOT EXISTS (
      SELECT 1 FROM contributors_consent k
      WHERE k.contributor_id = person.id AND k.kind = 'licensing' AND k.withdrawn_at IS NULL)) THEN 'consent'
  END AS reason) AS found
WHERE found.reason IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id)
ON CONFLICT (battle_id) DO NOTHING RETURNING battle_id, reason
"""


@transaction.atomic
def take_back_unfit_rows(*, actor: Actor, now: datetime) -> int:
    """Write a tombstone for every released row that its people, its prompt or its vote do not allow any more.

    Returns how many were written. Editions that still hold them are rewritten by the platform; until then nothing of
    their releases opens.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not actor.is_system:
        raise NotPermitted(_("Rows are taken back by the platform itself."))
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK)
        reasons = dict(cursor.fetchall())
    counted: dict[int, Counter[str]] = {}
    for battle_id, release_id in ReleaseItem.objects.filter(pk__in=reasons).values_list("battle_id", "release_id"):
        counted.setdefault(release_id, Counter())[reasons[battle_id]] += 1
    for release_id in sorted(counted):
        record(
            LicensingEvent.ROWS_TAKEN_BACK,
            actor=actor,
            subject=f"licensing.release:{release_id}",
            at=now,
            clause="W11",
            facts={"rows": counted[release_id].total(), "reasons": dict(sorted(counted[release_id].items()))},
        )
    return len(reasons)
