"""The public boards: every filter of the declared list, lasting addresses, and what stands beside a board."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.rankings.models import Method
from tests.conftest import NOON
from tests.web.planted import NAMES, plant_board, plant_boards, plant_models, plant_snapshot

pytestmark = pytest.mark.django_db

HOSTILE = [
    "language=%00",
    "language=' OR 1=1 --",
    "country=" + "x" * 5000,
    "country=<script>alert(1)</script>",
    "target=sideways",
    "profession=%E0%A4%A",
    "age_band=;DROP TABLE rankings_board",
    "dataset=NaN",
    "dataset=99999999999999999999",
]


def shown(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return re.sub(r"\s+", " ", answer.content.decode())


def test_every_attribute_on_the_list_filters_and_is_named(client: Client) -> None:
    plant_boards()
    page = shown(client, "/")
    for name in ("country", "language", "profession", "age_band", "education", "proof", "target", "snapshot"):
        assert f'name="{name}"' in page
    for words in ("Portuguese", "Software developers (2512)", "65 or older", "Document seen", "Bachelor&#x27;s degree"):
        assert words in page
    for query in ("country=BR", "profession=2512", "age_band=55-64", "education=6", "proof=2", "target=uniform"):
        page = shown(client, f"/?{query}")
        assert all(name in page for name in NAMES), query
    # A plus sign that somebody typed arrives as a blank.
    assert "Alder" in shown(client, "/?age_band=65+")
    page = shown(client, "/?target=population")
    assert "Census" in page
    assert "country: Angola" in page


def test_a_declared_pair_gives_a_board_or_why_not_and_a_third_filter_is_refused(client: Client) -> None:
    latest, models = plant_boards()
    page = shown(client, "/?language=pt&age_band=55-64")
    assert "Too few people have voted here" in page
    assert "/rulebook/R2/" in page
    assert "Nobody has voted here yet" in shown(client, "/?language=pt&age_band=65%2B")
    plant_board(latest, models, segment="language=pt,education=6")
    assert "Alder" in shown(client, "/?education=6&language=pt")
    for query in ("language=pt&age_band=55-64&country=BR", "country=BR&language=pt", "dataset=1&language=pt"):
        page = shown(client, f"/?{query}")
        assert "This combination is not on the list" in page
        assert "language + age band" in page
        assert "Alder" not in page
        assert client.get(f"/leaderboard.csv?{query}").status_code == 404
        answer = client.get(f"/api/v1/leaderboard/?{query}")
        assert answer.status_code == 400
        assert "language with age_band" in answer.json()["errors"][0]["detail"]
    assert "larger board" in shown(client, "/?language=sw")


@pytest.mark.parametrize("query", HOSTILE)
def test_what_nobody_can_mean_finds_no_board(client: Client, query: str) -> None:
    plant_boards()
    page = shown(client, f"/?{query}", 404)
    assert "There is no such board" in page
    assert "<script>alert" not in page
    assert client.get(f"/leaderboard.csv?{query}").status_code == 404
    assert client.get(f"/api/v1/leaderboard/?{query}").status_code in {400, 404}


def test_empty_and_repeated_parameters(client: Client) -> None:
    latest, _models = plant_boards()
    assert "Alder" in shown(client, "/?language=&country=&snapshot=&target=&style=")
    assert client.get("/api/v1/leaderboard/?language=en&language=pt&style=off").json()["segment"] == "language=pt"
    for number in ("0", "-1", "x", "9" * 400, "%00"):
        assert client.get(f"/?snapshot={number}").status_code == 404
        assert client.get(f"/api/v1/leaderboard/?snapshot={number}").status_code in {400, 404}
    assert client.get(f"/snapshots/{'9' * 30}/").status_code == 404
    for address in ("/models/alder/", "/compare/", "/coverage/", "/methodology/"):
        assert client.get(f"{address}?snapshot=%00").status_code == 404
        shown(client, f"{address}?snapshot=&style=&style=%3Cb%3E&a=&b=&ties=&ties=half")
    assert client.get(f"/snapshots/{latest.pk}/?snapshot=99").status_code == 200


def test_a_row_says_all_that_is_known(client: Client) -> None:
    latest, models = plant_boards()
    plant_board(latest, models, segment="category=coding", votes_each=20)
    assert "provisional" not in shown(client, "/?style=off")
    assert "provisional" in shown(client, "/?category=coding")
    page = shown(client, "/?style=off")
    assert "Apache 2.0" in page
    # Under another tie rule the first two change places.
    assert re.search(r'data-label="Any method"><bdi>1–2</bdi>', page)
    assert "Alder</bdi> is best for: Portuguese." in page
    assert "Dogwood</bdi> is best for" not in page
    assert f"verify_snapshot {latest.pk}" in page
    assert f"/snapshots/{latest.pk}/board.csv?style=off" in page
    assert "all others" in page.lower()


def test_a_board_that_stands_shows_the_earlier_numbers_and_their_date(client: Client) -> None:
    plant_boards()
    page = shown(client, "/?language=pt&style=off")
    assert "Stands since" in page
    assert "13 Sept 2026" in page
    assert "Alder" in page
    told = client.get("/api/v1/leaderboard/?language=pt&style=off").json()
    assert told["stands_since"].startswith("2026-09-13")
    assert [line["model"] for line in told["models"]] == list(NAMES)
    assert client.get("/api/v1/leaderboard/?country=BR").json()["stands_since"] is None


def test_a_snapshot_keeps_its_address(client: Client) -> None:
    latest, models = plant_boards()
    number = latest.pk
    index = shown(client, "/snapshots/")
    assert f"/snapshots/{number}/" in index
    newest = plant_snapshot(at=NOON + timedelta(days=1))
    plant_board(newest, models[::-1])
    table = client.get(f"/snapshots/{number}/board.csv?style=off")
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert [row["model"] for row in rows] == list(NAMES)
    assert f"showdown-snapshot-{number}-everyone-plain.csv" in table["Content-Disposition"]
    told = client.get(f"/api/v1/leaderboard/?snapshot={number}&style=off").json()
    assert (told["snapshot"], told["models"][0]["model"]) == (number, "Alder")
    page = shown(client, f"/snapshots/{number}/?language=pt")
    assert "The latest board" in page
    assert 'name="snapshot"' not in page
    assert client.get("/api/v1/leaderboard/").json()["models"][0]["model"] == "Dogwood"
    hidden = plant_snapshot(at=NOON + timedelta(days=2), published=False)
    assert client.get(f"/snapshots/{hidden.pk}/").status_code == 404
    assert client.get(f"/snapshots/{hidden.pk}/board.csv").status_code == 404


def test_a_correction_is_told_on_both(client: Client) -> None:
    wrong, models = plant_boards()
    right = plant_snapshot(at=NOON + timedelta(days=1), corrects=wrong, correction="Votes of one day were missing.")
    plant_board(right, models)
    assert "This snapshot was corrected" in shown(client, f"/snapshots/{wrong.pk}/")
    page = shown(client, "/")
    assert "This snapshot is a correction" in page
    assert "Votes of one day were missing." in page
    assert "Votes of one day were missing." in shown(client, "/snapshots/")


def test_before_the_first_night_every_page_says_what_will_fill_it(client: Client) -> None:
    for address in ("/", "/snapshots/", "/coverage/", "/methodology/", "/compare/", "/compare/?a=x&b=y"):
        shown(client, address)
    assert client.get("/models/alder/").status_code == 404
    assert client.get("/models/").status_code == 404
    plant_models()
    assert client.get("/models/alder/").status_code == 404


def test_older_snapshots_without_tables_break_nothing(client: Client) -> None:
    latest, _models = plant_boards()
    older = latest.pk - 1
    for address in ("/models/alder/", "/coverage/", "/methodology/", "/compare/?a=alder&b=birch&c="):
        shown(client, f"{address}{'&' if '?' in address else '?'}snapshot={older}")
    assert client.get("/?target=uniform&snapshot=" + str(older)).status_code == 404


def test_the_number_of_queries_does_not_grow(client: Client) -> None:
    latest, models = plant_boards()
    addresses = ("/", "/?style=off", "/models/alder/", "/compare/?a=alder&b=birch", "/coverage/", "/methodology/")

    def counted() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                shown(client, address)
            counts.append(len(queries))
        return counts

    counted()
    few = counted()
    for code in ("DE", "FR", "IT", "ES", "PL"):
        plant_board(latest, models, segment=f"country={code}")
    for days in (2, 3, 4):
        plant_board(plant_snapshot(at=NOON - timedelta(days=days)), models, method=Method.STYLED)
    assert counted() == few
    assert max(few) <= 30


def test_a_model_has_a_page_of_its_own(client: Client) -> None:
    plant_boards()
    page = shown(client, "/models/alder/?style=off")
    assert "<h1>Alder leads</h1>" in page
    assert 'class="plot"' in page
    assert page.count("<circle") == 2
    # The best segment comes first, and a board that stands says since when.
    assert "Portuguese" in page
    assert "stands since" in page
    assert re.search(r"Birch</bdi></a></td> <td[^>]*>41</td> <td[^>]*>17</td>", page)
    page = shown(client, "/models/birch/?style=off")
    assert re.search(r"Alder</bdi></a></td> <td[^>]*>17</td> <td[^>]*>41</td>", page)
    assert client.get("/models/nobody/").status_code == 404
    assert client.get(f"/models/{'a' * 900}/").status_code == 404


def test_two_models_side_by_side(client: Client) -> None:
    _latest, models = plant_boards()
    page = shown(client, "/compare/?a=birch&b=alder&style=off")
    assert "Alder stands above Birch beyond chance" in page
    # Brazil's board runs the other way round.
    assert "Birch</bdi> is better" in page
    assert "Alder</bdi> is better" in page
    assert "17" in page
    assert "Twice the same model" in shown(client, "/compare/?a=alder&b=alder")
    for query in ("a=alder&b=%00", "a=alder&b=" + "x" * 5000, "a=<b>&b=alder"):
        assert "This model is not on the board" in shown(client, f"/compare/?{query}")
    plant_board(plant_snapshot(at=NOON + timedelta(days=1)), models, can_be_told=False)
    page = shown(client, "/compare/?a=birch&b=alder")
    assert "no difference can be shown" in page
    assert "is better</" not in page


def test_coverage_puts_the_widest_gap_first(client: Client) -> None:
    plant_boards()
    page = shown(client, "/coverage/")
    assert "2 of 3 targets are not met yet" in page
    order = re.findall(r"<bdi>(Portuguese|Swahili|English)</bdi>", page)
    assert order[:3] == ["Portuguese", "Swahili", "English"]
    assert "level of proof" in page.lower()


def test_what_changes_if(client: Client) -> None:
    plant_boards()
    page = shown(client, "/methodology/")
    assert "2 of 4 models have a rank that hangs on the method" in page
    assert "This is how the board is computed." in page
    page = shown(client, "/methodology/?ties=drop")
    assert "2 models would have another rank." in page
    assert page.index("Birch</bdi>") < page.index("Alder</bdi>")
    for query in ("ties=%00", "style=off&ties=drop", "exclusions=" + "x" * 4000, "target=<b>"):
        assert "This combination was not computed" in shown(client, f"/methodology/?{query}")
    assert "0.310" in page
    assert "+12.3" in page
    assert 'id="changelog"' in page
