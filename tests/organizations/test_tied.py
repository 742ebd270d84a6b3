"""How two are tied: at any distance, in circles, by every kind, on any day, with the way that proves it."""

import random
import time
from datetime import date
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.organizations.domain.graph import Edge, distance, is_a_way
from apps.organizations.models import Organization, Tie, TieKind
from apps.organizations.queries import reachable, tied
from tests.organizations.test_register import owns, registered

TODAY = date(2026, 9, 14)
# On a busy machine as well; what is walked badly takes minutes or never ends.
QUICK_SECONDS = 20


def chained(count: int) -> list[int]:
    made = Organization.objects.bulk_create(
        Organization(name=f"Organization {at}", slug=f"organization-{at}") for at in range(count)
    )
    return [one.pk for one in made]


def ties(ids: list[int], pairs: list[tuple[int, int]], kind: TieKind = TieKind.OWNERSHIP) -> None:
    Tie.objects.bulk_create(
        Tie(holder_id=ids[one], held_id=ids[other], kind=kind, since=TODAY, source="A notice") for one, other in pairs
    )


def test_the_way_names_every_tie_with_its_source(db: None) -> None:
    holding, lab, buyer = (registered(name) for name in ("Holding", "Lab", "Buyer"))
    owns(holding, lab)
    owns(holding, buyer)
    path = tied([lab.pk], [buyer.pk], on=TODAY)
    assert path is not None
    assert (path.start_id, path.end_id, path.distance) == (lab.pk, buyer.pk, 2)
    assert [(step.holder, step.held) for step in path.steps] == [("Holding", "Lab"), ("Holding", "Buyer")]
    assert {step.source for step in path.steps} == {"Trade register, file 12"}


def test_whoever_is_alone_is_tied_to_themselves_alone(db: None) -> None:
    lab, other = registered("Lab"), registered("Other")
    alone = tied([lab.pk], [lab.pk], on=TODAY)
    assert alone is not None
    assert alone.steps == ()
    assert tied([lab.pk], [other.pk], on=TODAY) is None
    assert tied([], [lab.pk], on=TODAY) is None
    assert tied([lab.pk], [], on=TODAY) is None


@pytest.mark.parametrize("kind", list(TieKind))
def test_every_kind_of_tie_counts_where_it_is_asked_for(db: None, kind: TieKind) -> None:
    ids = chained(3)
    ties(ids, [(0, 1), (1, 2)], kind)
    assert tied([ids[0]], [ids[2]], on=TODAY) is not None
    assert tied([ids[2]], [ids[0]], kinds=[kind], on=TODAY) is not None
    others = [other for other in TieKind if other != kind]
    assert tied([ids[0]], [ids[2]], kinds=others, on=TODAY) is None
    assert reachable([ids[0]], kinds=[kind], on=TODAY) == set(ids)
    assert reachable([ids[0]], kinds=others, on=TODAY) == {ids[0]}


def test_a_day_of_the_past_is_answered_as_it_was(db: None) -> None:
    holding, lab = registered("Holding"), registered("Lab")
    owns(holding, lab, since=date(2026, 5, 1), until=date(2026, 9, 14))
    for day, holds in (
        (date(2026, 4, 30), False),
        (date(2026, 5, 1), True),
        (date(2026, 9, 13), True),
        (date(2026, 9, 14), False),
    ):
        assert (tied([holding.pk], [lab.pk], on=day) is not None) == holds, day


@given(
    edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda edge: edge[0] != edge[1])),
    start=st.sets(st.integers(0, 7), min_size=1, max_size=2),
    goal=st.sets(st.integers(0, 7), min_size=1, max_size=2),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_finds_the_shortest_way_in_any_graph(
    db: None, edges: list[tuple[int, int]], start: set[int], goal: set[int]
) -> None:
    with transaction.atomic():
        ids = chained(8)
        ties(ids, sorted(set(edges)))
        graph = [
            Edge(tie=pk, holder=holder, held=held)
            for pk, holder, held in Tie.objects.values_list("pk", "holder_id", "held_id")
        ]
        a, b = [ids[at] for at in start], [ids[at] for at in goal]
        path = tied(a, b, on=TODAY)
        transaction.set_rollback(True)
    expected = distance(graph, a, b)
    assert (path.distance if path is not None else None) == expected
    if path is not None:
        assert path.start_id in a
        assert path.end_id in b
        assert is_a_way(graph, [step.tie_id for step in path.steps], path.start_id, path.end_id)


def test_a_chain_of_two_thousand_is_walked_to_its_end(db: None) -> None:
    ids = chained(2000)
    ties(ids, list(pairwise(range(2000))))
    begun = time.monotonic()
    path = tied([ids[0]], [ids[-1]], on=TODAY)
    assert path is not None
    assert path.distance == 1999
    assert time.monotonic() - begun < QUICK_SECONDS


def test_two_thousand_that_are_tied_in_circles_everywhere_are_quick(db: None) -> None:
    ids = chained(2000)
    rng = random.Random(4)
    pairs = {(one, other) for one in range(1999) for other in rng.sample(range(1999), 8) if one != other}
    ties(ids, sorted(pairs), TieKind.CUSTOMER)
    begun = time.monotonic()
    path = tied([ids[0]], [ids[1]], on=TODAY)
    assert path is not None
    # The last one is tied to nobody, so everything has to be walked before the answer is no.
    assert tied([ids[0]], [ids[-1]], on=TODAY) is None
    assert len(reachable([ids[0]], on=TODAY)) == 1999
    assert time.monotonic() - begun < QUICK_SECONDS
