"""Downloads that go wrong: killed on the way, stopped, side by side, on a disk that is full or has been touched."""

import asyncio
import errno
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.utils import timezone

from apps.accounts.models import InboxMessage
from apps.licensing.domain.ranges import Span
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import delivering
from apps.licensing.flows.delivering import close_what_broke_off
from apps.licensing.gateways import FileChanged, FileMissing, StorageUnwell, reading
from apps.licensing.models import Delivery, DeliveryState, Licensee, ReadIncident, Transfer
from apps.licensing.services.tombstones import withdraw_release
from tests.licensing.offered import proved
from tests.licensing.opened import PLATFORM, TABLE, Opened, by_the_owner, fetched, later
from tests.trails import refusals, trail_of

pytestmark = pytest.mark.committed


def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send a hundred bytes at a time and ask before each piece."""
    monkeypatch.setattr(reading, "PIECE", 100)
    monkeypatch.setattr(delivering, "ASK_EVERY_BYTES", 100)


def test_the_sweeper_closes_what_a_killed_process_left_and_ingrid_takes_it_up(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_pieces(monkeypatch)
    killed = opened.sending()
    for _piece in range(3):
        next(killed)
    # The process is gone: nobody closes the stream, and its last two pieces were put down.
    assert close_what_broke_off(actor=PLATFORM) == 0
    assert close_what_broke_off(actor=PLATFORM, clock=later(minutes=6)) == 1
    assert close_what_broke_off(actor=PLATFORM, clock=later(minutes=6)) == 0
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.bytes_sent) == (DeliveryState.BROKEN, 200)
    # What was thought to be dead and was only slow ends with its next question.
    assert list(killed) == []
    rest = opened.sending(span=Span(200, opened.table.bytes))
    assert b"".join(rest) == opened.bytes[200:]
    delivery.refresh_from_db()
    assert (delivery.counter, delivery.state) == (1, DeliveryState.FINISHED)


def test_a_stream_stops_when_the_licensee_is_suspended_or_a_row_is_taken_back(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_pieces(monkeypatch)
    for stop in (
        "UPDATE licensing_licensee SET suspended_at = now()",
        "UPDATE licensing_offer SET state = 'suspended'",
        "INSERT INTO licensing_tombstone SELECT battle_id, 'vote', false, now() FROM release_item LIMIT 1",
    ):
        sending = opened.sending()
        got = [next(sending), next(sending)]
        by_the_owner(opened.world, stop)
        assert len(b"".join([*got, *sending])) == 200, stop
        delivery = Delivery.objects.latest("pk")
        assert (delivery.state, delivery.bytes_sent) == (DeliveryState.BROKEN, 200)
        by_the_owner(opened.world, "UPDATE licensing_licensee SET suspended_at = NULL")
        by_the_owner(opened.world, "UPDATE licensing_offer SET state = 'open'")
    opened.world.owner.execute("DELETE FROM licensing_tombstone")
    sending = opened.sending()
    next(sending)
    withdraw_release(
        actor=proved(opened.officer), release_id=opened.edition.release_id, is_urgent=True, now=timezone.now()
    )
    assert list(sending) == []


def test_two_at_once_get_two_numbers_and_many_ranges_one(opened: Opened) -> None:
    def in_its_own_connection(work: Any) -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    def fetch() -> int:
        sending = opened.sending()
        assert b"".join(sending) == opened.bytes
        return sending.claim.counter

    with ThreadPoolExecutor(6) as pool:
        counters = list(pool.map(in_its_own_connection, [fetch] * 6))
    assert sorted(counters) == [1, 2, 3, 4, 5, 6]

    size = opened.table.bytes
    first = opened.sending(span=Span(0, 10))
    cuts = [10, 300, 900, size]

    def part(start: int, until: int) -> bytes:
        return b"".join(opened.sending(span=Span(start, until)))

    spans = list(itertools.pairwise(cuts))
    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(in_its_own_connection, [lambda s=s: part(*s) for s in spans]))
    assert b"".join([*first, *parts]) == opened.bytes
    seventh = Delivery.objects.get(counter=7)
    assert (seventh.state, seventh.bytes_sent, seventh.transfers.count()) == (DeliveryState.FINISHED, size, 4)
    assert Delivery.objects.count() == 7


def test_a_file_that_is_missing_or_changed_is_refused_and_an_incident(opened: Opened, client: Client) -> None:
    opened.fetch()
    path = opened.folder / TABLE
    content = opened.bytes
    client.force_login(opened.contact)
    # The same length, the same time of change: what the kernel keeps shows it all the same.
    before = path.stat()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _again in range(2):
        assert client.get(opened.address()).status_code == 409
    path.rename(path.with_name("elsewhere"))
    assert client.get(opened.address()).status_code == 409
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(FileMissing):
        opened.sending()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FileMissing):
        opened.sending()
    path.unlink()
    path.write_bytes(content + b"more")
    with pytest.raises(FileChanged):
        opened.sending()
    assert refusals() == ["file-changed", "file-changed", "file-missing"]
    assert sorted(ReadIncident.objects.values_list("fault", flat=True)) == ["file-changed", "file-missing"]
    assert trail_of(ReadIncident.objects.earliest("pk")) == [LicensingEvent.READ_INCIDENT]
    assert InboxMessage.objects.filter(recipient=opened.officer).count() == 2
    assert Delivery.objects.count() == 1


def test_a_file_that_changes_while_it_is_sent_ends_the_stream(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)
    sending = opened.sending()
    got = next(sending)
    with (opened.folder / TABLE).open("r+b") as file:
        file.seek(150)
        file.write(b"X")
    assert b"".join(sending) == b""
    assert len(got) == 100
    assert Delivery.objects.get().state == DeliveryState.BROKEN
    assert ReadIncident.objects.get().fault == "file-changed"


def test_a_disk_without_room_for_the_journal_lets_nothing_out(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("apps.licensing.gateways.journal.os.fsync", no_room)
        with pytest.raises(StorageUnwell):
            opened.sending()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.bytes_sent) == (DeliveryState.BROKEN, 0)
    opened.fetch()


def test_a_browser_that_goes_away_leaves_a_broken_delivery(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)
    client = AsyncClient()
    client.force_login(opened.contact)

    async def story() -> None:
        try:
            answer = cast(StreamingHttpResponse, await client.get(opened.address()))
            parts = cast(Any, answer.streaming_content)
            assert len(await anext(parts)) == 100
            await parts.aclose()
            whole = cast(StreamingHttpResponse, await client.get(opened.address()))
            got = b"".join([part async for part in cast(Any, whole)])
            assert got == await sync_to_async(lambda: opened.bytes)()
        finally:
            await sync_to_async(connections.close_all)()

    asyncio.run(story())
    connections.close_all()
    assert list(Delivery.objects.order_by("counter").values_list("state", "bytes_sent")) == [
        ("broken", 100),
        ("finished", opened.table.bytes),
    ]
    assert not Transfer.objects.filter(ended_at=None).exists()


def test_a_suspended_licensee_does_not_go_on_by_ranges(opened: Opened, client: Client) -> None:
    client.force_login(opened.contact)
    fetched(client, opened.address(), Range="bytes=0-9")
    Licensee.objects.update(suspended_at=timezone.now())
    assert client.get(opened.address(), HTTP_RANGE="bytes=10-").status_code == 409
    assert Transfer.objects.count() == 1
