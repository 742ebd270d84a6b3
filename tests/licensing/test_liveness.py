"""Whether a battle is live, and why: one look-up in indexes, and a page for those who work on releases."""

import json
import re
from typing import Any

import psycopg
import pytest
from django.test import Client

from apps.accounts.models import User
from apps.licensing.queries import (
    Standing,
    liveness_of,
    reason_of_cluster,
    reasons_after,
    reasons_of_battle,
)
from apps.licensing.queries.reasons import LIVENESS
from tests.licensing.sieges import alike
from tests.licensing.world import World

pytestmark = pytest.mark.committed


def standing(battle: int) -> Standing:
    found = liveness_of(battle)
    assert found is not None
    return found.standing


def test_a_battle_is_live_retired_sold_or_near_something_sold(world: World) -> None:
    _prompt, fresh, [live] = world.sky(days_ago=1)
    _prompt, old, [first, second] = world.sky(battles=2)
    near_prompt, near, _battles = world.sky()
    world.retired(old)
    assert standing(live) is Standing.LIVE
    found = liveness_of(first)
    assert found is not None
    assert (found.standing, found.is_eligible, found.retired_clusters) == (Standing.RETIRED, True, (old,))
    release = world.sealed([first])
    world.owner.execute(alike(near, old).encode())
    assert standing(first) is Standing.RELEASED
    assert liveness_of(first).release_id == release  # type: ignore[union-attr]
    assert standing(world.battle(near_prompt, days_ago=2)) is Standing.NEAR_RELEASED
    _short, remark = world.remark()
    assert standing(remark) is Standing.NEVER
    assert liveness_of(0) is None
    assert standing(second) is Standing.RETIRED
    assert fresh not in (found.retired_clusters)


def test_the_look_up_reads_indexes_alone(world: World) -> None:
    prompt, _cluster, battles = world.sky(battles=3)
    world.battle(prompt)
    with world.owner.transaction():
        # A few rows fit on one page, and reading it whole would be right; the question is whether it can do without.
        world.owner.execute("SET LOCAL enable_seqscan = off")
        (plan,) = world.owner.execute(b"EXPLAIN (FORMAT JSON) " + LIVENESS.encode(), [battles[0]]).fetchone() or ([],)
    told = json.dumps(plan)
    assert "Seq Scan" not in told
    conditions = re.findall(r'"Index Cond": "([^"]+)"', told)
    assert len(conditions) >= 5


def test_one_statement_answers(world: World, django_assert_num_queries: Any) -> None:
    _prompt, _cluster, [battle] = world.sky()
    with django_assert_num_queries(1):
        liveness_of(battle)


def test_each_cluster_says_which_battles_event_was_its_last(world: World) -> None:
    prompt, first, [older] = world.sky(days_ago=80)
    _other, second, _battles = world.sky(days_ago=90)
    both = world.battle(prompt, days_ago=30, also_in=[second])
    lines = {line.cluster_id: line for line in reasons_after().lines}
    assert {lines[first].last_battle, lines[second].last_battle} == {both}
    assert (lines[first].beside, lines[second].beside) == ((second,), (first,))
    due_at = lines[second].due_at
    assert due_at is not None
    assert (due_at - lines[second].last_event_at).days == 60
    assert [line.cluster_id for line in reasons_of_battle(both).lines] == [first, second]
    assert [line.cluster_id for line in reasons_of_battle(older).lines] == [first]
    assert reason_of_cluster(second).lines[0].standing is Standing.LIVE
    assert reason_of_cluster(0).lines == ()


def test_pages_follow_each_other_without_a_gap(world: World) -> None:
    clusters = sorted(world.sky()[1] for _number in range(5))
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = reasons_after(after, limit=2)
        seen += [line.cluster_id for line in page.lines]
        after = page.more_after
    assert seen == clusters


def test_staff_read_why_and_others_read_counts(
    world: World, margaret: User, barbara: User, ada: User, client: Client
) -> None:
    _prompt, old, [item] = world.sky()
    _prompt, near, _battles = world.sky(days_ago=3)
    world.retired(old)
    release = world.sealed([item])
    world.owner.execute(alike(near, old).encode())
    why = "Why each of them stands where it stands"
    assert why not in client.get("/releases/live/").content.decode()
    client.force_login(ada)
    assert why not in client.get("/releases/live/?cluster=1").content.decode()
    for person in (margaret, barbara):
        client.force_login(person)
        page = client.get("/releases/live/").content.decode()
        assert why in page
        assert f"sold in release {release}" in page
        assert "never, for it resembles" in page
    assert "Nothing was fought on it" in client.get("/releases/live/?cluster=999999").content.decode()
    assert f"sold in release {release}" not in client.get(f"/releases/live/?cluster={near}").content.decode()
    assert f"sold in release {release}" in client.get(f"/releases/live/?battle={item}").content.decode()
    for nonsense in ("?cluster=sky", "?battle=-1", f"?after={2**70}"):
        assert client.get(f"/releases/live/{nonsense}").status_code == 200


def test_what_is_near_something_sold_is_not_retired_every_night(world: World) -> None:
    from apps.licensing.queries import due_clusters, live_overview

    _prompt, old, [item] = world.sky()
    _prompt, near, _battles = world.sky()
    world.retired(old)
    world.sealed([item])
    assert due_clusters() == [near]
    world.owner.execute(alike(near, old).encode())
    assert due_clusters() == []
    seen = live_overview()
    assert (seen.near_released, seen.waiting, seen.live) == (1, 0, 0)


def test_the_application_asks_the_database_whether_a_cluster_is_closed(
    world: World, database_urls: dict[str, str]
) -> None:
    _prompt, old, [item] = world.sky()
    world.retired(old)
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        assert app.execute("SELECT cluster_is_closed(%s)", [old]).fetchone() == (False,)
        world.sealed([item])
        assert app.execute("SELECT cluster_is_closed(%s)", [old]).fetchone() == (True,)
