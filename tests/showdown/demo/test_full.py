"""The full network: whether the ranking finds the strengths that were planted."""

import os
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from scipy.stats import spearmanr

from apps.battles.models import Vote
from apps.integrity.models import Finding
from apps.licensing.models import RetiredCluster
from apps.rankings.models import Method
from apps.rankings.queries import board_view, latest_snapshot
from showdown.demo.labs import MODELS
from showdown.demo.loading.progress import Progress
from showdown.demo.loading.whole import PHASES, load_network
from showdown.demo.network import SEED, Scale, make_network
from showdown.demo.people import Habit
from tests.showdown.demo.databases import a_clone, as_application_of, as_owner_of

STRENGTHS = {model.name: model.strength for model in MODELS}


@pytest.fixture(scope="module")
def full_demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database with the whole network; says how long its load took, and how much of that the processors worked."""
    with django_db_blocker.unblock(), a_clone("full_demo") as name:
        began = time.monotonic()
        with as_owner_of(name):
            spent_before = _spent()
            loaded = load_network(seed=SEED, scale=Scale(), progress=Progress(sys.stderr, PHASES))
            spent = _spent() - spent_before
        sys.stderr.write(f"\n{loaded} in {time.monotonic() - began:.1f} s, {spent:.1f} s of processors\n")
        yield name


def _spent() -> float:
    """Return the seconds of processors that this process and its connection's server process have taken so far."""
    connection.ensure_connection()
    taken = [psutil.Process(pid).cpu_times() for pid in (os.getpid(), connection.connection.info.backend_pid)]
    return sum(times.user + times.system for times in taken)


@pytest.fixture
def demo(full_demo: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The whole network, seen by the application."""
    with django_db_blocker.unblock(), as_application_of(full_demo):
        yield


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_last_night_left_votes_out(demo: None) -> None:
    snapshot = latest_snapshot()
    assert snapshot is not None
    assert snapshot.left_out["excluded"] == Vote.objects.excluded().count() > 0


def ratings(segment: str, method: Method) -> dict[str, float]:
    snapshot = latest_snapshot()
    assert snapshot is not None
    board = board_view(snapshot=snapshot, segment=segment, method=method)
    assert board is not None
    return {row.model.name: row.rating for row in board.rows}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("method", list(Method))
def test_the_ranking_finds_the_true_order(demo: None, method: Method) -> None:
    found = ratings("everyone", method)
    assert len(found) == len(MODELS)
    assert spearmanr(list(found.values()), [STRENGTHS[name] for name in found]).statistic > 0.9


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("segment", "model"),
    [
        ("language=pt", "Quill 70B"),
        ("country=BR", "Quill 70B"),
        ("language=hi", "Tamarind Large"),
        ("country=IN", "Tamarind Large"),
        ("language=ja", "Ember"),
    ],
)
def test_audiences_differ_where_that_was_planted(demo: None, segment: str, model: str) -> None:
    everywhere, here = ratings("everyone", Method.STYLED), ratings(segment, Method.STYLED)
    # For everyone the strongest lie close together, and the day's draws decide who of them is first.
    assert max(here, key=lambda name: here[name]) == model
    assert here[model] > everywhere[model] + 40
    ahead = max(rating for name, rating in everywhere.items() if name != model)
    assert here[model] - max(rating for name, rating in here.items() if name != model) > everywhere[model] - ahead


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_cheats_are_found_and_few_others(demo: None) -> None:
    people = make_network(seed=SEED, scale=Scale(contributors=600, prompts=40, votes=600), now=timezone.now()).people
    cheats = {person.voter_id for person in people if person.habit is not Habit.HONEST}
    found = set(Finding.objects.values_list("contributor__voter_id", flat=True))
    assert len(found & cheats) >= len(cheats) - 2
    assert len(found - cheats) <= 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_is_as_large_as_promised(demo: None) -> None:
    assert 28_500 < Vote.objects.count() < 31_500
    assert RetiredCluster.objects.count() > 350
