"""What the log signed, for everybody: its history, its witnesses, and any two of it proved to be one history."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.merkle import verify_consistency
from apps.audit.domain.note import open_note
from apps.audit.gateways import TileStore
from apps.audit.models import Entry
from tests.audit.garden import plant
from tests.audit.witnessed import WitnessedPress
from tests.conftest import NOON
from tests.verify.asking import fault, holds

pytestmark = pytest.mark.committed


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode().replace("<wbr>", "")).split())


@pytest.fixture
def sizes(press: WitnessedPress, barbara: User) -> list[int]:
    """Five checkpoints, the last two of them witnessed by Barbara."""
    found = []
    for number in range(5):
        if number == 3:
            press.add_witness("barbara.example/w1", barbara)
        plant(7)
        found.append(press.publish(now=NOON + timedelta(minutes=number)).size)
    return found


def test_everybody_reads_the_history_and_who_countersigned(client: Client, sizes: list[int], barbara: User) -> None:
    page = text_of(client.get("/log/checkpoints/").content)
    assert f"The log has signed {sizes[-1]} entries" in page
    rows = re.findall(r"/log/checkpoints/(\d+)/", client.get("/log/checkpoints/").content.decode())
    assert [int(size) for size in rows] == sizes[::-1]
    assert page.count("barbara.example/w1") == 2
    assert page.count("nobody") == 3
    assert not Entry.objects.filter(event__contains="looked_at").exists(), "hashes are no entries: no look is written"


def test_one_checkpoint_is_shown_as_it_was_published(
    client: Client, press: WitnessedPress, sizes: list[int], settings: Any
) -> None:
    answer = client.get(f"/log/checkpoints/{sizes[-1]}/note")
    assert answer.content == TileStore(settings.LOG_FILES).checkpoint()
    assert open_note(answer.content, [press.vkey]).text.splitlines()[1] == str(sizes[-1])
    page = text_of(client.get(f"/log/checkpoints/{sizes[-1]}/").content)
    assert f"Checkpoint {sizes[-1]}, with the signature of 1 witness" in page
    assert "No witness has signed this checkpoint" in text_of(client.get(f"/log/checkpoints/{sizes[0]}/").content)


def test_any_two_are_proved_to_be_one_history(client: Client, sizes: list[int]) -> None:
    for old in sizes:
        for new in sizes:
            address = f"/log/checkpoints/compare/?old={old}&new={new}"
            if old > new:
                assert client.get(address).status_code == 400
                continue
            assert f"The tree of {new} begins with the one of {old}" in text_of(client.get(address).content)
            told = json.loads(client.get(f"{address}&format=json").content)
            verify_consistency(
                old_size=told["old_size"],
                new_size=told["new_size"],
                old_root=bytes.fromhex(told["old_root"]),
                new_root=bytes.fromhex(told["new_root"]),
                proof=[bytes.fromhex(value) for value in told["proof"]],
            )


def test_the_downloaded_proof_is_checked_offline_by_the_verifier(
    client: Client, press: WitnessedPress, sizes: list[int], tmp_path: Path
) -> None:
    address = f"/log/checkpoints/compare/?old={sizes[0]}&new={sizes[-1]}"
    answer = client.get(f"{address}&format=json")
    name = re.findall(r'filename="(.+)"', answer["Content-Disposition"])[0]
    assert f"showdown-verify.pyz {name} --keys keys" in text_of(client.get(address).content)
    proof = tmp_path / name
    proof.write_bytes(answer.content)
    held = holds(proof, vkey=press.vkey)
    assert held["growth"].startswith(f"the tree of {sizes[-1]} begins with the one of {sizes[0]}")
    assert "cosigned by" not in held["earlier signature"]
    assert "barbara.example" not in held["signature"], "whose key was not given has said nothing"
    changed = json.loads(answer.content)
    changed["proof"][0] = "00" * 32
    proof.write_text(json.dumps(changed))
    assert fault(proof, vkey=press.vkey)[0] == 1


def test_a_changed_tree_is_shown_as_such(client: Client, sizes: list[int], owner_connection: Any) -> None:
    owner_connection.execute("ALTER TABLE audit_node DISABLE TRIGGER USER")
    owner_connection.execute("ALTER TABLE audit_leaf DISABLE TRIGGER USER")
    owner_connection.execute("UPDATE audit_node SET hash = sha256(hash)")
    owner_connection.execute("UPDATE audit_leaf SET leaf_hash = sha256(leaf_hash)")
    page = text_of(client.get(f"/log/checkpoints/compare/?old={sizes[0]}&new={sizes[-1]}").content)
    assert "does not begin with the one of" in page
    assert "root-mismatch" in page


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/log/checkpoints/?before=first", 400),
        ("/log/checkpoints/?before=-1", 400),
        ("/log/checkpoints/?after=99999999999999999999", 400),
        ("/log/checkpoints/1/", 404),
        ("/log/checkpoints/99999999999999999999/", 404),
        ("/log/checkpoints/1/note", 404),
        ("/log/checkpoints/compare/", 400),
        ("/log/checkpoints/compare/?old=0&new=5", 400),
        ("/log/checkpoints/compare/?old=x&new=5", 400),
        ("/log/checkpoints/compare/?old=1&new=2", 404),
        ("/log/checkpoints/compare/?old=1&new=2&format=exe", 400),
    ],
)
def test_what_is_not_there_is_explained(client: Client, sizes: list[int], address: str, status: int) -> None:
    assert client.get(address).status_code == status


def test_the_history_turns_its_pages(client: Client, press: WitnessedPress, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    for number in range(7):
        plant(1)
        sizes.append(press.publish(now=NOON + timedelta(minutes=number)).size)
    from apps.audit.queries.checkpoints import checkpoints_page

    first = checkpoints_page(limit=3)
    second = checkpoints_page(before=first.older, limit=3)
    third = checkpoints_page(before=second.older, limit=3)
    assert [row.size for page in (first, second, third) for row in page.rows] == sizes[::-1]
    assert third.older is None
    back = checkpoints_page(after=second.newer, limit=3)
    assert [row.size for row in back.rows] == [row.size for row in first.rows]


def test_an_empty_history_says_so(client: Client) -> None:
    assert "The log has signed nothing yet" in text_of(client.get("/log/checkpoints/").content)
