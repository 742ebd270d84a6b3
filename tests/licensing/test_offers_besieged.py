"""Approving and opening against everything that may happen meanwhile, in every order."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from apps.accounts.models import User
from tests.licensing.interleaving import Order, Table, every_order
from tests.licensing.offers_besieged import (
    STEPS,
    TO_OFFERS,
    approves,
    breaches_of_offers,
    exchanges_the_manifest,
    opens_an_offer,
    takes_rows_back,
)
from tests.licensing.races import weakened
from tests.licensing.sieges import Stage, excludes_the_vote, stage, tightens_the_policy, withdraws_consent
from tests.licensing.verdicts import breaches
from tests.licensing.world import World

pytestmark = pytest.mark.committed

Act = Callable[[Stage], list[str]]
Seats = Callable[[int], Table]


@pytest.fixture
def seats(world: World, katherine: User, dorothy: User, database_urls: dict[str, str]) -> Iterator[Seats]:
    """Set a table for some hands, each as ``showdown_app``, in a world with two approvers."""
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
    world: World, table: Table, step: Act, act: Act, *, only: Callable[[int], bool] = lambda _number: True
) -> tuple[int, list[tuple[Order, list[object]]]]:
    """Play what is done to an offer against what happens meanwhile; return the number of orders and what broke."""
    at: list[Stage] = []

    def set_scene() -> list[list[str]]:
        world.owner.execute("UPDATE licensing_licensee SET suspended_at = NULL")
        at[:] = [stage(world)]
        return [step(at[0]), act(at[0])]

    def verdict() -> list[object]:
        return [*breaches(world, at[0].clusters), *breaches_of_offers(world, at[0].release)]

    return every_order(table, set_scene, verdict, only=only)


def test_an_order_of_each_against_everything(world: World, seats: Seats) -> None:
    table = seats(2)
    for place, act in enumerate(TO_OFFERS):
        _number, wrong = played(world, table, STEPS[place % len(STEPS)], act, only=lambda number: number == 1)
        assert wrong == [], act.__name__


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("act", TO_OFFERS, ids=lambda act: act.__name__)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_every_order_of_each_against_everything(world: World, seats: Seats, step: Act, act: Act) -> None:
    number, wrong = played(world, seats(2), step, act)
    assert number >= 2
    assert wrong == []


def test_an_offer_does_not_open_over_a_consent_that_has_gone(world: World, seats: Seats) -> None:
    """No tombstone was written: whoever opens forgot to look, or would rather not."""
    for act in (withdraws_consent, excludes_the_vote):
        number, wrong = played(world, seats(2), opens_an_offer, act)
        assert (number, wrong) == (2, [])


def editions_can_be_exchanged(world: World) -> None:
    """Let the tables' own triggers sleep, which refuse it before anybody approves or opens."""
    for trigger in ("edition_on_write", "edition_is_kept"):
        world.owner.execute(f"ALTER TABLE licensing_edition DISABLE TRIGGER {trigger}".encode())


def test_the_suite_sees_an_offer_that_opens_whatever_came_before(world: World, seats: Seats) -> None:
    """Opening is one step here, so whatever it overlooks it overlooks when it comes second."""
    world.owner.execute("ALTER TABLE licensing_offer DISABLE TRIGGER wall_on_opening")
    editions_can_be_exchanged(world)
    weakened(
        world.owner,
        "open_offer(bigint)",
        ("offer_rows_to_leave(of_offer) > 0", "false"),
        ("IF young > 0", "IF false"),
        ("offer_digest(of_offer) IS DISTINCT FROM offer.digest", "false"),
    )
    table = seats(2)
    for act, told in (
        (withdraws_consent, "opened after a consent had gone"),
        (excludes_the_vote, "opened after a vote had been excluded"),
        (takes_rows_back, "opened with a row that was taken back before"),
        (tightens_the_policy, "opened while younger than the policy"),
        (exchanges_the_manifest, "after a manifest had been exchanged"),
    ):
        _number, wrong = played(world, table, opens_an_offer, act)
        assert any(told in str(found) for _order, found in wrong), act.__name__


def test_the_suite_sees_an_approval_of_something_else(world: World, seats: Seats) -> None:
    editions_can_be_exchanged(world)
    weakened(
        world.owner,
        "approve_offer(bigint, bigint, text)",
        ("offer_digest(of_offer) IS DISTINCT FROM offer.digest", "false"),
    )
    _number, wrong = played(world, seats(2), approves, exchanges_the_manifest)
    assert any("after a manifest had been exchanged" in str(found) for _order, found in wrong)
