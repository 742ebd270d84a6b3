"""Every order of the steps of a sale against those of a live event: whatever the order, nothing live is sold."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.licensing.interleaving import Order, Table, every_order
from tests.licensing.races import (
    SALES_AGAINST_LIVE_EVENTS,
    TAGS,
    Scene,
    broken,
    open_against_a_sale_that_does_not_look_again,
    open_against_cancel_and_reseal,
    open_against_retire_then_seal,
    open_beside_a_neighbour_that_retires,
    retire,
    seal,
    vote_during_a_merge_and_a_sale,
    weakened,
)
from tests.licensing.world import World

pytestmark = pytest.mark.committed

Seats = Callable[[int], Table]


@pytest.fixture
def seats(world: World, database_urls: dict[str, str]) -> Iterator[Seats]:
    """Set a table for some hands, each as ``showdown_app``; deadlocks are noticed quickly."""
    with psycopg.connect(database_urls["admin"], autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{server.info.dbname}" SET deadlock_timeout = 20')
    made: list[Table] = []

    def seated(hands: int) -> Table:
        made.append(Table([database_urls["app"]] * hands, database_urls["admin"]))
        return made[-1]

    yield seated
    for table in made:
        table.close()


def played(
    world: World, table: Table, scene: Scene, *, only: Callable[[int], bool] = lambda _number: True
) -> tuple[int, list[tuple[Order, list[Any]]]]:
    """Play a scene in the chosen orders; return their number and what broke."""
    clusters: list[int] = []

    def set_scene() -> Any:
        scripts, touched = scene(world)
        clusters[:] = touched
        return scripts

    ignoring = [TAGS] if scene is open_against_cancel_and_reseal else []
    return every_order(table, set_scene, lambda: broken(world, clusters, ignoring=ignoring), only=only)


def test_the_simplest_race_in_all_of_its_84_orders(world: World, seats: Seats) -> None:
    assert played(world, seats(2), open_against_retire_then_seal) == (84, [])


def test_a_few_orders_of_every_race(world: World, seats: Seats) -> None:
    table = seats(2)
    for scene in SALES_AGAINST_LIVE_EVENTS[1:]:
        _number, wrong = played(world, table, scene, only=lambda number: number % 12 == 5)
        assert wrong == [], scene.__name__


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scene", SALES_AGAINST_LIVE_EVENTS, ids=lambda scene: scene.__name__)
def test_every_order_of_every_race(world: World, seats: Seats, scene: Scene) -> None:
    number, wrong = played(world, seats(2), scene)
    assert number >= 20
    assert wrong == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_order_of_three_hands(world: World, seats: Seats) -> None:
    assert played(world, seats(3), vote_during_a_merge_and_a_sale) == (90, [])


def test_without_the_pair_of_locks_the_suite_sees_live_battles_sold(world: World, seats: Seats) -> None:
    """The naive form: a trigger looks for a certificate, and nobody holds the cluster meanwhile."""
    weakened(world.owner, "revive_cluster(bigint)", ("FOR KEY SHARE", ""))
    weakened(world.owner, "wall_living_cluster(bigint)", ("FOR KEY SHARE", ""))
    number, wrong = played(world, seats(2), open_against_retire_then_seal)
    assert number == 84
    assert any("a live battle, or a twin of one, in a release" in str(found) for _order, found in wrong)


def test_the_suite_sees_a_retirement_that_does_not_hold_its_neighbours(world: World, seats: Seats) -> None:
    weakened(
        world.owner,
        "retire_cluster(bigint, integer)",
        ("SELECT of_cluster UNION\n", "SELECT of_cluster UNION\n    SELECT 0 WHERE false AND 0 IN (\n"),
        ("WHERE m.cluster_id = of_cluster)\n", "WHERE m.cluster_id = of_cluster))\n"),
    )
    weakened(
        world.owner,
        "revive_cluster(bigint)",
        ("  DELETE FROM eligible_battle\n", "  BEGIN\n  DELETE FROM eligible_battle\n"),
        (
            "  RETURN true;\nEND",
            "  EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN RETURN false;\n  END;\n"
            "  RETURN true;\nEND",
        ),
    )
    _number, wrong = played(world, seats(2), open_beside_a_neighbour_that_retires)
    assert wrong


def test_the_suite_sees_an_event_that_overlooks_a_merge(world: World, seats: Seats) -> None:
    weakened(
        world.owner,
        "wall_on_event()",
        ("  LOOP\n", "  FOR of_cluster IN SELECT cluster_id FROM battle_cluster WHERE battle_id = NEW.id LOOP\n"),
        (
            "    SELECT min(cluster_id) INTO of_cluster FROM battle_cluster\n"
            "    WHERE battle_id = NEW.id AND cluster_id <> ALL (held);\n"
            "    EXIT WHEN of_cluster IS NULL;\n",
            "",
        ),
    )
    _number, wrong = played(world, seats(3), vote_during_a_merge_and_a_sale)
    assert wrong


def test_the_suite_sees_a_sale_that_does_not_look_again(world: World, seats: Seats) -> None:
    assert played(world, seats(2), open_against_a_sale_that_does_not_look_again) == (35, [])
    weakened(world.owner, "wall_require_read_committed()", ("<> 'read committed'", "= 'nothing at all'"))
    _number, wrong = played(world, seats(2), open_against_a_sale_that_does_not_look_again)
    assert any("a live battle, or a twin of one, in a release" in str(found) for _order, found in wrong)


def test_what_becomes_eligible_while_a_sale_waits_is_left_for_the_next(world: World, seats: Seats) -> None:
    _prompt, waited_for, [old] = world.sky()
    _prompt, late_cluster, [late] = world.sky()
    world.retired(waited_for)
    release = world.draft([old, late])
    holds = ["BEGIN", f"SELECT 1 FROM prompts_cluster WHERE id = {waited_for} FOR KEY SHARE", "COMMIT"]
    refusals = seats(3).play([holds, [seal(release, [old, late])], retire(late_cluster)], (0, 0, 1, 2, 0))
    assert refusals == [[], [], []]
    assert world.owner.execute("SELECT battle_id FROM release_item").fetchall() == [(old,)]
