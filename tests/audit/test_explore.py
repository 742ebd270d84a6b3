"""What Barbara sees of the log, what others do not, and that every look is an entry of its own."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.merkle import leaf_hash, verify_inclusion
from apps.audit.events import AuditEvent
from apps.audit.models import Entry
from apps.audit.queries import EntryFilter, entries_page
from apps.audit.services import record_look
from apps.audit.views import pages
from tests.audit.garden import GardenEvent, plant, sequence, sequence_what_was_there
from tests.conftest import NOON

HUGE = 10**25


@pytest.fixture
def auditor(client: Client, barbara: User) -> Client:
    client.force_login(barbara)
    return client


def looks(event: str) -> list[Entry]:
    return list(Entry.objects.filter(event=event).order_by("id"))


# --- The public page ---


def test_everybody_sees_the_size_and_the_root(db: None, client: Client) -> None:
    page = client.get("/log/").content.decode()
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" in page
    assert "/log/entries/" not in page
    assert "immutable" not in page


@pytest.mark.committed
def test_the_public_page_grows_with_the_log(client: Client) -> None:
    before = sequence_what_was_there()
    plant(3)
    sequence()
    plant(2)
    page = client.get("/log/").content.decode()
    assert f"{before + 3} entries stand in their places" in " ".join(page.split())
    assert "The tree is behind" in page


def test_the_auditor_finds_the_explorer(auditor: Client) -> None:
    assert "/log/entries/" in auditor.get("/log/").content.decode()


# --- Who may look ---

PAGES = ["/log/entries/", "/log/entries/1/", "/log/entries/1/proof.json"]


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_is_asked_to_sign_in(db: None, client: Client, page: str) -> None:
    response = client.get(page)
    assert response.status_code == 302
    assert "login" in response["Location"]


@pytest.mark.parametrize("page", PAGES)
def test_nobody_but_auditors_reads_entries(client: Client, mallory: User, page: str) -> None:
    client.force_login(mallory)
    response = client.get(page)
    assert response.status_code == 403
    (refusal,) = looks("audit.refused")
    assert refusal.actor_pseudonym == mallory.pseudonym
    assert refusal.facts["code"] == "not-an-auditor"
    assert not Entry.objects.filter(event__in=["audit.entries_looked_at", "audit.entry_looked_at"]).exists()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_no_other_role_opens_the_explorer(client: Client, person: Callable[..., User], role: Role) -> None:
    client.force_login(person("joan", role))
    assert client.get("/log/entries/").status_code == 403


# --- Looks ---


def test_every_look_is_an_entry(auditor: Client, barbara: User) -> None:
    (entry,) = plant(1)
    auditor.get("/log/entries/?event=gardens.planted&since=2026-09-01")
    auditor.get(f"/log/entries/{entry.pk}/")
    (listed,) = looks("audit.entries_looked_at")
    assert listed.facts == {"event": "gardens.planted", "since": "2026-09-01"}
    assert listed.actor_pseudonym == barbara.pseudonym
    (seen,) = looks("audit.entry_looked_at")
    assert seen.subject == f"audit.entry:{entry.pk}"


@pytest.mark.committed
def test_a_look_is_kept_even_when_the_reading_fails(
    client: Client, barbara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = plant(1)
    client.force_login(barbara)
    client.raise_request_exception = False
    seen_when_reading: list[int] = []

    def fail(*_args: object, using: str, **_named: object) -> None:
        assert using == "auditor"
        # Another connection than the one that wrote it sees the look: it is committed already.
        seen_when_reading.append(Entry.objects.using("auditor").filter(event__contains="looked_at").count())
        raise DatabaseError("the disk is gone")

    monkeypatch.setattr(pages, "entries_page", fail)
    monkeypatch.setattr(pages, "proved_entry", fail)
    assert client.get("/log/entries/").status_code == 500
    assert client.get(f"/log/entries/{entry.pk}/").status_code == 500
    assert seen_when_reading == [1, 2]
    assert len(looks("audit.entries_looked_at")) == 1
    assert len(looks("audit.entry_looked_at")) == 1


@pytest.mark.committed
def test_a_look_is_never_part_of_something_that_may_be_undone(barbara: User) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        record_look(AuditEvent.ENTRY_LOOKED_AT, actor=barbara.as_actor(), subject="audit.entry:1", now=NOON)
    assert looks("audit.entry_looked_at") == []


def test_a_look_that_cannot_be_written_shows_nothing(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise DatabaseError("the log is away")

    auditor.raise_request_exception = False
    monkeypatch.setattr(pages, "record_look", fail)
    plant(1)
    response = auditor.get("/log/entries/")
    assert response.status_code == 500
    assert "gardens" not in response.content.decode()


# --- The explorer ---


def subjects_on(page: str) -> list[str]:
    return re.findall(r"<bdi>(gardens\.tree:\d+)</bdi>", page)


def test_filters_stand_in_the_address(auditor: Client) -> None:
    plant(3)
    plant(2, GardenEvent.WATERED, clause="4.2")
    listed = auditor.get("/log/entries/?event=gardens.watered").content.decode()
    assert subjects_on(listed) == ["gardens.tree:1", "gardens.tree:0"]
    assert subjects_on(auditor.get("/log/entries/?clause=4.2").content.decode()) == ["gardens.tree:1", "gardens.tree:0"]
    one = auditor.get("/log/entries/?subject=gardens.tree:0&actor=system:tests.robot").content.decode()
    assert subjects_on(one) == ["gardens.tree:0", "gardens.tree:0"]
    assert subjects_on(auditor.get("/log/entries/?since=2026-09-15&event=gardens.planted").content.decode()) == []
    day = auditor.get("/log/entries/?since=2026-09-14&until=2026-09-14&event=gardens.planted").content.decode()
    assert len(subjects_on(day)) == 3


def test_pages_follow_one_another_without_loss(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(120)
    address, seen = "/log/entries/?event=gardens.planted", []
    for _ in range(3):
        page = auditor.get(address).content.decode()
        seen += subjects_on(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        address = "/log/entries/" + older[1].replace("&amp;", "&")
    assert seen == [f"gardens.tree:{number}" for number in reversed(range(120))]
    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer is not None
    back = auditor.get("/log/entries/" + newer[1].replace("&amp;", "&")).content.decode()
    assert subjects_on(back) == [f"gardens.tree:{number}" for number in reversed(range(20, 70))]


def test_going_to_and_fro_meets_every_entry_once(db: None) -> None:
    plant(23)
    wanted = EntryFilter(event="gardens.planted")
    page = entries_page(wanted, limit=5)
    assert page.newer is None
    forth = [page.rows]
    while page.older:
        page = entries_page(wanted, limit=5, before=page.older)
        forth.append(page.rows)
    assert [row.subject for rows in forth for row in rows] == [f"gardens.tree:{n}" for n in reversed(range(23))]
    back = [page.rows]
    while page.newer:
        page = entries_page(wanted, limit=5, after=page.newer)
        back.append(page.rows)
    assert {row for rows in back for row in rows} == {row for rows in forth for row in rows}
    assert entries_page(EntryFilter(event="gardens.nothing")).rows == ()


@pytest.mark.parametrize(
    "query",
    [
        "event=%3Cscript%3E",
        "subject=tree+1",
        "subject=%00",
        "actor=ada@demo.example",
        "clause=a+b",
        "since=yesterday",
        "until=9999-12-31",
        "before=first",
        "before=99999999999999999999-1",
        "before=1-99999999999999999999",
        "after=-1--1",
        "event=" + "x" * 5000,
    ],
)
def test_filters_that_cannot_be_read_are_explained(auditor: Client, query: str) -> None:
    plant(1)
    response = auditor.get(f"/log/entries/?{query}")
    assert response.status_code == 400
    page = response.content.decode()
    assert "Please look at this again" in page
    assert subjects_on(page) == []
    assert "<script>" not in page
    assert len(looks("audit.entries_looked_at")) == 1


# --- An entry and its proof ---


@pytest.mark.committed
def test_an_entry_is_shown_with_its_proof_checked(client: Client, barbara: User) -> None:
    entries = plant(13)
    sequence()
    client.force_login(barbara)
    page = client.get(f"/log/entries/{entries[6].pk}/").content.decode()
    assert "Verified just now" in page
    assert "gardens.tree:6" in page
    assert leaf_hash(bytes(entries[6].body)).hex() in page
    document = json.loads(client.get(f"/log/entries/{entries[6].pk}/proof.json").content)
    for value in document["proof"]:
        assert value in page
    verify_inclusion(
        leaf=leaf_hash(base64.b64decode(document["entry"])),
        index=document["leaf_index"],
        size=document["size"],
        proof=[bytes.fromhex(value) for value in document["proof"]],
        root=bytes.fromhex(document["root"]),
    )
    assert len(looks("audit.proof_downloaded")) == 1


@pytest.mark.committed
def test_a_rewritten_entry_is_shown_as_such(client: Client, barbara: User, owner_connection: Any) -> None:
    # Two neighbours under one node, whatever stands before them.
    plant(sequence_what_was_there() % 2)
    entries = plant(2)
    sequence()
    owner_connection.execute("ALTER TABLE audit_leaf DISABLE TRIGGER USER")
    owner_connection.execute("UPDATE audit_leaf SET leaf_hash = sha256('x') WHERE entry_id = %s", [entries[1].pk])
    client.force_login(barbara)
    page = client.get(f"/log/entries/{entries[0].pk}/").content.decode()
    assert "Does not verify" in page
    assert "root-mismatch" in page
    assert "Verified just now" not in page


def test_a_waiting_entry_says_that_it_waits(auditor: Client) -> None:
    (entry,) = plant(1)
    assert "Waiting for its place" in auditor.get(f"/log/entries/{entry.pk}/").content.decode()
    response = auditor.get(f"/log/entries/{entry.pk}/proof.json")
    assert response.status_code == 409
    assert "still-waiting" in response.content.decode()
    assert looks("audit.refused")[-1].subject == f"audit.entry:{entry.pk}"


@pytest.mark.parametrize("number", [0, 999_999_999, 2**63 - 1, 2**63, HUGE])
def test_an_entry_that_is_not_there_is_not_found(auditor: Client, number: int) -> None:
    assert auditor.get(f"/log/entries/{number}/").status_code == 404
    assert auditor.get(f"/log/entries/{number}/proof.json").status_code == 404
    assert len(looks("audit.entry_looked_at")) == 1


def test_the_explorer_changes_nothing_and_is_not_kept(auditor: Client) -> None:
    assert auditor.post("/log/entries/").status_code == 405
    assert "no-store" in auditor.get("/log/entries/")["Cache-Control"]


def test_reading_costs_a_handful_of_queries(auditor: Client, django_assert_max_num_queries: Any) -> None:
    plant(60)
    auditor.get("/log/entries/")
    # Eight for who asks, the look with its savepoint, one page, the names of events.
    with django_assert_max_num_queries(13):
        auditor.get("/log/entries/")
