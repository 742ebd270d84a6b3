"""A release is delivered or given up, never both: whoever comes second is told so."""

from collections.abc import Iterator
from typing import Final

import psycopg
import pytest
from django.test import Client

from apps.licensing.models import Delivery, Release, ReleaseState
from tests.licensing.interleaving import Order, Table
from tests.licensing.opened import Opened
from tests.licensing.races import together, weakened

pytestmark = pytest.mark.committed

LOCK: Final = "WHERE id = (SELECT release_id FROM licensing_edition WHERE id = NEW.edition_id) FOR KEY SHARE"
HAPPENED: Final = "SELECT (SELECT state FROM licensing_release) || (SELECT count(*) FROM licensing_delivery)"


@pytest.fixture
def table(opened: Opened, database_urls: dict[str, str]) -> Iterator[Table]:
    """Two hands as ``showdown_app``."""
    with psycopg.connect(database_urls["admin"], autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{server.info.dbname}" SET deadlock_timeout = 20')
    made = Table([database_urls["app"]] * 2, database_urls["admin"])
    yield made
    made.close()


def delivering(opened: Opened) -> list[str]:
    """The steps at which Ingrid's download is counted."""
    file = opened.table
    return together(
        "INSERT INTO licensing_delivery (licensee_id, counter, edition_id, revision, file, file_sha256, file_bytes,"
        f" via, state, pseudonym, bytes_sent, started_at) VALUES ({opened.edition.licensee_id}, 1,"
        f" {opened.edition.pk}, 0, '{file.name}', '{file.sha256}', {file.bytes}, 'web', 'claimed', 'x', 0, now())"
    )


def scripts(opened: Opened) -> list[list[str]]:
    """Ingrid's download, and Margaret's cancellation."""
    return [delivering(opened), together(f"SELECT cancel_release({opened.edition.release_id})")]


@pytest.mark.parametrize(
    ("order", "outcome"), [((0, 0, 1, 1, 0, 1), "sealed1"), ((1, 1, 0, 0, 1, 0), "cancelled0")]
)  # fmt: skip
def test_a_delivery_and_a_cancellation_do_not_pass_each_other(
    opened: Opened, table: Table, order: Order, outcome: str
) -> None:
    table.play(scripts(opened), order)
    assert opened.world.value(HAPPENED) == outcome


def test_a_delivery_that_does_not_hold_the_release_is_noticed(opened: Opened, table: Table) -> None:
    weakened(opened.world.owner, "delivery_on_insert()", (LOCK, LOCK.removesuffix(" FOR KEY SHARE")))
    table.play(scripts(opened), (0, 0, 1, 1, 0, 1))
    assert opened.world.value(HAPPENED) == "cancelled1"


def test_an_answer_waits_for_whoever_gives_the_release_up(opened: Opened, database_urls: dict[str, str]) -> None:
    opened.fetch()
    opened.world.owner.execute("ALTER TABLE licensing_delivery DISABLE TRIGGER USER")
    opened.world.owner.execute("UPDATE licensing_delivery SET state = 'broken'")
    opened.world.owner.execute("ALTER TABLE licensing_delivery ENABLE TRIGGER USER")
    delivery = Delivery.objects.get()
    with psycopg.connect(database_urls["app"]) as other, psycopg.connect(database_urls["app"]) as app:
        other.execute("SELECT 1 FROM licensing_release FOR UPDATE")
        app.execute("SET lock_timeout = 100")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            app.execute(
                'INSERT INTO licensing_transfer (delivery_id, start, "until", sent, began_at, seen_at)'
                " VALUES (%s, 0, 1, 0, now(), now())",
                [delivery.pk],
            )


def test_margaret_is_told_that_somebody_has_it(opened: Opened, client: Client) -> None:
    opened.fetch()
    client.force_login(opened.officer)
    number = opened.edition.release_id
    answer = client.post(f"/releases/{number}/cancel/", follow=True)
    assert answer.status_code == 200
    assert "Somebody has received this release" in answer.content.decode()
    assert Release.objects.get().state == ReleaseState.SEALED


@pytest.mark.parametrize("is_fetched", [False, True])
def test_she_is_offered_one_way_back_and_never_the_other(opened: Opened, client: Client, is_fetched: bool) -> None:
    if is_fetched:
        opened.fetch()
    client.force_login(opened.officer)
    number = opened.edition.release_id
    page = client.get(f"/releases/{number}/").content.decode()
    assert (f"/releases/{number}/withdraw/" in page) is is_fetched
    assert (f"/releases/{number}/cancel/" in page) is not is_fetched
