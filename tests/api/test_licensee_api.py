"""A licensee's program: what it may see and ask with its key, and what everybody may without one."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.domain.edition import SCHEMA
from apps.licensing.models import AccessRequest, LicenseeKey
from apps.licensing.services import revoke_key, suspend_licensee
from apps.organizations.models import TieKind
from apps.organizations.services import declare_tie
from tests.conftest import NOON
from tests.licensing.partners import LATER, Partner, partner
from tests.organizations.test_register import registered
from tests.trails import refusals

pytestmark = pytest.mark.django_db
TERMS, REQUESTS = "/api/v1/licensee/terms/", "/api/v1/licensee/requests/"
WISH: dict[str, Any] = {
    "title": "Explanations",
    "purpose": "DUO:0000042",
    "use": "A study.",
    "wanted": "Explanations in English.",
    "filters": {"languages": ["en"], "since": "2026-01-01"},
    "recipients": ["meridian-university"],
}


@pytest.fixture(autouse=True)
def _nobody_called_before() -> None:
    cache.clear()


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university with everything in order."""
    return partner(margaret)


@pytest.fixture
def program(university: Partner) -> Client:
    """The university's program, with a key."""
    return calling(university.keyed(now=timezone.now()).text)


def calling(text: str) -> Client:
    return Client(headers={"Authorization": f"Api-Key {text}"})


def posted(client: Client, **more: Any) -> Any:
    return client.post(REQUESTS, WISH | more, content_type="application/json")


def test_it_reads_its_terms(program: Client, university: Partner) -> None:
    told = program.get(TERMS).json()
    assert told["licensee"] == "Meridian University"
    assert told["may_receive"] is True
    assert told["agreement"]["text_sha256"] == university.licensee.agreement_sha256
    assert [one["code"] for one in told["purposes"]] == ["DUO:0000042"]
    assert told["recipients"] == [{"slug": "meridian-university", "name": "Meridian University"}]
    assert LicenseeKey.objects.get().last_used_at is not None


def test_it_asks_and_finds_what_it_asked_for(program: Client, university: Partner) -> None:
    answer = posted(program)
    assert answer.status_code == 201, answer.content
    asked = AccessRequest.objects.get()
    assert (asked.asked_by, asked.key) == (university.contact, LicenseeKey.objects.get())
    assert asked.filters == {"languages": ["en"], "since": "2026-01-01"}
    assert answer.json() == program.get(f"{REQUESTS}{asked.pk}/").json()
    assert [one["number"] for one in program.get(REQUESTS).json()] == [asked.pk]
    # Sent twice, it is refused by name, and the refusal is an entry.
    again = posted(program)
    assert again.status_code == 409
    assert again["Content-Type"] == "application/problem+json"
    assert again.json()["type"] == "/api/problems/already-asked"
    assert refusals() == ["already-asked"]


def test_anothers_request_is_as_if_it_were_not_there(program: Client, margaret: User) -> None:
    other = partner(margaret, "Atoll Institute", "joan").requested()
    assert program.get(f"{REQUESTS}{other.pk}/").status_code == 404
    assert program.get(f"{REQUESTS}{other.pk + 99}/").status_code == 404
    assert program.get(REQUESTS).json() == []


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"title": ""}, 400),
        ({"title": "x" * 9000}, 400),
        ({"use": "\x00"}, 400),
        ({"wanted": ["x"]}, 400),
        ({"filters": "all"}, 400),
        ({"filters": {"since": "never"}}, 400),
        ({"filters": {"languages": ["x" * 50]}}, 400),
        ({"filters": {"languages": ["en'; --"]}}, 409),
        ({"filters": {"since": "2026-02-01", "until": "2026-01-01"}}, 409),
        ({"recipients": []}, 400),
        ({"recipients": ["a friend"]}, 400),
        ({"recipients": ["a-friend"]}, 409),
        ({"recipients": ["x"] * 51}, 400),
        ({"purpose": "showdown:training"}, 409),
        ({"needed_by": "2001-01-01"}, 409),
    ],
)
def test_what_cannot_be_asked_says_why(program: Client, told: dict[str, Any], status: int) -> None:
    answer = posted(program, **told)
    assert answer.status_code == status, answer.content
    assert answer.json()
    assert not AccessRequest.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 5000])
def test_what_is_no_request_is_no_fault_of_ours(program: Client, body: bytes) -> None:
    answer = program.post(REQUESTS, body, content_type="application/json")
    assert answer.status_code == 400
    assert program.post(REQUESTS, {"title": "x"}, content_type="text/plain").status_code == 415


@pytest.mark.parametrize("text", ["", "x", "sd_" + "0" * 12 + "_" + "0" * 64, "x" * 9000, "sd_é"])
def test_without_a_key_that_opens_something_there_is_nothing(university: Partner, text: str) -> None:
    for address in (TERMS, REQUESTS, f"{REQUESTS}1/"):
        answer = calling(text).get(address)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Api-Key"
    client = Client()
    client.force_login(university.contact)
    # Being signed in at the desk is no key.
    assert client.get(TERMS).status_code == 401
    assert posted(client).status_code == 401


def test_whoever_tries_keys_is_slowed_down(university: Partner) -> None:
    found = [calling(f"sd_{number:012x}_" + "0" * 64).get(TERMS).status_code for number in range(35)]
    assert found[:30] == [401] * 30
    assert found[30:] == [429] * 5


def test_a_revoked_key_is_none(program: Client, university: Partner) -> None:
    revoke_key(actor=university.contact.as_actor(), key_id=LicenseeKey.objects.get().pk, now=timezone.now())
    assert program.get(TERMS).status_code == 401


def test_while_suspended_it_reads_why_and_asks_nothing(program: Client, university: Partner, margaret: User) -> None:
    suspend_licensee(
        actor=margaret.as_actor(), licensee_id=university.licensee.pk, clause_number="W2", reason="x", now=LATER
    )
    told = program.get(TERMS).json()
    assert (told["may_receive"], told["refused_because"]) == (False, "licensee-suspended")
    assert posted(program).status_code == 409
    assert refusals() == ["licensee-suspended"]


def test_while_its_owners_changed_it_asks_nothing(program: Client, university: Partner) -> None:
    declare_tie(
        actor=Actor.system("tests.cast"),
        holder=registered("Fund"),
        held=university.organization,
        kind=TieKind.OWNERSHIP,
        since=date(2026, 9, 1),
        source="A file",
        now=NOON + timedelta(hours=2),
    )
    answer = posted(program)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/api/problems/control-changed"
    assert answer.json()["clause"] == "W5"


def test_everybody_reads_the_schema_on_invented_rows(client: Client) -> None:
    told = client.get("/api/v1/schema-preview/").json()
    assert [column["name"] for column in told["columns"]] == SCHEMA.names
    assert told["changes"][0]["added"] or told["changes"][0]["removed"]
    assert all(list(row) == SCHEMA.names for row in told["invented_rows"])


def test_the_contract_describes_the_key_and_the_addresses(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    for address in (TERMS, REQUESTS, "/api/v1/licensee/requests/{number}/", "/api/v1/schema-preview/"):
        assert address in schema["paths"]
    assert "LicenseeKey" in schema["components"]["securitySchemes"]
    assert schema["paths"][TERMS]["get"]["security"] == [{"LicenseeKey": []}]
