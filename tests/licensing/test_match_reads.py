"""Every read of a file has its delivery, or somebody hears of it by the next morning."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import InboxMessage, User
from apps.licensing.domain.ranges import Span
from apps.licensing.events import LicensingEvent
from apps.licensing.flows.matching import match_due_days
from apps.licensing.gateways import EditionReader, ReadJournal
from apps.licensing.models import ReadIncident, ReadMatch
from tests.licensing.opened import PLATFORM, TABLE, Opened, fetched, later
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.committed

TOMORROW = later(days=1)


def faults() -> list[str]:
    return list(ReadIncident.objects.order_by("pk").values_list("fault", flat=True))


def test_a_day_of_downloads_fits(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    fetched(client, opened.address())
    fetched(client, opened.address(), Range="bytes=0-9")
    fetched(client, opened.address("manifest.json"))
    journal = ReadJournal(opened.root)
    (day,) = journal.days()
    path = journal.folder / f"{day}.jsonl"
    assert path.stat().st_mode & 0o077 == journal.folder.stat().st_mode & 0o077 == 0
    # Today is not over yet.
    assert match_due_days(actor=PLATFORM) == []
    (match,) = match_due_days(actor=PLATFORM, clock=TOMORROW)
    assert (match.lines, match.incidents) == (3, 0)
    assert trail_of(match) == [LicensingEvent.READS_MATCHED]
    assert facts_about(match)["journal_digest"] == match.journal_sha256
    assert match_due_days(actor=PLATFORM, clock=TOMORROW) == []
    assert faults() == []


def test_reading_past_the_service_is_found(opened: Opened, client: Client, barbara: User, ada: User) -> None:
    opened.fetch()
    # Somebody with the program at hand opens the store's file and asks nobody.
    file = opened.table
    door = EditionReader()
    stolen = door.open(opened.edition.path, TABLE, sha256=file.sha256, size=file.bytes)
    assert b"".join(stolen.pieces(Span(0, file.bytes), answer=0)) == opened.bytes
    # And once more, under the number of Ingrid's own delivery.
    assert list(stolen.pieces(Span(0, file.bytes), answer=1))
    stolen.close()
    (match,) = match_due_days(actor=PLATFORM, clock=TOMORROW)
    assert (match.lines, match.incidents) == (3, 2)
    assert faults() == ["no-delivery", "no-delivery"]
    assert trail_of(ReadIncident.objects.latest("pk")) == [LicensingEvent.READ_INCIDENT]
    assert "past the deliveries" in InboxMessage.objects.filter(recipient=opened.officer).latest("pk").subject
    client.force_login(barbara)
    page = client.get("/releases/reads/").content.decode()
    assert "2 incidents of reading" in page
    assert TABLE in page
    client.force_login(ada)
    assert client.get("/releases/reads/").status_code == 403
    assert "Incidents of reading" in client.get("/releases/withdrawals/").content.decode()


def test_a_journal_that_was_cut_changed_or_taken_away_is_found(opened: Opened) -> None:
    for _download in range(3):
        opened.fetch()
    journal = ReadJournal(opened.root)
    path = journal.folder / f"{datetime.now(UTC).date()}.jsonl"
    first, second, third = path.read_bytes().splitlines(keepends=True)

    def compared() -> list[str]:
        opened.world.owner.execute("TRUNCATE licensing_readmatch, licensing_readincident")
        match_due_days(actor=PLATFORM, clock=TOMORROW)
        return faults()

    assert compared() == []
    path.write_bytes(first + third)
    assert compared() == ["journal-changed", "not-journaled"]
    path.write_bytes(first + second.replace(b'"start":0', b'"start":5') + third)
    assert compared() == ["no-delivery", "journal-changed"]
    path.write_bytes(first + second + third[:-30])
    assert compared() == ["journal-changed", "not-journaled"]
    path.unlink()
    assert compared() == ["not-journaled"] * 3
    # The next line after one that was cut off begins a line of its own.
    path.write_bytes(first + second + third[:-30])
    opened.fetch()
    assert [bool(json.loads(line)) for line in path.read_bytes().splitlines()[3:]] == [True]


def test_a_delivery_without_an_entry_is_found(opened: Opened) -> None:
    opened.fetch()
    opened.world.rewritten("audit_entry", "DELETE FROM audit_entry WHERE event = 'licensing.delivery_begun'")
    match_due_days(actor=PLATFORM, clock=TOMORROW)
    assert faults() == ["no-entry"]


def test_a_day_is_compared_once_however_many_look(opened: Opened) -> None:
    opened.fetch()
    moment = timezone.now()
    match_due_days(actor=PLATFORM, clock=TOMORROW)
    opened.world.owner.execute("UPDATE licensing_readmatch SET lines = 7")
    match_due_days(actor=PLATFORM, clock=TOMORROW)
    assert ReadMatch.objects.get().lines == 7
    assert ReadMatch.objects.get().day == moment.astimezone(UTC).date()
