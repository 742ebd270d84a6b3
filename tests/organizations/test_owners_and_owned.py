"""Who is tied to whom by ownership, at any distance, in circles, on a day."""

from datetime import date

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.audit.domain.actor import Actor
from apps.organizations.models import Organization, Tie, TieKind
from apps.organizations.queries import owners_and_owned
from apps.organizations.services import declare_tie
from tests.conftest import NOON
from tests.organizations.test_register import owns, registered

TODAY = date(2026, 9, 14)


def test_an_organization_alone_is_tied_to_itself(db: None) -> None:
    lab = registered("Alder Labs")
    assert owners_and_owned([lab.pk], on=TODAY) == {lab.pk}
    assert owners_and_owned([], on=TODAY) == frozenset()


def test_owners_are_found_at_any_distance_and_in_both_directions(db: None) -> None:
    top, middle, lab, other = (registered(name) for name in ("Top", "Middle", "Lab", "Other"))
    owns(top, middle)
    owns(middle, lab)
    everybody = {top.pk, middle.pk, lab.pk}
    assert owners_and_owned([lab.pk], on=TODAY) == everybody
    assert owners_and_owned([top.pk], on=TODAY) == everybody
    assert owners_and_owned([other.pk], on=TODAY) == {other.pk}


def test_two_daughters_of_one_holding_are_tied(db: None) -> None:
    holding, lab, buyer = (registered(name) for name in ("Holding", "Lab", "Buyer"))
    owns(holding, lab)
    owns(holding, buyer)
    assert owners_and_owned([buyer.pk], on=TODAY) == {holding.pk, lab.pk, buyer.pk}


def test_a_circle_of_owners_ends(db: None) -> None:
    first, second, third = (registered(name) for name in ("First", "Second", "Third"))
    owns(first, second)
    owns(second, third)
    owns(third, first)
    assert owners_and_owned([second.pk], on=TODAY) == {first.pk, second.pk, third.pk}


def test_a_tie_counts_from_its_first_day_to_the_day_before_its_end(db: None) -> None:
    holding, lab = registered("Holding"), registered("Lab")
    owns(holding, lab, since=date(2026, 5, 1), until=date(2026, 9, 14))
    both, alone = {holding.pk, lab.pk}, {lab.pk}
    assert owners_and_owned([lab.pk], on=date(2026, 4, 30)) == alone
    assert owners_and_owned([lab.pk], on=date(2026, 5, 1)) == both
    assert owners_and_owned([lab.pk], on=date(2026, 9, 13)) == both
    assert owners_and_owned([lab.pk], on=date(2026, 9, 14)) == alone


def test_customers_and_investors_do_not_own(db: None) -> None:
    fund, lab = registered("Fund"), registered("Lab")
    for kind in (TieKind.INVESTMENT, TieKind.CUSTOMER, TieKind.EMPLOYER):
        declare_tie(
            actor=Actor.system("tests.cast"),
            holder=fund,
            held=lab,
            kind=kind,
            since=date(2026, 1, 1),
            source="A notice",
            now=NOON,
        )
    assert owners_and_owned([lab.pk], on=TODAY) == {lab.pk}


@given(
    edges=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda edge: edge[0] != edge[1])),
    start=st.sets(st.integers(0, 5), min_size=1, max_size=2),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_walks_any_graph_as_python_does(db: None, edges: list[tuple[int, int]], start: set[int]) -> None:
    with transaction.atomic():
        ids = [Organization.objects.create(name=f"Organization {at}", slug=f"organization-{at}").pk for at in range(6)]
        Tie.objects.bulk_create(
            Tie(holder_id=ids[holder], held_id=ids[held], kind=TieKind.OWNERSHIP, since=TODAY, source="A notice")
            for holder, held in set(edges)
        )
        reached = set(start)
        for _round in ids:
            for holder, held in edges:
                if holder in reached or held in reached:
                    reached |= {holder, held}
        found = owners_and_owned([ids[at] for at in start], on=TODAY)
        transaction.set_rollback(True)
    assert found == {ids[at] for at in reached}
