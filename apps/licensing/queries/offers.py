"""Offers: what is due on them, what stands between one and its opening, and who is tied to whom."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from apps.licensing.models import (
    Act,
    Attempt,
    AttemptState,
    Objection,
    ObjectionState,
    Offer,
    OfferState,
)
from apps.organizations.models import Organization
from apps.policy.queries import UnknownClause, clause, current_version

AGAIN_AFTER: Final = timedelta(days=1)
UNDER_WAY: Final = (OfferState.BUILDING, OfferState.AWAITING, OfferState.ANNOUNCED, OfferState.SUSPENDED)
IN_PUBLIC: Final = (OfferState.ANNOUNCED, OfferState.SUSPENDED, OfferState.OPEN)

_DUE: Final = """
SELECT o.id FROM licensing_offer o
WHERE o.state = 'announced' AND o.opens_at <= clock_timestamp()
  AND NOT EXISTS (SELECT 1 FROM licensing_attempt a WHERE a.offer_id = o.id AND a.act = 'open'
    AND (a.state = 'attempted' OR a.state = 'refused' AND a.closed_at > %s))
ORDER BY o.opens_at, o.id
"""


_TO_HALT: Final = """
SELECT o.id FROM licensing_offer o WHERE o.state IN ('announced', 'suspended', 'open')
  AND NOT EXISTS (SELECT 1 FROM licensing_halt h WHERE h.offer_id = o.id AND h.ended_at IS NULL)
  AND offer_tied_approvers(o.id) <> '{}' ORDER BY o.id
"""
_TO_RESUME: Final = """
SELECT o.id FROM licensing_offer o JOIN licensing_halt h ON h.offer_id = o.id AND h.ended_at IS NULL
WHERE offer_tied_approvers(o.id) = '{}' ORDER BY o.id
"""


def offers_due_to_open() -> list[int]:
    """Return the ids of offers whose lock is over by the database's clock, unless one was refused within a day."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [timezone.now() - AGAIN_AFTER])
        return [offer_id for (offer_id,) in cursor.fetchall()]


def offers_holding_rows() -> list[int]:
    """Return the ids of offers of which an edition may hold a row that was taken back."""
    living = Offer.objects.filter(state__in=[*UNDER_WAY, OfferState.OPEN], editions__isnull=False).distinct()
    return [offer.pk for offer in living.order_by("pk") if rows_to_leave(offer.pk)]


def overdue_objections(*, now: datetime) -> list[int]:
    """Return the ids of objections that were to be decided by now and of which nobody was told yet."""
    late = Objection.objects.filter(state=ObjectionState.OPEN, due_at__lte=now, escalated_at=None)
    return list(late.order_by("due_at", "pk").values_list("pk", flat=True))


def digest_of(offer_id: int) -> str | None:
    """Return what approvals of an offer would bind now; None while editions are missing or a manifest was exchanged."""
    return asked("SELECT offer_digest(%s)", offer_id)  # type: ignore[no-any-return]


def ties_of(offer_id: int, account_id: int) -> list[Organization]:
    """Return those who get an offer and to whom a person is tied by employment or ownership, at any distance."""
    found = asked("SELECT offer_ties_of(%s, %s)", offer_id, account_id)
    return list(Organization.objects.filter(pk__in=found or []))


def on_the_board(release_id: int) -> list[Organization]:
    """Return the licensees of a release that have a model on the board, themselves or by a tie at any distance."""
    return list(Organization.objects.filter(pk__in=asked("SELECT release_on_the_board(%s)", release_id) or []))


def rows_to_leave(offer_id: int) -> int:
    """Return how many rows that were taken back the editions of an offer may still hold."""
    return int(asked("SELECT offer_rows_to_leave(%s)", offer_id))


def items_younger(release_id: int, days: int) -> int:
    """Return how many items of a release had their last live event fewer than some days ago."""
    return int(asked("SELECT release_items_younger(%s, %s)", release_id, days))


def hold_back_days(offer: Offer) -> int:
    """Return how long a licensee on the board waits: the longest of the pinned versions and the one in force."""
    return greater(offer, "W5", "hold_back_days", 180)


def held_back(offer: Offer) -> int:
    """Return how many items are too young for whoever gets the release and is on the board by now; 0 for nobody."""
    return items_younger(offer.release_id, hold_back_days(offer)) if on_the_board(offer.release_id) else 0


def lock_hours(offer: Offer) -> int:
    """Return how long a notice lasts: the longest of the pinned versions and the one in force."""
    return greater(offer, "W6", "hours", 72)


def approvals_needed(offer: Offer) -> int:
    """Return how many people must approve: the most that the pinned versions and the one in force ask for."""
    return greater(offer, "W4", "approvals", 2)


def tied_approvers(offer_id: int) -> list[int]:
    """Return the accounts that approved an offer and are tied by now to somebody who gets it."""
    return list(asked("SELECT offer_tied_approvers(%s)", offer_id) or [])


def offers_to_halt() -> list[int]:
    """Return the ids of offers of which something leaves, or may, although an approver is tied by now."""
    return _numbers(_TO_HALT)


def offers_to_resume() -> list[int]:
    """Return the ids of halted offers of which no approver is tied any more."""
    return _numbers(_TO_RESUME)


def _numbers(question: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return [number for (number,) in cursor.fetchall()]


def last_refused_opening(offer: Offer) -> Attempt | None:
    """Return the newest attempt to open an offer that was refused."""
    refused = Attempt.objects.filter(offer=offer, act=Act.OPEN, state=AttemptState.REFUSED)
    return refused.order_by("-closed_at", "-pk").first()


def greater(offer: Offer, number: str, name: str, at_least: int) -> int:
    """Return a number of the rulebook for an offer: the greatest of the pinned versions and the one in force."""
    found = [at_least]
    for version in {offer.release.policy_version, offer.policy_version, current_version()}:
        try:
            found.append(int(clause(number, version=version).parameters.get(name, at_least)))
        except UnknownClause:
            continue
    return max(found)


def asked(question: str, *about: int) -> Any:
    """Return what a function of the database answers."""
    with connection.cursor() as cursor:
        cursor.execute(question, list(about))
        (answer,) = cursor.fetchone()
    return answer
