"""What opening an offer asks for, each with how it stands now; the database asks again at the moment itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from apps.licensing.models import ObjectionState, Offer, OfferState
from apps.licensing.queries.agreements import clock_now
from apps.licensing.queries.editions import due_rewrites
from apps.licensing.queries.offers import (
    approvals_needed,
    asked,
    digest_of,
    greater,
    hold_back_days,
    items_younger,
    lock_hours,
    on_the_board,
    rows_to_leave,
    tied_approvers,
    ties_of,
)
from apps.licensing.queries.people import rule_of, too_few_alike
from apps.licensing.queries.standing import hindered_of
from apps.organizations.models import Organization


class Now(StrEnum):
    """How a thing that opening asks for stands: it holds, it comes by itself or by people in time, or it is refused."""

    HOLDS = "holds"
    NOT_YET = "not-yet"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningCheck:
    """One thing that opening asks for; ``count``, ``least``, ``names``, ``why`` and ``until`` are shown beside it.

    ``now`` is ``later`` for what takes long to count and is asked of the database at the opening alone, unless somebody
    works on the release.
    """

    clause: str
    code: str
    now: Now
    count: int = 0
    least: int = 0
    names: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    until: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether it does not stand in the way now."""
        return self.now == Now.HOLDS


def opening_checks(offer: Offer, *, in_full: bool = True) -> tuple[OpeningCheck, ...]:
    """Return everything that opening asks for, in its order, as it stands now.

    Without ``in_full``, what reads every row with its people is left to the opening.
    """
    return (
        *_people(offer),
        *_rows(offer, in_full=in_full),
        *_ages(offer),
    )


def _people(offer: Offer) -> Iterator[OpeningCheck]:
    approved = offer.approvals.filter(digest=offer.digest).count() if offer.digest else 0
    needed = approvals_needed(offer)
    is_approved = approved >= needed
    yield OpeningCheck(
        clause="W4", code="approvals", now=_waits(is_approved), count=min(approved, needed), least=needed
    )
    same = not offer.digest or digest_of(offer.pk) == offer.digest
    yield OpeningCheck(clause="W4", code="digest", now=Now.REFUSED if not same else _waits(bool(offer.digest)))
    tied = {organization.name for person in tied_approvers(offer.pk) for organization in ties_of(offer.pk, person)}
    yield OpeningCheck(
        clause="W5",
        code="ties",
        now=Now.REFUSED if tied else _waits(is_approved),
        names=tuple(sorted(tied)),
    )
    yield _standing(offer)
    open_ones = offer.objections.filter(state=ObjectionState.OPEN).count() + offer.waiting.count()
    yield OpeningCheck(clause="W6", code="objections", now=_waits(not open_ones), count=open_ones)
    yield _lock(offer)


def _standing(offer: Offer) -> OpeningCheck:
    licensees = [each.licensee for each in offer.recipients.select_related("licensee__organization").order_by("pk")]
    stopped = hindered_of(licensees, at=clock_now())
    return OpeningCheck(
        clause="W5",
        code="standing",
        now=Now.REFUSED if stopped else Now.HOLDS,
        names=tuple(each.organization.name for each in licensees if each.pk in stopped),
        why=tuple(dict.fromkeys(stopped[each.pk].by.value for each in licensees if each.pk in stopped)),
    )


def _lock(offer: Offer) -> OpeningCheck:
    """The public notice, as long as the strictest version asks for; it stands still while an objection is open."""
    hours, until = lock_hours(offer), None
    if offer.announced_at is not None and offer.opens_at is not None:
        hours = max(hours, offer.lock_hours or 0)
        until = max(offer.opens_at, offer.announced_at + timedelta(hours=hours))
    is_over = until is not None and until <= clock_now() and offer.state != OfferState.SUSPENDED
    return OpeningCheck(clause="W6", code="notice", now=_waits(is_over), least=hours, until=until)


def _rows(offer: Offer, *, in_full: bool) -> Iterator[OpeningCheck]:
    leaving = rows_to_leave(offer.pk)
    is_behind = bool(leaving) or (in_full and bool(due_rewrites(offer_id=offer.pk)))
    yield OpeningCheck(clause="W11", code="rows", now=_waits(not is_behind), count=leaving)
    k = greater(offer, "W7", "k", rule_of(offer.release).k)
    built = [edition.manifest.get("contributors", {}).get("k", 0) for edition in offer.editions.all()]
    is_coarse_enough = all(each >= k for each in built)
    if not in_full:
        yield OpeningCheck(clause="W11", code="unfit", now=Now.LATER)
        yield OpeningCheck(clause="W2", code="terms", now=Now.LATER)
        yield OpeningCheck(clause="W7", code="alike", now=Now.LATER if is_coarse_enough else Now.NOT_YET, least=k)
        return
    unfit = int(asked("SELECT release_rows_unfit(%s)", offer.release_id))
    yield OpeningCheck(clause="W11", code="unfit", now=_waits(not unfit), count=unfit)
    against = int(asked("SELECT release_rows_against_terms(%s)", offer.release_id))
    yield OpeningCheck(clause="W2", code="terms", now=Now.REFUSED if against else Now.HOLDS, count=against)
    alone = len(too_few_alike(offer.release_id, k=k))
    yield OpeningCheck(clause="W7", code="alike", now=_waits(is_coarse_enough and not alone), count=alone, least=k)


def _ages(offer: Offer) -> Iterator[OpeningCheck]:
    age = greater(offer, "W1", "min_age_days", 60)
    young = items_younger(offer.release_id, age)
    yield OpeningCheck(clause="W1", code="age", now=Now.REFUSED if young else Now.HOLDS, count=young, least=age)
    board: list[Organization] = on_the_board(offer.release_id)
    back = hold_back_days(offer)
    held = items_younger(offer.release_id, back) if board else 0
    yield OpeningCheck(
        clause="W5",
        code="board",
        now=Now.REFUSED if held else Now.HOLDS,
        count=held,
        least=back,
        names=tuple(organization.name for organization in board),
    )


def _waits(is_there: bool) -> Now:
    return Now.HOLDS if is_there else Now.NOT_YET
