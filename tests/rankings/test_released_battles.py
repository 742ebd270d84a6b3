"""A vote cast before its battle was sold counts on: a sale changes no rank, and every board says what rests on it."""

from collections.abc import Sequence

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.models import Vote
from apps.licensing.models import Licensee, Release
from apps.organizations.models import Organization
from apps.prompts.models import Cluster
from apps.rankings.domain.segments import EVERYONE
from apps.rankings.flows import recompute_open_run
from apps.rankings.models import Method, Snapshot
from apps.rankings.queries import BoardView, board_view
from apps.rankings.services import request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

pytestmark = pytest.mark.committed
NIGHT = Actor.system("rankings.nightly")


def recomputed() -> Snapshot:
    request_refit(actor=NIGHT, now=timezone.now())
    snapshot = recompute_open_run(actor=NIGHT)
    assert snapshot is not None
    return snapshot


def board(snapshot: Snapshot, segment: str = EVERYONE, *, without: bool = False) -> BoardView:
    view = board_view(snapshot=snapshot, segment=segment, method=Method.PLAIN, without_released=without)
    assert view is not None
    return view


def numbers(view: BoardView) -> list[tuple[object, ...]]:
    return [
        (row.model.name, row.rank, row.rank_low, row.rank_high, row.rating, row.lower, row.upper, row.votes)
        for row in view.rows
    ]


class Market:
    """Votes of long ago on one cluster, which can be sold and given back."""

    def __init__(self, owner: psycopg.Connection, officer: User) -> None:
        self.owner, self.officer = owner, officer
        self.votes = plant_votes()
        owner.execute("UPDATE battles_battle SET last_event_at = now() - interval '2400 hours'")
        owner.execute("SELECT retire_cluster(id, 60) FROM prompts_cluster")
        buyer = Organization.objects.create(name="Buyer", slug="buyer")
        self.licensee = Licensee.objects.create(
            organization=buyer, purpose="Research", agreement_sha256="0" * 64, agreed_at=NOON
        )

    def sell(self, votes: Sequence[Vote]) -> Release:
        release = Release.objects.create(
            licensee=self.licensee, title="Sold", drafted_by=self.officer, drafted_at=NOON, policy_version=1
        )
        battles = [vote.battle_id for vote in votes]
        # Nobody in this small arena has consented to anything, and which clauses ask for it is no matter of the boards.
        with self.owner.transaction():
            self.owner.execute(
                "INSERT INTO release_item SELECT id, %s FROM unnest(%s) AS b (id)", [release.pk, battles]
            )
            self.owner.execute(
                "UPDATE licensing_release SET state = 'sealed', sealed_at = now(), items_root = repeat('0', 64),"
                " items = %s WHERE id = %s",
                [len(battles), release.pk],
            )
        return release


@pytest.fixture
def market(owner_connection: psycopg.Connection, margaret: User) -> Market:
    return Market(owner_connection, margaret)


def test_a_sale_changes_no_rank_and_neither_does_giving_it_back(market: Market) -> None:
    before = recomputed()
    assert board(before).board.on_released == 0
    assert not before.boards.filter(is_without_released=True).exists()

    release = market.sell(market.votes[:120])
    after = recomputed()
    assert after.votes_root == before.votes_root
    assert numbers(board(after)) == numbers(board(before))
    assert board(after).released_share == 0.25

    market.owner.execute("SELECT cancel_release(%s)", [release.pk])
    later = recomputed()
    assert numbers(board(later)) == numbers(board(before))
    assert board(later).board.on_released == 0


def test_a_board_shows_itself_without_what_was_sold(market: Market, client: Client) -> None:
    market.sell(market.votes[:120])
    snapshot = recomputed()
    rest = board(snapshot, without=True)
    assert rest.board.is_without_released
    assert (rest.board.votes, rest.board.on_released) == (360, 0)
    assert rest.rows
    page = client.get("/").content.decode()
    assert "25.0%" in page or "25%" in page
    assert "released=without" in page
    page = client.get("/", {"released": "without", "style": "off"}).content.decode()
    assert "360" in page
    told = client.get("/api/v1/leaderboard/", {"released": "without", "style": "off"}).json()
    assert (told["votes"], told["without_released"], told["on_released"]) == (360, True, 0)
    assert client.get("/api/v1/leaderboard/", {"style": "off"}).json()["on_released"] == 120


def test_what_could_be_subtracted_stays_hidden(market: Market) -> None:
    """Nine people's votes are the difference of two boards: ten must stand behind it, as behind a board."""
    people = sorted({vote.contributor_id for vote in market.votes})[:9]
    market.sell([vote for vote in market.votes if vote.contributor_id in people])
    rest = board(recomputed(), without=True)
    assert (rest.board.suppressed_because, rest.rows) == ("remainder-too-small", [])


def test_without_a_sale_a_board_is_itself_without_one(market: Market) -> None:
    snapshot = recomputed()
    assert board(snapshot, without=True).board == board(snapshot).board
    assert Cluster.objects.count() == 1
