"""What resembles something sold: kept apart by an edge, never certified, tagged from then on."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.licensing.sieges import alike
from tests.licensing.test_wall import eligible, is_retired, opened, tag_of
from tests.licensing.verdicts import breaches
from tests.licensing.world import World

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]


def edges(world: World) -> list[tuple[int, int]]:
    found = world.owner.execute("SELECT cluster_id, released_cluster_id FROM near_released ORDER BY 1, 2").fetchall()
    return [(row[0], row[1]) for row in found]


def outcome(world: World) -> str:
    told: str = world.value("SELECT outcome FROM prompts_resemblance ORDER BY id DESC LIMIT 1")
    return told


def test_two_that_are_alike_become_one_and_the_older_remains(world: World, app: App) -> None:
    _prompt, first, _battles = world.sky()
    _prompt, second, _battles = world.sky()
    world.retired(first, second)
    app.execute(alike(second, first))
    assert outcome(world) == "merged"
    assert world.value("SELECT merged_into_id FROM prompts_cluster WHERE id = %s", second) == first
    assert (eligible(world), edges(world)) == ([], [])
    # Said again, nothing is left to do.
    app.execute(alike(first, second))
    assert outcome(world) == "nothing"


def test_what_resembles_something_sold_gets_an_edge_instead(world: World, app: App) -> None:
    _prompt, sold, [item] = world.sky()
    prompt, near, [old] = world.sky()
    waiting = world.battle(prompt, is_voted=False)
    world.retired(sold, near)
    world.sealed([item])
    assert old in eligible(world)
    app.execute(alike(near, sold))
    assert (outcome(world), edges(world)) == ("near_released", [(near, sold)])
    # It is past no wall any more and never will be; what was voted before stays on the boards.
    assert not is_retired(world, near)
    assert eligible(world) == [item]
    with pytest.raises(errors.RestrictViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [near])
    assert tag_of(world, old) is None
    # What comes is tagged: a new battle, and a vote on one that was opened before.
    assert tag_of(world, opened(world, app, prompt)) == "near_released"
    for statement in world.voting(waiting):
        app.execute(statement.encode())
    assert tag_of(world, waiting) == "near_released"
    assert breaches(world, [sold, near]) == []


def test_a_battle_of_two_clusters_waits_for_the_one_with_the_edge_for_ever(world: World, app: App) -> None:
    _prompt, sold, [item] = world.sky()
    _prompt, near, _battles = world.sky()
    other_prompt, other, _battles = world.sky()
    both = world.battle(other_prompt, also_in=[near])
    world.retired(sold)
    world.sealed([item])
    app.execute(alike(near, sold))
    world.retired(other)
    assert both not in eligible(world)


def test_the_one_that_remains_of_a_merge_inherits_the_edge(world: World, app: App) -> None:
    _prompt, sold, [item] = world.sky()
    _prompt, near, _battles = world.sky()
    prompt, third, [old] = world.sky()
    world.retired(sold, third)
    world.sealed([item])
    app.execute(alike(near, sold))
    app.execute("SELECT merge_clusters(%s, %s)", [near, third])
    assert edges(world) == [(near, sold), (third, sold)]
    assert not is_retired(world, third)
    # A merge is no event, so it tags nothing.
    assert tag_of(world, old) is None
    assert tag_of(world, opened(world, app, prompt)) == "near_released"
    assert breaches(world, [sold, near, third]) == []


def test_merged_into_one_with_an_edge_the_votes_of_before_still_count(world: World, app: App) -> None:
    _prompt, sold, [item] = world.sky()
    _prompt, near, _battles = world.sky()
    _prompt, third, [old] = world.sky()
    world.retired(sold)
    world.sealed([item])
    app.execute(alike(near, sold))
    app.execute("SELECT merge_clusters(%s, %s)", [third, near])
    assert tag_of(world, old) is None
    with pytest.raises(errors.RestrictViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [near])


def test_a_sale_that_is_given_up_turns_the_edge_into_the_merge_that_it_was(world: World, app: App) -> None:
    _prompt, sold, [item] = world.sky()
    prompt, near, _battles = world.sky()
    world.retired(sold)
    release = world.sealed([item])
    app.execute(alike(near, sold))
    tagged = opened(world, app, prompt)
    app.execute("SELECT cancel_release(%s)", [release])
    assert edges(world) == []
    assert world.value("SELECT merged_into_id FROM prompts_cluster WHERE id = %s", near) == sold
    # The battle of the meantime is an event of both, and stays off the boards.
    assert tag_of(world, tagged) == "near_released"
    with pytest.raises(errors.CheckViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [sold])
    assert breaches(world, [sold, near]) == []


def test_of_two_sold_ones_the_one_that_is_given_back_gets_the_edge(world: World, app: App) -> None:
    _prompt, first, [one] = world.sky()
    _prompt, second, [other] = world.sky()
    world.retired(first, second)
    release = world.sealed([one])
    world.sealed([other])
    app.execute(alike(first, second))
    assert (outcome(world), edges(world)) == ("nothing", [])
    app.execute("SELECT cancel_release(%s)", [release])
    assert edges(world) == [(first, second)]
    with pytest.raises(errors.RestrictViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [first])
    assert breaches(world, [first, second]) == []


def test_not_even_the_owner_has_a_certificate_and_an_edge_at_once(world: World, app: App) -> None:
    _prompt, sold, [item] = world.sky()
    _prompt, near, _battles = world.sky()
    world.retired(sold)
    world.sealed([item])
    app.execute(alike(near, sold))
    for statement in (
        f"INSERT INTO retired_cluster VALUES ({near}, now() - interval '1441 hours', now())",
        f"INSERT INTO near_released VALUES ({sold}, {near}, 0.9, now())",
        f"INSERT INTO near_released VALUES ({near}, {near}, 0.9, now())",
        "UPDATE near_released SET jaccard = 0",
        f"DELETE FROM near_released WHERE cluster_id = {near}",
        "TRUNCATE near_released",
    ):
        with pytest.raises(errors.IntegrityError):
            world.owner.execute(statement.encode())
    assert edges(world) == [(near, sold)]
