"""Each kind of sale against each thing that may happen meanwhile, in every order, and three hands by lot."""

import random
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.licensing.interleaving import Order, Table, every_order
from tests.licensing.races import weakened
from tests.licensing.sieges import (
    MEANWHILE,
    SALES,
    Stage,
    finds_a_text_alike_and_opens,
    finds_the_live_one_alike,
    retire_then_seal,
    scene,
    seal_what_was_retired,
    tightens_the_policy,
    votes_on_what_is_found_alike,
    withdraws_consent,
    writes_a_turn_like_what_is_sold,
)
from tests.licensing.verdicts import breaches
from tests.licensing.world import World

pytestmark = pytest.mark.committed

Act = Callable[[Stage], list[str]]
Seats = Callable[[int], Table]
# Three hands have thousands of orders; these many are drawn, always the same ones.
THREE_HANDED = 2_000


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
    world: World, table: Table, sale: Act, *acts: Act, only: Callable[[int], bool] = lambda _number: True
) -> tuple[int, list[tuple[Order, list[object]]]]:
    """Play a scene in the chosen orders; return their number and what broke."""
    clusters: list[int] = []

    def set_scene() -> list[list[str]]:
        scripts, touched = scene(sale, *acts)(world)
        clusters[:] = touched
        return [list(script) for script in scripts]

    return every_order(table, set_scene, lambda: breaches(world, clusters), only=only)


def drawn(world: World, table: Table, seed: int) -> tuple[str, list[object]]:
    """Let chance choose a sale, two things that happen meanwhile, and the order of all their steps."""
    chance = random.Random(seed)
    sale = chance.choice(SALES)
    acts = chance.sample(MEANWHILE, 2)
    scripts, clusters = scene(sale, *acts)(world)
    order = [hand for hand, script in enumerate(scripts) for _step in script]
    chance.shuffle(order)
    table.play(scripts, tuple(order))
    told = f"seed {seed}: {sale.__name__}, {', '.join(act.__name__ for act in acts)}, {order}"
    return told, breaches(world, clusters)


def test_an_order_or_two_of_every_sale_against_everything(world: World, seats: Seats) -> None:
    table = seats(2)
    for place, act in enumerate(MEANWHILE):
        sale = SALES[place % 2]
        _number, wrong = played(world, table, sale, act, only=lambda number: number % 30 == 4)
        assert wrong == [], act.__name__


def test_three_hands_by_lot_a_few(world: World, seats: Seats) -> None:
    table = seats(3)
    found = [drawn(world, table, seed) for seed in range(20)]
    assert [each for each in found if each[1]] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("act", MEANWHILE, ids=lambda act: act.__name__)
@pytest.mark.parametrize("sale", SALES, ids=lambda sale: sale.__name__)
def test_every_order_of_every_sale_against_everything(world: World, seats: Seats, sale: Act, act: Act) -> None:
    number, wrong = played(world, seats(2), sale, act)
    assert number >= 2
    assert wrong == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_three_hands_by_lot(world: World, seats: Seats) -> None:
    table = seats(3)
    found = [drawn(world, table, seed) for seed in range(1_000, 1_000 + THREE_HANDED)]
    assert [each for each in found if each[1]] == []


def test_the_suite_sees_a_turn_that_is_no_event(world: World, seats: Seats) -> None:
    world.owner.execute("ALTER TABLE battles_turn DISABLE TRIGGER wall_on_words")
    _number, wrong = played(world, seats(2), retire_then_seal, writes_a_turn_like_what_is_sold)
    assert any("a turn on no cluster" in str(found) for _order, found in wrong)


def test_the_suite_sees_likeness_that_changes_nothing(world: World, seats: Seats) -> None:
    world.owner.execute("ALTER TABLE prompts_resemblance DISABLE TRIGGER wall_on_resemblance")
    _number, wrong = played(world, seats(2), seal_what_was_retired, finds_the_live_one_alike)
    assert any("two that are alike" in str(found) for _order, found in wrong)


def test_the_suite_sees_votes_scored_behind_an_edge(world: World, seats: Seats) -> None:
    weakened(world.owner, "wall_is_near_released(bigint)", ("RETURN EXISTS", "RETURN false AND EXISTS"))
    table = seats(2)
    _number, wrong = played(world, table, seal_what_was_retired, votes_on_what_is_found_alike)
    assert any("would be scored" in str(found) for _order, found in wrong)
    _number, wrong = played(world, table, seal_what_was_retired, finds_a_text_alike_and_opens)
    assert any("would be scored" in str(found) for _order, found in wrong)


def test_the_suite_sees_a_sale_that_asks_no_clause(world: World, seats: Seats) -> None:
    weakened(world.owner, "wall_seal(bigint, bigint[], boolean)", ("WHERE j.clause IS NULL", "WHERE true"))
    table = seats(2)
    for act, told in ((withdraws_consent, "consent was gone"), (tightens_the_policy, "younger than the policy")):
        _number, wrong = played(world, table, seal_what_was_retired, act)
        assert any(told in str(found) for _order, found in wrong), act.__name__
