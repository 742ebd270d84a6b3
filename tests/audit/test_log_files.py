"""The log as files over HTTP: hashes for everybody and alike for all, entries for auditors and each look an entry."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client, override_settings

from apps.accounts.models import User
from apps.audit.domain.checkpoint import open_checkpoint
from apps.audit.domain.merkle import leaf_hash, root_hash
from apps.audit.domain.tiles import decode_bundle, decode_tile
from apps.audit.models import Entry
from apps.audit.services import announce_key, retire_key
from tests.audit.garden import ROBOT, plant, sequence_what_was_there
from tests.audit.press import ORIGIN, Press
from tests.conftest import NOON

pytestmark = pytest.mark.committed


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Iterator[Press]:
    """A log of 300 leaves, served by the site."""
    made = Press.new(tmp_path)
    sequence_what_was_there()
    plant(300 - sequence_what_was_there())
    sequence_what_was_there()
    made.publish()
    with override_settings(LOG_FILES=made.public):
        yield made


def test_a_stranger_reads_the_checkpoint_and_all_hashes(press: Press, client: Client) -> None:
    shown = client.get("/log/checkpoint")
    assert shown["Content-Type"] == "text/plain; charset=utf-8"
    assert shown["Cache-Control"] == "no-cache"
    checkpoint, _note = open_checkpoint(shown.content, press.vkeys, ORIGIN)
    assert checkpoint.size == 300
    full, partial = client.get("/log/tile/0/000"), client.get("/log/tile/0/001.p/44")
    assert full["Content-Type"] == partial["Content-Type"] == "application/octet-stream"
    assert full["Cache-Control"] == "public, max-age=31536000, immutable"
    assert partial["Cache-Control"] == "public, max-age=60"
    leaves = decode_tile(full.content) + decode_tile(partial.content, 44)
    assert root_hash(leaves) == checkpoint.root
    above = client.get("/log/tile/1/000.p/1").content
    assert above == root_hash(leaves[:256])
    assert client.head("/log/tile/0/000")["Content-Length"] == "8192"
    assert client.post("/log/checkpoint").status_code == 405


def test_a_narrow_tile_is_answered_from_the_full_one(press: Press, client: Client) -> None:
    full = client.get("/log/tile/0/000").content
    assert client.get("/log/tile/0/000.p/7").content == full[: 7 * 32]


MALFORMED = [
    ("../../log-keys/last-signed", "malformed-path"),
    ("0/%2e%2e/000", "malformed-path"),
    ("0/000/", "malformed-path"),
    ("0/0", "malformed-path"),
    ("0/x001", "malformed-path"),
    ("0/x000/000", "leading-zeros"),
    ("00/000", "leading-zeros"),
    ("64/000", "level-out-of-range"),
    ("0/000.p/0", "width-out-of-range"),
    ("0/000.p/256", "width-out-of-range"),
    ("0/000.p/07", "leading-zeros"),
    ("-1/000", "malformed-path"),
    ("entries/000.p/0", "width-out-of-range"),
    ("0/" + "x999/" * 30 + "999", "path-too-long"),
]


def test_a_path_that_names_no_tile_is_refused_by_name(press: Press, client: Client) -> None:
    for rest, fault in MALFORMED:
        answer = client.get(f"/log/tile/{rest}")
        assert answer.status_code == 400, rest
        assert f"[{fault}]" in answer.content.decode()
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["Cache-Control"] == "no-store"


def test_a_tile_that_is_not_there_is_not_found(press: Press, client: Client) -> None:
    for rest in ("0/002", "0/001", "0/001.p/45", "2/000.p/1", "63/000", "0/x001/234"):
        answer = client.get(f"/log/tile/{rest}")
        assert answer.status_code == 404, rest
        assert "no such tile" in answer.content.decode()


def test_a_public_answer_says_nothing_of_its_reader(press: Press, client: Client, barbara: User) -> None:
    client.force_login(barbara)
    stranger = Client(headers={"Accept-Language": "de"})
    for path in ("/log/checkpoint", "/log/keys", "/log/tile/0/000"):
        hers, theirs = client.get(path), stranger.get(path)
        assert hers.content == theirs.content
        for answer in (hers, theirs):
            assert not answer.cookies
            assert "Vary" not in answer
            assert "Content-Language" not in answer
            assert answer["Access-Control-Allow-Origin"] == "*"


def test_so_it_is_under_asgi(press: Press) -> None:
    answer = async_to_sync(AsyncClient().get)("/log/tile/0/000")
    assert answer.status_code == 200
    assert "Vary" not in answer
    assert not answer.cookies


def test_an_auditor_reads_entries_and_each_bundle_is_an_entry(press: Press, client: Client, barbara: User) -> None:
    client.force_login(barbara)
    answer = client.get("/log/tile/entries/000")
    assert answer["Cache-Control"] == "private, no-store"
    assert [leaf_hash(entry) for entry in decode_bundle(answer.content)] == decode_tile(
        client.get("/log/tile/0/000").content
    )
    assert len(decode_bundle(client.get("/log/tile/entries/001.p/44").content, 44)) == 44
    # Also one that was full when she asked for the narrow form.
    assert decode_bundle(client.get("/log/tile/entries/000.p/3").content, 3) == decode_bundle(answer.content)[:3]
    assert client.get("/log/tile/entries/009").status_code == 404
    looks = Entry.objects.filter(event="audit.bundle_downloaded").order_by("id")
    assert [(look.subject, look.facts["width"]) for look in looks] == [
        ("audit.bundle:0", 256),
        ("audit.bundle:1", 44),
        ("audit.bundle:0", 3),
        ("audit.bundle:9", 256),
    ]
    assert {look.actor_pseudonym for look in looks} == {barbara.pseudonym}


def test_nobody_else_reads_entries(press: Press, client: Client, mallory: User) -> None:
    before = Entry.objects.count()
    answer = client.get("/log/tile/entries/000")
    assert answer.status_code == 403
    assert "for its auditors" in answer.content.decode()
    assert Entry.objects.count() == before
    client.force_login(mallory)
    assert client.get("/log/tile/entries/000").status_code == 403
    assert Entry.objects.latest("id").event == "audit.refused"


def test_the_keys_that_sign_come_first(press: Press, client: Client) -> None:
    assert client.get("/log/keys").content == b""
    old, new = press.vkeys[0], press.another_key().vkey
    for minute, vkey in enumerate((old, new)):
        announce_key(actor=ROBOT, vkey=vkey, now=NOON + timedelta(minutes=minute))
    assert client.get("/log/keys").content.decode().split() == [old, new]
    retire_key(actor=ROBOT, key_id=old.split("+")[1], now=NOON + timedelta(hours=1))
    assert client.get("/log/keys").content.decode().split() == [new, old]


def test_anybody_downloads_the_verifier_and_checks_the_log_with_it(
    press: Press, client: Client, tmp_path: Path
) -> None:
    answer = client.get("/log/verify")
    assert "showdown-verify.pyz" in answer["Content-Disposition"]
    assert "Vary" not in answer
    program, log = tmp_path / "showdown-verify.pyz", tmp_path / "log"
    program.write_bytes(answer.content)
    assert client.get("/log/verify").content == answer.content
    shutil.copytree(press.public, log)
    command = [sys.executable, str(program), str(log), *(option for key in press.vkeys for option in ("--vkey", key))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (log / "tile/0/000").write_bytes(bytes(8192))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_before_the_first_checkpoint_it_says_so(db: None, client: Client, tmp_path: Path) -> None:
    with override_settings(LOG_FILES=tmp_path / "nothing"):
        answer = client.get("/log/checkpoint")
        assert answer.status_code == 404
        assert "no checkpoint yet" in answer.content.decode()
        assert client.get("/log/tile/0/000").status_code == 404


def test_a_damaged_bundle_is_named(press: Press, client: Client, barbara: User) -> None:
    (press.public / "tile/entries/000").write_bytes(b"\xff\xff")
    client.force_login(barbara)
    answer = client.get("/log/tile/entries/000.p/3")
    assert answer.status_code == 500
    assert "damaged" in answer.content.decode()
