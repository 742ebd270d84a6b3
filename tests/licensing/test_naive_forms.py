"""The same races against the wall as most people would write it: each of them sells what is live, in some order."""

from collections.abc import Sequence

import psycopg
import pytest

from tests.licensing import naive
from tests.licensing.interleaving import Table, every_order
from tests.licensing.world import World

pytestmark = pytest.mark.committed


@pytest.mark.parametrize("scene", naive.SCENES, ids=lambda scene: scene.__name__)
def test_triggers_and_an_if_sell_what_is_live(world: World, database_urls: dict[str, str], scene: naive.Scene) -> None:
    world.owner.execute(naive.SCHEMA)
    clusters: list[int] = []

    def set_scene() -> Sequence[Sequence[str]]:
        scripts, touched = scene(world.owner)
        clusters[:] = touched
        return scripts

    with psycopg.connect(database_urls["admin"], autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{server.info.dbname}" SET deadlock_timeout = 20')
    table = Table([database_urls["app"]] * 2, database_urls["admin"])
    try:
        number, wrong = every_order(table, set_scene, lambda: naive.fails(world.owner, clusters))
    finally:
        table.close()
    assert number == 20
    assert wrong
    # One after the other it looks right, which is why it gets written.
    assert all(order not in {(0, 0, 0, 1, 1, 1), (1, 1, 1, 0, 0, 0)} for order, _found in wrong)
