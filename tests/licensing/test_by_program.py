"""What a licensee's program does: fetch and resume, read what was taken back, confirm that it is gone."""

import hashlib
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.contributors.models import ConsentKind
from apps.contributors.services import withdraw_consent
from apps.licensing.domain.notice import next_batch
from apps.licensing.flows.withdrawing import tend_withdrawals
from apps.licensing.gateways import SilentPost
from apps.licensing.models import Delivery, Notice
from apps.licensing.services.tombstones import take_back_rows_of
from tests.licensing.opened import PLATFORM, TABLE, Opened, by_the_owner, fetched
from tests.trails import refusals

pytestmark = pytest.mark.committed
JSON: Final = "application/json"


@pytest.fixture(autouse=True)
def _no_throttle_from_before() -> None:
    cache.clear()


def told(client: Client, address: str, status: int = 200, **headers: str) -> Any:
    answer = client.get(address, **{f"HTTP_{name.upper()}": value for name, value in headers.items()})  # type: ignore[arg-type]
    assert answer.status_code == status, answer.content
    return answer


def test_a_program_finds_its_editions_fetches_and_resumes(opened: Opened, client: Client, ada: User) -> None:
    address = f"/api/v1/releases/{opened.edition.pk}/files/{TABLE}"
    for path in ("/api/v1/releases/", address, "/api/v1/deliveries/", "/api/v1/revocations/"):
        told(client, path, 401)
    client.force_login(opened.contact)
    (edition,) = told(client, "/api/v1/releases/").json()
    assert (edition["edition"], edition["rows"], edition["obstacle"]) == (opened.edition.pk, 3, None)
    named = [file["name"] for file in edition["files"]]
    assert named == ["manifest.json", *(file["name"] for file in opened.edition.manifest["files"])]
    head = client.head(address)
    assert head["Content-Length"] == str(opened.table.bytes)
    _first, begun = fetched(client, address, Range="bytes=0-99")
    answer, rest = fetched(client, address, Range="bytes=100-", If_Range=head["ETag"])
    assert (answer.status_code, answer["X-Delivery"]) == (206, "1")
    assert hashlib.sha256(begun + rest).hexdigest() == opened.table.sha256
    (delivery,) = told(client, "/api/v1/deliveries/").json()
    assert (delivery["counter"], delivery["state"], delivery["licensee"]) == (
        1,
        "finished",
        opened.world.licensee.ref,
    )
    assert Delivery.objects.get().via == "api"
    told(client, f"/api/v1/releases/{opened.edition.pk}/files/other", 404)
    told(client, f"/api/v1/releases/{2**70}/files/{TABLE}", 404)
    client.force_login(ada)
    assert told(client, "/api/v1/releases/").json() == []
    told(client, address, 404)


def test_a_closed_edition_says_which_clause_closes_it(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    by_the_owner(opened.world, "UPDATE licensing_offer SET state = 'suspended'")
    assert told(client, "/api/v1/releases/").json()[0]["obstacle"] == "not-open"
    problem = told(client, f"/api/v1/releases/{opened.edition.pk}/files/{TABLE}", 409)
    assert problem["Content-Type"] == "application/problem+json"
    assert (problem.json()["type"], problem.json()["clause"]) == ("/api/problems/not-open-yet", "W6")
    assert refusals() == ["not-open-yet"]


def test_the_feed_goes_on_from_where_the_reader_was(opened: Opened, client: Client, ada: User) -> None:
    client.force_login(opened.contact)
    opened.fetch()
    feed = "/api/v1/revocations/"
    before = told(client, feed)
    assert before.json() == {"rows": [], "next": None, "more": False}
    told(client, feed, 304, If_None_Match=before["ETag"])
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())
    tend_withdrawals(actor=PLATFORM, post=SilentPost())
    # What waits for the month's notice is not shown early: its day would say who took something back.
    told(client, feed, 304, If_None_Match=before["ETag"])
    month = next_batch(timezone.now())
    tend_withdrawals(actor=PLATFORM, clock=lambda: month, post=SilentPost())
    after = told(client, feed, If_None_Match=before["ETag"])
    rows = after.json()["rows"]
    assert len(rows) == 3
    assert set(rows[0]) == {"row", "release", "notice", "issued_at", "due_at", "urgent"}
    following = after.json()["next"]
    assert told(client, f"{feed}?after={following}").json() == {"rows": [], "next": following, "more": False}
    assert len(told(client, f"{feed}?after={Notice.objects.get().pk}-{rows[0]['row']}").json()["rows"]) == 2
    for nonsense in ("x", "1", "1-zz", "-1-" + "a" * 32, "9" * 40 + "-" + "a" * 32):
        told(client, f"{feed}?after={nonsense}", 400)
    client.force_login(ada)
    assert told(client, feed).json()["rows"] == []


def test_a_program_confirms_by_a_persons_name(opened: Opened, client: Client, ada: User) -> None:
    opened.fetch()
    take_back_rows_of(actor=PLATFORM, contributor_id=ada.contributor.pk, now=timezone.now())
    tend_withdrawals(actor=PLATFORM, post=SilentPost())
    client.force_login(ada)
    assert client.post("/api/v1/notices/1/answer/", {"name": "Ada"}, JSON).status_code == 404
    client.force_login(opened.contact)
    assert client.post("/api/v1/notices/1/answer/", {}, JSON).status_code == 400
    answer = client.post("/api/v1/notices/1/answer/", {"name": "Ingrid Aas"}, JSON)
    assert answer.status_code == 200
    assert answer.json()["acknowledged_at"]
    assert client.post("/api/v1/notices/1/answer/", {"name": "Ingrid Aas"}, JSON).status_code == 409
    assert client.post("/api/v1/notices/2/answer/", {"name": "Ingrid Aas"}, JSON).status_code == 404


def test_a_program_that_asks_too_often_waits(opened: Opened, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"licensee": "2/min"})
    client.force_login(opened.contact)
    for _time in range(2):
        told(client, "/api/v1/deliveries/")
    assert int(told(client, "/api/v1/deliveries/", 429)["Retry-After"]) > 0
