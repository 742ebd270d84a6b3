"""What a snapshot published, as far as it can be checked: its own boards, their tables, and who was erased since."""

from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from apps.audit.queries import receipt_for
from apps.contributors.events import ContributorEvent
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.events import RankingEvent
from apps.rankings.models import Board, BoardFact, FactKind, Method, Snapshot

_ERASED: Final = """
SELECT DISTINCT c.id FROM audit_entry e JOIN contributors_contributor c
  ON e.subject = 'contributors.contributor:' || c.id
WHERE e.event = %s AND c.account_id IS NULL AND e.recorded_at >= %s ORDER BY c.id
"""


def everybodys_fact(snapshot: Snapshot, kind: FactKind, method: Method) -> BoardFact | None:
    """Return a table of everybody's board; that of an earlier snapshot where the board stands as it was."""
    board = snapshot.boards.filter(segment=EVERYONE, method=method, dataset=None, is_without_released=False).first()
    if board is None:
        return None
    return (
        BoardFact.objects.select_related("board").filter(board_id=board.stands_from_id or board.pk, kind=kind).first()
    )


def boards_made_in(snapshot: Snapshot) -> list[Board]:
    """Return the shown boards of the platform's votes that were computed for this snapshot, with their ratings."""
    found = snapshot.boards.filter(dataset=None, stands_from=None, suppressed_because="", is_without_released=False)
    return list(found.prefetch_related("ratings__model", "facts").order_by("segment", "method"))


def published_facts(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the log said when the snapshot was published; nothing where it has no such entry."""
    entry = receipt_for(snapshot.ref, RankingEvent.PUBLISHED)
    return entry.facts if entry is not None else {}


def erased_since(snapshot: Snapshot) -> list[int]:
    """Return the contributors who were erased after the snapshot was published."""
    with connection.cursor() as cursor:
        cursor.execute(_ERASED, [ContributorEvent.ERASED.value, snapshot.published_at])
        return [number for (number,) in cursor.fetchall()]


def correction_notice(snapshot: Snapshot) -> str:
    """Return what stands above a snapshot that was corrected; empty where it was not."""
    newest = snapshot.corrections.published().order_by("-pk").first()
    if newest is None:
        return ""
    return _("Snapshot %(number)s corrects this one: %(why)s") % {"number": newest.pk, "why": newest.correction}
