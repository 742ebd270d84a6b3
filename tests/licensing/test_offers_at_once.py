"""Two hands on one offer, in every order: an offer is approved by two, opened once, and never behind an objection."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import psycopg
import pytest

from apps.accounts.models import User
from apps.licensing.models import Offer
from tests.licensing.interleaving import Table, every_order
from tests.licensing.offered import announced, awaiting, when_the_lock_is_over
from tests.licensing.races import together, weakened
from tests.licensing.world import World

pytestmark = pytest.mark.committed

Seats = Callable[[int], Table]

# What must never be, whatever was tried.
BROKEN: Final = {
    "open behind an objection": "SELECT o.id FROM licensing_offer o JOIN licensing_objection j ON j.offer_id = o.id"
    " WHERE o.state = 'open' AND j.state = 'open' AND j.made_at <= o.opened_at",
    "an objection beside a clock that runs": "SELECT o.id FROM licensing_offer o"
    " JOIN licensing_objection j ON j.offer_id = o.id WHERE o.state = 'announced' AND j.state = 'open'",
    "open without a sealed release": "SELECT o.id FROM licensing_offer o"
    " JOIN licensing_release r ON r.id = o.release_id WHERE o.state IN ('announced', 'open') AND r.state <> 'sealed'",
    "announced without two yeses to one digest": "SELECT o.id FROM licensing_offer o"
    " WHERE o.state IN ('announced', 'suspended', 'open') AND 2 <> (SELECT count(DISTINCT a.approver_id)"
    " FROM licensing_approval a WHERE a.offer_id = o.id AND a.digest = o.digest)",
    "more approvals than two": "SELECT offer_id FROM licensing_approval GROUP BY 1 HAVING count(*) > 2",
    "open before the lock was over": "SELECT id FROM licensing_offer WHERE opened_at < opens_at",
}


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


def broken(world: World) -> list[Any]:
    found = []
    for name, query in BROKEN.items():
        found += [(name, row[0]) for row in world.owner.execute(query.encode()).fetchall()]
    return found


class Desk:
    """One offer, put back before each order."""

    def __init__(self, world: World, offer: Offer) -> None:
        self.world, self.offer = world, offer
        self.row = world.owner.execute("SELECT * FROM licensing_offer WHERE id = %s", [offer.pk]).fetchone()
        self.columns = [
            each[0] for each in world.owner.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'licensing_offer'::regclass AND attnum > 0"
                " ORDER BY attnum"
            ).fetchall()
        ]  # fmt: skip
        self.approvals = world.owner.execute("SELECT * FROM licensing_approval").fetchall()
        self.items = world.owner.execute("SELECT * FROM release_item").fetchall()

    def put_back(self) -> None:
        """Undo whatever the last order did."""
        told = ", ".join(f"{column} = %s" for column in self.columns)
        for table in ("licensing_objection", "licensing_tombstone"):
            self.world.owner.execute(f"DELETE FROM {table}".encode())
        assert self.row is not None
        self.world.rewritten("licensing_offer", f"UPDATE licensing_offer SET {told}", *self.row)
        self.world.owner.execute("DELETE FROM licensing_approval")
        for row in self.approvals:
            self.world.owner.execute("INSERT INTO licensing_approval VALUES (%s, %s, %s, %s, %s, %s)", row)

    def approve(self, person: User) -> str:
        """The step at which somebody approves."""
        return f"SELECT approve_offer({self.offer.pk}, {person.pk}, '{self.offer.digest}')"

    def open(self) -> str:
        """The step at which it is opened."""
        return f"SELECT open_offer({self.offer.pk})"

    def object(self) -> str:
        """The step at which somebody objects."""
        return (
            "INSERT INTO licensing_objection (offer_id, ground, words, contact, made_at, due_at, state, outcome,"
            f" public_reason) VALUES ({self.offer.pk}, 'law', 'x', 'x', now(), now(), 'open', '', '')"
        )

    def end(self) -> str:
        """The step at which an approver says no."""
        return (
            f"UPDATE licensing_offer SET state = 'refused', ended_clause = 'W2' WHERE id = {self.offer.pk}"
            " AND state IN ('awaiting', 'announced')"
        )


def played(world: World, table: Table, desk: Desk, *scripts: Sequence[str]) -> int:
    def scene() -> Sequence[Sequence[str]]:
        desk.put_back()
        return scripts

    number, wrong = every_order(table, scene, lambda: broken(world))
    assert not wrong, wrong
    return number


def test_approvals_at_once(world: World, seats: Seats, margaret: User, katherine: User, dorothy: User) -> None:
    desk = Desk(world, awaiting(world, margaret))
    table = seats(2)
    same = together(desk.approve(katherine))
    assert played(world, table, desk, same, same) == 20
    assert world.value("SELECT count(*) FROM licensing_approval") == 1
    assert played(world, table, desk, same, together(desk.approve(dorothy))) == 20
    assert world.value("SELECT count(*) FROM licensing_approval") == 2
    assert played(world, table, desk, same, together(desk.end())) == 20


def test_opening_against_objections_refusals_and_itself(
    world: World, seats: Seats, margaret: User, katherine: User, dorothy: User
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    when_the_lock_is_over(world, offer)
    desk = Desk(world, offer)
    table = seats(2)
    opening = together(desk.open())
    for against in (together(desk.object()), together(desk.end()), opening):
        assert played(world, table, desk, opening, against) == 20


def test_opening_against_giving_the_release_up(
    world: World, seats: Seats, margaret: User, katherine: User, dorothy: User
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    when_the_lock_is_over(world, offer)
    desk = Desk(world, offer)
    table = seats(2)
    cancel = together(f"SELECT cancel_release({offer.release_id})")
    for first, second in ((together(desk.open()), cancel), (cancel, together(desk.open()))):
        table.play([first, second], (0, 1, 0, 1, 0, 1))
        assert not broken(world)
        assert world.value("SELECT state FROM licensing_release") == "cancelled"


def test_opening_that_does_not_hold_the_offer_is_noticed(
    world: World, seats: Seats, margaret: User, katherine: User, dorothy: User
) -> None:
    """Without the lock, an objection and an opening that do not see each other both succeed."""
    offer = announced(world, margaret, katherine, dorothy)
    when_the_lock_is_over(world, offer)
    weakened(world.owner, "wall_hold_offer(bigint)", ("WHERE id = of_offer FOR UPDATE", "WHERE id = of_offer"))
    weakened(
        world.owner,
        "wall_on_objection()",
        ("UPDATE licensing_offer SET state = 'suspended', suspended_at = NEW.made_at WHERE id = offer.id", "NULL"),
    )
    desk = Desk(world, offer)
    table = seats(2)

    def scene() -> Sequence[Sequence[str]]:
        desk.put_back()
        return [together(desk.open()), together(desk.object())]

    _number, wrong = every_order(table, scene, lambda: broken(world))
    assert wrong
