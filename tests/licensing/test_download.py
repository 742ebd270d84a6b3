"""Fetching an edition: checked before every byte, counted without gaps, taken up where it broke off."""

import base64
import hashlib
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.note import sign
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.licensing.domain.ranges import Span
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Delivery, DeliveryState, ReadIncident, Transfer
from apps.licensing.services.deliveries import RowsTakenBack, claim_delivery
from tests.licensing.opened import TABLE, Opened, fetched
from tests.trails import facts_about, refusals, trail_of

pytestmark = pytest.mark.committed


def deliveries() -> list[tuple[int, str, int]]:
    """Return number, state and bytes of every delivery."""
    return list(Delivery.objects.order_by("pk").values_list("counter", "state", "bytes_sent"))


def test_ingrid_fetches_a_file_and_the_log_knew_before_the_first_byte(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    answer = client.get(opened.address())
    delivery = Delivery.objects.get()
    assert (delivery.counter, delivery.state) == (1, DeliveryState.CLAIMED)
    assert trail_of(delivery) == [LicensingEvent.DELIVERY_BEGUN]
    facts = facts_about(delivery)
    assert (facts["licensee"], facts["counter"]) == (opened.world.licensee.ref, 1)
    assert facts["file_digest"] == hashlib.sha256(opened.bytes).hexdigest()
    assert b"".join(answer.streaming_content) == opened.bytes  # type: ignore[attr-defined]
    assert answer["Content-Length"] == str(len(opened.bytes))
    assert answer["ETag"] == f'"{opened.table.sha256}"'
    told = base64.b64encode(hashlib.sha256(opened.bytes).digest()).decode()
    assert answer["Repr-Digest"] == answer["Content-Digest"] == f"sha-256=:{told}:"
    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    assert "no-transform" in answer["Cache-Control"]
    assert deliveries() == [(1, "finished", len(opened.bytes))]
    assert trail_of(delivery) == [LicensingEvent.DELIVERY_BEGUN, LicensingEvent.DELIVERY_ENDED]


def test_the_manifest_and_the_checksums_fit_the_files(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    _answer, manifest = fetched(client, opened.address("manifest.json"))
    assert hashlib.sha256(manifest).hexdigest() == opened.edition.manifest_sha256
    lines: list[str] = client.get(f"/releases/mine/{opened.edition.pk}/release.sha256").content.decode().splitlines()
    number = opened.edition.release_id
    assert lines[0] == f"{opened.edition.manifest_sha256}  release-{number}-manifest.json"
    assert f"{opened.table.sha256}  release-{number}-{TABLE}" in lines
    assert len(lines) == 1 + len(opened.edition.manifest["files"])


def test_what_breaks_off_goes_on_under_the_same_number(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    size = len(opened.bytes)
    sending = opened.sending(span=Span(0, 100))
    next(sending)
    sending.close()
    assert deliveries() == [(1, "broken", 100)]
    answer, rest = fetched(client, opened.address(), Range="bytes=100-", If_Range=f'"{opened.table.sha256}"')
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    assert "Content-Digest" not in answer
    assert rest == opened.bytes[100:]
    assert deliveries() == [(1, "finished", size)]
    delivery = Delivery.objects.get()
    assert trail_of(delivery) == [
        LicensingEvent.DELIVERY_BEGUN,
        LicensingEvent.DELIVERY_ENDED,
        LicensingEvent.DELIVERY_RESUMED,
        LicensingEvent.DELIVERY_ENDED,
    ]
    # What is finished is not taken up: a further range is a delivery of its own.
    fetched(client, opened.address(), Range="bytes=0-9")
    assert deliveries()[1:] == [(2, "broken", 10)]


def test_a_day_later_or_a_whole_file_is_a_new_delivery(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    fetched(client, opened.address(), Range="bytes=0-9")
    fetched(client, opened.address())
    assert [line[:2] for line in deliveries()] == [(1, "broken"), (2, "finished")]
    opened.world.rewritten(
        "licensing_delivery", "UPDATE licensing_delivery SET started_at = started_at - interval '25 hours'"
    )
    fetched(client, opened.address(), Range="bytes=10-")
    assert [line[:2] for line in deliveries()] == [(1, "broken"), (2, "finished"), (3, "broken")]


def test_bytes_of_other_files_and_ranges_that_leave_a_hole_finish_nothing(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    size = len(opened.bytes)
    fetched(client, opened.address(), Range="bytes=0-9")
    fetched(client, opened.address(), Range="bytes=11-")
    fetched(client, opened.address("manifest.json"), Range="bytes=10-10")
    assert deliveries()[0] == (1, "broken", size - 1)
    assert deliveries()[1][0] == 2
    fetched(client, opened.address(), Range="bytes=5-20")
    assert deliveries()[0][:2] == (1, "finished")


HOSTILE = [
    ("bytes=0-0,5-", 200),
    ("bytes=-0", 416),
    ("bytes=5-2", 200),
    ("bytes=--5", 200),
    ("bytes=-", 200),
    ("bytes=" + "9" * 5_000 + "-", 416),
    ("bytes=0-" + "9" * 5_000, 206),
    ("bytes=-" + "9" * 5_000, 206),
    ("bytes=0-5, 3-9, 2-2", 200),
    ("bytes=0x10-", 200),
    ("bytes=\u0660-\u0665", 200),
    ("items=0-5", 200),
    ("bytes=0-5\x00", 200),
    (f"bytes={10**6}-", 416),
]


def test_a_hostile_range_gets_the_whole_file_one_range_or_nothing(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    for asked, status in HOSTILE:
        before = deliveries()
        answer, content = fetched(client, opened.address(), Range=asked)
        assert answer.status_code == status, asked
        if status == 416:
            assert content == b""
            assert answer["Content-Range"] == f"bytes */{len(opened.bytes)}"
            assert deliveries() == before
        else:
            assert content == opened.bytes
            assert deliveries() == [*before, (len(before) + 1, "finished", len(opened.bytes))]


def test_head_and_what_the_reader_has_count_nothing(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    head = client.head(opened.address())
    assert (head.status_code, head["Content-Length"]) == (200, str(len(opened.bytes)))
    assert (head["ETag"], head["Accept-Ranges"]) == (f'"{opened.table.sha256}"', "bytes")
    same = client.get(opened.address(), HTTP_IF_NONE_MATCH=f'W/"x", "{opened.table.sha256}"')
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", head["ETag"])
    assert same["Content-Length"] == head["Content-Length"]
    assert "Content-Digest" not in same
    assert deliveries() == []
    # Another file's tag, a weak one or a date get the whole file instead of a part of another.
    for tag in ('"other"', f'W/"{opened.table.sha256}"', "Mon, 14 Sep 2026 12:00:00 GMT"):
        answer, content = fetched(client, opened.address(), Range="bytes=5-", If_Range=tag)
        assert (answer.status_code, content) == (200, opened.bytes)


def test_nothing_on_the_way_packs_it(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    answer, content = fetched(client, opened.address("manifest.json"), Accept_Encoding="gzip, br")
    assert "Content-Encoding" not in answer
    assert hashlib.sha256(content).hexdigest() == opened.edition.manifest_sha256


def test_no_other_name_is_a_file(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    for name in ("..%2f..%2fetc%2fpasswd", "..", ".building", "nothing.parquet", "%00", "a" * 300):
        assert client.get(opened.address(name)).status_code == 404, name
    assert deliveries() == []


def test_another_licensees_edition_is_not_there(opened: Opened, client: Client, ada: User, barbara: User) -> None:
    for person in (ada, barbara, opened.officer):
        client.force_login(person)
        for address in (opened.address(), f"/releases/mine/{opened.edition.pk}/", f"/releases/mine/{2**70}/"):
            assert client.get(address).status_code == 404
    client.logout()
    assert client.get(opened.address()).status_code == 302
    opened.contact = ada
    with pytest.raises(NotPermitted):
        opened.sending()


# What closes an edition, with what the service says, and how it is undone.
CLOSED = [
    ("not-open-yet", "UPDATE licensing_offer SET state = 'suspended'", "UPDATE licensing_offer SET state = 'open'"),
    ("not-open-yet", "UPDATE licensing_offer SET state = 'announced'", "UPDATE licensing_offer SET state = 'open'"),
    (
        "licensee-suspended",
        "UPDATE licensing_licensee SET suspended_at = now()",
        "UPDATE licensing_licensee SET suspended_at = NULL",
    ),
    (
        "not-covered-yet",
        "UPDATE licensing_edition SET manifest_sha256 = reverse(manifest_sha256)",
        "UPDATE licensing_edition SET manifest_sha256 = reverse(manifest_sha256)",
    ),
    (
        "rows-taken-back",
        "INSERT INTO licensing_tombstone SELECT battle_id, 'vote', false, now() FROM release_item LIMIT 1",
        "DELETE FROM licensing_tombstone",
    ),
    ("release-withdrawn", "UPDATE licensing_release SET state = 'withdrawn', withdrawn_at = now()", ""),
]


def happens(opened: Opened, statement: str) -> None:
    """Do as the owner does; an offer goes back only while its triggers sleep."""
    if "licensing_offer" in statement:
        opened.world.rewritten("licensing_offer", statement)
    else:
        opened.world.owner.execute(statement.encode())


def test_whatever_closes_an_edition_closes_it_before_any_byte(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    for code, close, undo in CLOSED:
        happens(opened, close)
        for headers in ({}, {"HTTP_RANGE": "bytes=0-5"}, {"HTTP_RANGE": "bytes=99999999-"}):
            assert client.get(opened.address(), **headers).status_code == 409, close  # type: ignore[arg-type]
        assert client.head(opened.address()).status_code == 409
        assert client.get(opened.address(), HTTP_IF_NONE_MATCH="*").status_code == 409
        assert set(refusals()[-5:]) == {code}
        assert deliveries() == []
        # The database says the same to whoever forgets to ask, but for rows, whose names it does not know.
        if code != "rows-taken-back":
            opened.edition.refresh_from_db()
            with pytest.raises(DatabaseError), transaction.atomic():
                row_of(opened, counter=1).save()
        if undo:
            happens(opened, undo)


def test_the_claim_asks_by_itself_and_a_closed_edition_is_not_even_read(opened: Opened) -> None:
    """Something may happen between the first question and the claim; and whoever may not have it causes no read."""
    opened.world.owner.execute(
        "INSERT INTO licensing_tombstone SELECT battle_id, 'vote', false, now() FROM release_item LIMIT 1"
    )
    with pytest.raises(RowsTakenBack):
        claim_delivery(
            actor=opened.contact.as_actor(),
            edition=opened.edition,
            file=opened.table,
            via="web",
            span=Span(0, 1),
            is_range=False,
            now=timezone.now(),
        )
    (opened.folder / TABLE).unlink()
    with pytest.raises(RowsTakenBack):
        opened.sending()
    assert (Delivery.objects.count(), ReadIncident.objects.count()) == (0, 0)


def row_of(opened: Opened, *, counter: int, **more: Any) -> Delivery:
    """Return a delivery's row as somebody would write it who asks no service."""
    told = {
        "licensee": opened.world.licensee,
        "edition": opened.edition,
        "revision": 0,
        "file": TABLE,
        "file_sha256": opened.table.sha256,
        "file_bytes": opened.table.bytes,
    }
    return Delivery(counter=counter, via="web", pseudonym="p-0", started_at=timezone.now(), **{**told, **more})


def test_the_database_counts_without_gaps_and_knows_the_files(opened: Opened) -> None:
    for wrong in ({"counter": 2}, {"counter": 1, "file": "x"}, {"counter": 1, "revision": 1}):
        with pytest.raises(DatabaseError), transaction.atomic():
            row_of(opened, **wrong).save()
    row_of(opened, counter=1).save()
    row_of(opened, counter=2).save()
    with pytest.raises(DatabaseError), transaction.atomic():
        row_of(opened, counter=2).save()


def test_a_checkpoint_that_is_not_the_logs_own_opens_nothing(opened: Opened, client: Client) -> None:
    """A thief of the sequencer's password has no key, and a signature over another tree says nothing of this one."""
    client.force_login(opened.contact)
    (signer,) = opened.press.keys.signers()
    size = opened.world.value("SELECT max(size) FROM audit_checkpoint")
    other_tree = sign(Checkpoint(settings.LOG_ORIGIN, size, bytes(32)).text, signer)
    for note in (b"forged", other_tree):
        opened.world.rewritten("audit_checkpoint", "UPDATE audit_checkpoint SET note = %s WHERE true", note)
        assert client.get(opened.address()).status_code == 409
    assert refusals() == ["not-covered-yet", "not-covered-yet"]
    assert deliveries() == []


def test_the_receipt_says_what_was_handed_over_and_proves_it(opened: Opened, client: Client, ada: User) -> None:
    opened.fetch()
    delivery = Delivery.objects.get()
    client.force_login(opened.contact)
    assert client.get(f"/releases/mine/deliveries/{delivery.pk}/receipt.json").status_code == 409
    opened.press.publish()
    page = client.get(f"/releases/mine/deliveries/{delivery.pk}/").content.decode()
    assert "Delivery 1 to" in page
    assert opened.table.sha256 in page
    proof = client.get(f"/releases/mine/deliveries/{delivery.pk}/receipt.json").json()
    assert b'"licensing.delivery_begun"' in base64.b64decode(proof["entry"])
    assert proof["checkpoint"]
    page = client.get(f"/releases/mine/{opened.edition.pk}/").content.decode()
    assert "Open" in page
    assert "Cannot be fetched now" not in page
    client.force_login(ada)
    assert client.get(f"/releases/mine/deliveries/{delivery.pk}/").status_code == 404


def test_twice_the_same_is_two_deliveries(opened: Opened) -> None:
    opened.fetch()
    opened.fetch()
    assert [line[:2] for line in deliveries()] == [(1, "finished"), (2, "finished")]
    assert Transfer.objects.filter(ended_at=None).count() == 0
    assert Entry.objects.filter(event=LicensingEvent.DELIVERY_BEGUN).count() == 2
