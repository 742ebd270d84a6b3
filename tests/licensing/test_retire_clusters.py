"""Retiring and merging through the services: each has its entry, and the database has the last word."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import retire_due_clusters
from apps.licensing.models import RetiredCluster
from apps.licensing.queries import due_clusters, live_overview
from apps.licensing.services import CannotMerge, StillLive, merge_clusters, retire_cluster
from apps.licensing.tasks import retire_due, sweep_up
from apps.prompts.models import Cluster
from tests.conftest import NOON
from tests.licensing.world import World
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.committed

NIGHT = Actor.system("licensing.retire_due")


def cluster_of(pk: int) -> Cluster:
    return Cluster.objects.get(pk=pk)


def test_the_command_retires_what_is_due_and_nothing_twice(world: World) -> None:
    _prompt, old, _battles = world.sky(days_ago=61, battles=2)
    world.sky(days_ago=59)
    world.prompt("A prompt on which nobody fought")
    out = StringIO()
    call_command("retire_clusters", stdout=out, stderr=StringIO())
    assert out.getvalue() == "Retired: 1 clusters.\n"
    assert trail_of(cluster_of(old)) == [LicensingEvent.CLUSTER_RETIRED]
    assert facts_about(cluster_of(old))["eligible_battles"] == 2
    retire_due()
    sweep_up()
    assert trail_of(cluster_of(old)) == [LicensingEvent.CLUSTER_RETIRED]
    assert RetiredCluster.objects.count() == 1


def test_a_batch_after_a_batch_until_nothing_is_due(world: World) -> None:
    for _number in range(5):
        world.sky()
    seen: list[int] = []
    assert retire_due_clusters(actor=NIGHT, batch=2, report=seen.append) == 5
    assert seen == [2, 4, 5]
    assert due_clusters() == []


def test_a_cluster_that_lives_again_in_between_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _prompt, live, _battles = world.sky(days_ago=3)
    _prompt, old, _battles = world.sky()
    # The lists were read a moment before something happened.
    lists = [[live, old], [live]]
    monkeypatch.setattr("apps.licensing.flows.retiring.due_clusters", lambda *, limit: lists.pop(0)[:limit])
    assert retire_due_clusters(actor=NIGHT) == 1
    assert lists == []
    assert list(RetiredCluster.objects.values_list("pk", flat=True)) == [old]


def test_nobody_hurries_a_live_cluster(world: World, margaret: User, ada: User) -> None:
    _prompt, live, _battles = world.sky(days_ago=30)
    in_ninety_days = timezone.now() + timedelta(days=90)
    with pytest.raises(StillLive) as refused:
        retire_cluster(actor=margaret.as_actor(), cluster_id=live, now=in_ninety_days)
    assert refused.value.clause == "W1"
    for nothing in (cluster_of(world.prompt()[1]).pk, 10**9):
        with pytest.raises(StillLive):
            retire_cluster(actor=NIGHT, cluster_id=nothing, now=NOON)
    with pytest.raises(NotPermitted):
        retire_cluster(actor=ada.as_actor(), cluster_id=live, now=NOON)


def test_the_platform_merges_clusters_and_nobody_else_does(world: World, margaret: User) -> None:
    first, second, third = (cluster_of(world.sky()[1]) for _number in range(3))
    world.retired(first.pk, second.pk, third.pk)
    with pytest.raises(NotPermitted):
        merge_clusters(actor=margaret.as_actor(), merged=first, kept=second, now=NOON)
    assert merge_clusters(actor=NIGHT, merged=first, kept=second, now=NOON) == second
    assert trail_of(first)[-1] == LicensingEvent.CLUSTERS_MERGED
    assert list(RetiredCluster.objects.values_list("pk", flat=True)) == [third.pk]
    with pytest.raises(CannotMerge):
        merge_clusters(actor=NIGHT, merged=first, kept=third, now=NOON)


def test_the_overview_counts_every_cluster_once(world: World) -> None:
    world.sky(days_ago=1)
    world.sky(days_ago=90)
    _prompt, sold, battles = world.sky(days_ago=90)
    world.prompt("A prompt on which nobody fought")
    world.retired(sold)
    world.sealed(battles)
    overview = live_overview()
    counts = (overview.clusters, overview.fought, overview.live, overview.waiting, overview.retired, overview.released)
    assert counts == (4, 3, 1, 1, 1, 1)
    assert (overview.eligible_battles, overview.released_battles, overview.battles) == (0, 1, 3)
    assert [(week.clusters, week.battles) for week in overview.weeks] == [(1, 1)]
