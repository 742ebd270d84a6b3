"""Whether the owners changed since somebody looked: at any distance, in circles, whenever it became known."""

import time
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from apps.audit.domain.actor import Actor
from apps.organizations.models import Organization, Tie, TieKind
from apps.organizations.queries import changes_of_control
from apps.organizations.services import declare_tie, end_tie
from tests.conftest import NOON
from tests.organizations.test_register import registered
from tests.organizations.test_tied import QUICK_SECONDS, chained

LATER = NOON + timedelta(days=2)
NOW = NOON + timedelta(days=10)
SPRING, TOMORROW = date(2026, 4, 1), date(2026, 9, 15)
CAST = Actor.system("tests.cast")


def owned(
    holder: Organization,
    held: Organization,
    *,
    known: datetime = NOON,
    since: date = SPRING,
    kind: TieKind = TieKind.OWNERSHIP,
) -> Tie:
    return declare_tie(actor=CAST, holder=holder, held=held, kind=kind, since=since, source="A file", now=known)


def changed(organization: Organization, *, at: datetime = NOW) -> list[int]:
    return [change.tie_id for change in changes_of_control(organization.pk, since=NOON, at=at)]


@pytest.fixture
def four(db: None) -> list[Organization]:
    """A buyer, its owner, the owner's owner, and one further up, as they were known from the beginning."""
    people = [registered(name) for name in ("Buyer", "Parent", "Grandparent", "Fund")]
    for held, holder in pairwise(people[:3]):
        owned(holder, held)
    return people


def test_owners_that_were_known_are_no_change(four: list[Organization]) -> None:
    assert changed(four[0]) == []


def test_a_new_owner_at_distance_three_is_a_change(four: list[Organization]) -> None:
    tie = owned(four[3], four[2], known=LATER)
    assert changed(four[0]) == [tie.pk]
    assert changed(four[3]) == []
    # Before it was known, nobody could know.
    assert changed(four[0], at=LATER - timedelta(seconds=1)) == []


def test_what_an_owner_buys_elsewhere_is_none(four: list[Organization]) -> None:
    owned(four[2], registered("Another daughter"), known=LATER)
    owned(four[0], registered("A daughter"), known=LATER)
    owned(four[3], four[0], known=LATER, kind=TieKind.CUSTOMER)
    assert changed(four[0]) == []


def test_an_owner_that_leaves_is_a_change(four: list[Organization]) -> None:
    tie = Tie.objects.get(holder=four[2])
    end_tie(actor=CAST, tie=tie, until=TOMORROW, now=LATER)
    assert changed(four[0]) == [tie.pk]


def test_an_end_that_lies_before_counts_when_it_becomes_known(four: list[Organization]) -> None:
    tie = Tie.objects.get(holder=four[1])
    end_tie(actor=CAST, tie=tie, until=date(2026, 5, 1), now=LATER)
    assert changed(four[0]) == [tie.pk]


def test_a_purchase_that_was_announced_before_counts_from_its_day(four: list[Organization]) -> None:
    tie = owned(four[3], four[2], since=date(2026, 9, 20))
    assert changed(four[0], at=datetime(2026, 9, 19, 23, tzinfo=NOON.tzinfo)) == []
    assert changed(four[0], at=datetime(2026, 9, 20, 1, tzinfo=NOON.tzinfo)) == [tie.pk]


def test_circles_of_owners_end(four: list[Organization]) -> None:
    owned(four[0], four[2])
    assert changed(four[0]) == []
    tie = owned(four[3], four[1], known=LATER)
    assert changed(four[0]) == [tie.pk]


def test_an_answer_about_a_moment_knows_what_was_known_then(four: list[Organization]) -> None:
    tie = owned(four[3], four[2], known=LATER)
    # Only afterwards does it turn out that the owner in between had left long ago.
    between = Tie.objects.get(holder=four[1])
    end_tie(actor=CAST, tie=between, until=date(2026, 5, 1), now=LATER + timedelta(days=1))
    assert changed(four[0], at=LATER + timedelta(hours=1)) == [tie.pk]
    assert changed(four[0]) == [between.pk, tie.pk]


def test_a_ladder_of_two_thousand_owners_is_climbed_to_its_top(db: None) -> None:
    ids = chained(2000)
    Tie.objects.bulk_create(
        Tie(holder_id=above, held_id=held, kind=TieKind.OWNERSHIP, since=SPRING, source="A file", declared_at=NOON)
        for held, above in pairwise(ids)
    )
    buyer, top = Organization.objects.get(pk=ids[0]), Organization.objects.get(pk=ids[-1])
    begun = time.monotonic()
    assert changed(buyer) == []
    tie = owned(registered("Fund"), top, known=LATER)
    assert changed(buyer) == [tie.pk]
    assert time.monotonic() - begun < QUICK_SECONDS
