"""Addresses below /log/ that nobody follows by accident: each is answered by name, and none is a fault of ours."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client, override_settings

from apps.accounts.models import User
from apps.audit.models import Entry
from tests.audit.garden import plant, sequence_what_was_there
from tests.audit.press import Press

pytestmark = pytest.mark.committed

HUGE = "9" * 400
NUMBERS = ("0", "-1", "+1", "01", "1.0", "1e3", "0x1", "\u0663", "\U0001d7d9", "NaN", HUGE, str(2**63), str(2**64), "")
TEXTS = (
    "\x00",
    "a\x00b",
    "' OR 1=1 --",
    "%",
    "\\",
    "../..",
    "<script>",
    "\u202e",
    "\ud83d\ude00",
    "a" * 20_000,
    "{{7*7}}",
)
TILES = (
    "../checkpoint",
    "..%2f..%2fkeys",
    "%2e%2e/%2e%2e/last-signed",
    "0/..%5c000",
    "0/000%00",
    "0/000%0a",
    "0/000.p/1%0d%0aX:y",
    "0//000",
    "/0/000",
    "0/000?x",
    "0/000;x",
    "0/ 000",
    "0/\u0660\u0660\u0660",
    "0/x000",
    "0/x00/000",
    "0/x0000/000",
    "0/000/x000",
    "0/X001/000",
    "0/x000/x000/001",
    "0/00",
    "0/0000",
    "0/1000",
    "0/000.p",
    "0/000.p/",
    "0/000.p/-1",
    "0/000.p/257",
    "0/000.p/1/2",
    "0/000.p/" + HUGE,
    "0/x" + "999/x" * 6 + "999/999",
    "0/x999/" * 400,
    "+0/000",
    "-0/000",
    "64/000",
    "00/000",
    HUGE + "/000",
    "entries",
    "entries/",
    "entries/000.p/0",
    "entries/x000/000",
    "entries/../0/000",
    "entries/" + HUGE,
    "Entries/000",
    "",
)


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Iterator[Press]:
    """A log of a few leaves, served by the site; what lies beside its folder must never be served."""
    made = Press.new(tmp_path)
    plant(5)
    sequence_what_was_there()
    made.publish()
    with override_settings(LOG_FILES=made.public):
        yield made


def hostile() -> Iterator[str]:
    for rest in TILES:
        yield f"tile/{rest}"
    for number in NUMBERS:
        given = quote(number)
        yield f"entries/{given}/"
        yield f"entries/{given}/proof.json"
        yield f"checkpoints/{given}/note"
        yield f"witnesses/{given}/end/"
        yield f"checkpoints/?before={given}&after={given}"
        yield f"checkpoints/compare/?old={given}&new={given}&format=json"
        yield f"entries/?before={given}-{given}"
    for text in TEXTS:
        given = quote(text, errors="surrogatepass")
        for field in ("event", "actor", "subject", "clause", "since", "until", "before", "after"):
            yield f"entries/?{field}={given}"
        yield f"checkpoints/?before={given}"
        yield f"checkpoints/compare/?old={given}&format={given}"
        yield f"tile/{given}"
        yield f"{given}/"
    yield "entries/?event=%ff%fe"
    yield "entries/?" + "&".join(f"a{number}=1" for number in range(900))
    yield "entries/?event=a&event=b&event=%00"


def test_what_an_auditor_could_ask_for_is_answered_by_name(press: Press, client: Client, barbara: User) -> None:
    client.force_login(barbara)
    told: dict[str, int] = {}
    for address in hostile():
        answer = client.get(f"/log/{address}", follow=False)
        told[address[:80]] = answer.status_code
        assert answer.status_code < 500, address[:80]
        if address.startswith("tile/") and answer.status_code == 400:
            assert b"[" in answer.content, "the fault has a name"
            assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert set(told.values()) <= {200, 302, 400, 403, 404}
    # Nothing that was malformed was taken for a tile, an entry or a checkpoint.
    taken = {address for address, status in told.items() if status == 200}
    assert not {address for address in taken if address.startswith(("tile/", "witnesses/"))}, taken
    # On a page of ours, unlike in a tile's path, a number may have a zero in front.
    assert {address for address in taken if address.endswith(("proof.json", "/note"))} <= {"entries/01/proof.json"}


def test_a_stranger_s_tries_are_not_written_into_the_log(press: Press, client: Client) -> None:
    before = Entry.objects.count()
    for address in [address for at, address in enumerate(hostile()) if address.startswith("tile/") or at % 5 == 0]:
        assert client.get(f"/log/{address}", follow=False).status_code in {200, 302, 400, 403, 404}, address[:80]
    assert Entry.objects.count() == before
