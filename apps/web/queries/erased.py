"""Who was erased, as the log has it, and what there is to be erased of somebody."""

from dataclasses import dataclass

from django.db import connections

from apps.battles.models import Vote
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Contributor
from apps.licensing.models import ReleaseItem
from apps.prompts.models import Prompt

# The log is the list: it is published outside the database, and ``log_recover`` brings newer entries back. Whoever
# joined after the entry was written is somebody else, to whom a restored counter gave the same number.
_CAME_BACK = """
SELECT DISTINCT c.id FROM audit_entry e JOIN contributors_contributor c
  ON e.subject = 'contributors.contributor:' || c.id
WHERE e.event = %s AND c.account_id IS NOT NULL AND c.joined_at <= e.recorded_at ORDER BY c.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToErase:
    """What erasing somebody would take away or change."""

    prompts: int
    votes: int
    released_rows: int


def erased_who_came_back(*, using: str = "default") -> list[int]:
    """Return the contributors who have an account although the log says that they were erased."""
    with connections[using].cursor() as cursor:
        cursor.execute(_CAME_BACK, [ContributorEvent.ERASED.value])
        return [number for (number,) in cursor.fetchall()]


def what_to_erase(contributor: Contributor) -> ToErase:
    """Count what erasing somebody would touch."""
    voted = ReleaseItem.objects.filter(battle__battle__vote__contributor=contributor)
    wrote = ReleaseItem.objects.filter(battle__battle__prompt__author=contributor)
    return ToErase(
        prompts=Prompt.objects.filter(author=contributor).count(),
        votes=Vote.objects.filter(contributor=contributor).count(),
        released_rows=(voted | wrote).distinct().count(),
    )
