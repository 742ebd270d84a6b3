"""The public JSON contract: boards and the log's state, for everybody, with errors that say what to do."""

import pytest
from django.test import Client

from apps.audit.domain.actor import Actor
from apps.audit.domain.merkle import EMPTY_ROOT
from apps.rankings.flows import recompute_open_run
from apps.rankings.services import request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

pytestmark = pytest.mark.django_db
BOARD = "/api/v1/leaderboard/"


def test_before_the_first_night_there_is_no_board(client: Client) -> None:
    answer = client.get(BOARD)
    assert answer.status_code == 404
    assert "No snapshot" in answer.json()["errors"][0]["detail"]


def test_a_board_carries_its_snapshot_and_every_interval(client: Client) -> None:
    plant_votes(240)
    request_refit(actor=Actor.system("tests"), now=NOON)
    snapshot = recompute_open_run(actor=Actor.system("tests"))
    assert snapshot is not None
    board = client.get(BOARD, {"style": "off"}).json()
    assert (board["snapshot"], board["segment"], board["votes"]) == (snapshot.pk, "everyone", 240)
    assert board["votes_root"] == snapshot.votes_root
    for line in board["models"]:
        assert line["lower"] < line["rating"] < line["upper"]
        assert line["rank_low"] <= line["rank"] <= line["rank_high"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"country": "BR", "language": "pt"}, 400),
        ({"style": "sideways"}, 400),
        ({"country": "XX"}, 404),
        ({"country": "' OR 1=1 --"}, 404),
        ({"country": "x" * 5000}, 404),
        ({"dataset": "NaN"}, 404),
    ],
)
def test_what_cannot_be_answered_says_why(client: Client, query: dict[str, str], status: int) -> None:
    plant_votes(48)
    request_refit(actor=Actor.system("tests"), now=NOON)
    recompute_open_run(actor=Actor.system("tests"))
    answer = client.get(BOARD, query)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["detail"]


def test_the_logs_state_is_public_and_its_entries_are_not(client: Client) -> None:
    state = client.get("/api/v1/log/").json()
    assert state == {"size": 0, "root_hash": EMPTY_ROOT.hex(), "last_head_at": None, "waiting": state["waiting"]}
    assert client.get("/log/entries/").status_code == 302


def test_nothing_is_changed_through_it(client: Client) -> None:
    for act in (client.post, client.put, client.delete):
        assert act(BOARD).status_code in {403, 405}


def test_the_contract_describes_itself(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.status_code == 200
    assert "/api/v1/leaderboard/" in schema.json()["paths"]
