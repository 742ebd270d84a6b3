"""Whoever runs the platform makes, rotates, retires and loses the log's keys, and can break off anywhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from apps.accounts.models import User
from apps.audit.domain.note import Cosigner, Signer
from apps.audit.gateways import KeyFolder, SignerMemory
from apps.audit.models import Entry, LogKey
from apps.audit.services import AlreadyRetired, NotTheOperator, UnfitKey, UnknownKey, announce_key, retire_key
from tests.audit.garden import ROBOT, plant, sequence_what_was_there
from tests.audit.press import ORIGIN, Press, forged
from tests.conftest import NOON

pytestmark = pytest.mark.committed

LogKeyCommand = Callable[..., str]


@pytest.fixture
def folder(_django_db_helper: None, tmp_path: Path) -> Iterator[Path]:
    """The folder of the keys, not made yet."""
    keys = tmp_path / "log-keys"
    with override_settings(LOG_KEYS=keys, LOG_FILES=tmp_path / "transparency", LOG_ORIGIN=ORIGIN):
        yield keys


@pytest.fixture
def log_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> LogKeyCommand:
    """Run ``manage.py log_key`` and return what it says."""

    def run(*arguments: str) -> str:
        capsys.readouterr()
        call_command("log_key", *arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def press(folder: Path, tmp_path: Path) -> Press:
    """What publishes with the keys that the commands make."""
    return Press(folder, tmp_path / "transparency")


def only_id(folder: Path) -> str:
    (key,) = folder.glob("*.key")
    return key.stem


@contextmanager
def as_the_sequencer() -> Iterator[None]:
    """Work on a machine that knows the sequencer's address alone."""
    connections.close_all()
    settings = connections.settings["default"]
    before = dict(settings)
    settings.update(connections.settings["sequencer"])
    try:
        yield
    finally:
        connections.close_all()
        settings.update(before)


def test_the_first_key_is_announced_before_it_signs(log_key: LogKeyCommand, folder: Path, press: Press) -> None:
    said = log_key("create")
    key = LogKey.objects.get()
    assert f"Signs from now on: {key.vkey}" in said
    assert key.vkey.startswith(f"{ORIGIN}+{only_id(folder)}+")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    entry = Entry.objects.get(event="audit.key_announced")
    assert entry.facts == {"vkey": key.vkey}
    assert entry.actor_pseudonym == "system:audit.log_key"
    assert "PRIVATE" not in said + bytes(entry.body).decode()
    sequence_what_was_there()
    assert press.publish()
    with pytest.raises(CommandError, match=r"There is a key in .* rotate"):
        log_key("create")
    assert LogKey.objects.count() == 1


@pytest.mark.parametrize("place", ["apps.audit.flows.keys.announce_key", "apps.audit.gateways.keys.KeyFolder.activate"])
def test_what_broke_off_goes_on_with_the_same_key(log_key: LogKeyCommand, folder: Path, place: str) -> None:
    with mock.patch(place, side_effect=OSError("killed")), pytest.raises(OSError, match="killed"):
        log_key("create")
    (prepared,) = folder.glob("*.new")
    assert not KeyFolder(folder, ORIGIN).has_keys()
    log_key("create")
    assert only_id(folder) == prepared.stem
    assert [key.key_id for key in LogKey.objects.all()] == [prepared.stem]


def test_old_and_new_sign_together_until_the_old_one_is_retired(
    log_key: LogKeyCommand, folder: Path, press: Press
) -> None:
    log_key("create")
    old = only_id(folder)
    with pytest.raises(CommandError, match="only key that signs"):
        log_key("retire", old)
    log_key("rotate")
    (new,) = {path.stem for path in folder.glob("*.key")} - {old}
    sequence_what_was_there()
    press.publish()
    assert len((press.public / "checkpoint").read_text().partition("\n\n")[2].splitlines()) == 2
    listed = log_key("list")
    assert listed.count("in this folder") == 2
    assert f"{old} signs no more." in log_key("retire", old)
    assert only_id(folder) == new
    assert LogKey.objects.get(pk=old).retired_at is not None
    assert Entry.objects.filter(event="audit.key_retired", subject=f"audit.key:{old}").count() == 1
    sequence_what_was_there()
    press.publish()
    assert len((press.public / "checkpoint").read_text().partition("\n\n")[2].splitlines()) == 1
    with pytest.raises(CommandError, match="retired before"):
        log_key("retire", old)
    with pytest.raises(CommandError, match="only key"):
        log_key("retire", new)
    lines = log_key("list").splitlines()
    assert lines[0].startswith(new)
    assert "retired" in lines[1]


def test_a_machine_without_the_applications_address_asks_for_the_announcement(
    log_key: LogKeyCommand, folder: Path
) -> None:
    with as_the_sequencer():
        with pytest.raises(CommandError, match=r"log_key announce garden\.example/log\+") as told:
            log_key("create")
        vkey = str(told.value).split()[-1]
        # Until it is announced it does not sign, however often one asks.
        with pytest.raises(CommandError, match="log_key announce"):
            log_key("create")
        assert not KeyFolder(folder, ORIGIN).has_keys()
    assert vkey in log_key("announce", vkey)
    # Announcing it again changes nothing.
    log_key("announce", vkey)
    assert Entry.objects.filter(event="audit.key_announced").count() == 1
    with as_the_sequencer():
        assert vkey in log_key("create")
        log_key("list")
        with pytest.raises(CommandError, match=r"The key is destroyed\. Say so .*\n.*log_key retire"):
            log_key("retire", only_id(folder), "--lost")
        assert not KeyFolder(folder, ORIGIN).has_keys()
    assert "was not in the folder" in log_key("retire", vkey.split("+")[1], "--lost")


def test_a_lost_key_is_retired_and_another_one_goes_on_with_the_log(
    log_key: LogKeyCommand, folder: Path, press: Press
) -> None:
    log_key("create")
    lost = only_id(folder)
    sequence_what_was_there()
    press.publish()
    shown = (press.public / "checkpoint").read_bytes()
    for path in folder.iterdir():
        path.unlink()
    assert "was not in the folder" in log_key("retire", lost, "--lost")
    # The log signed before, and nobody here knows what.
    with pytest.raises(CommandError, match="log_key remember FILE"):
        log_key("create")
    kept = folder.parent / "what-an-auditor-kept"
    kept.write_bytes(shown)
    assert "remembers" in log_key("remember", str(kept))
    log_key("create")
    sequence_what_was_there()
    assert press.publish()
    assert press.shown() is not None


def test_a_memory_is_begun_only_from_what_the_log_signed(log_key: LogKeyCommand, folder: Path, press: Press) -> None:
    log_key("create")
    sequence_what_was_there()
    press.publish()
    older = (press.public / "checkpoint").read_bytes()
    plant(3)
    sequence_what_was_there()
    press.publish()
    kept = folder.parent / "kept"
    memory = SignerMemory(folder, ORIGIN)
    newest = memory.last()

    def refused(note: bytes, words: str) -> None:
        kept.write_bytes(note)
        with pytest.raises(CommandError, match=words):
            log_key("remember", str(kept))
        assert memory.last() == newest

    refused(older, "older or another tree's. A memory never goes back")
    refused(b"nonsense", "No announced key")
    refused(older.replace(b"\n", b"\r\n"), "No announced key")
    refused(forged(newest), "No announced key")
    with pytest.raises(CommandError, match="cannot be read"):
        log_key("remember", str(folder.parent / "nowhere"))
    kept.write_bytes((press.public / "checkpoint").read_bytes())
    with KeyFolder(folder, ORIGIN).held(), pytest.raises(CommandError, match="Another process signs"):
        log_key("remember", str(kept))
    log_key("remember", str(kept))
    assert memory.last() == newest


def test_a_folder_of_another_log_is_refused(log_key: LogKeyCommand, folder: Path) -> None:
    log_key("create")
    with override_settings(LOG_ORIGIN="other.example/log"), pytest.raises(CommandError, match="SHOWDOWN_LOG_ORIGIN"):
        log_key("rotate")
    with override_settings(LOG_ORIGIN=""), pytest.raises(CommandError, match="Set SHOWDOWN_LOG_ORIGIN"):
        log_key("list")


def test_without_a_key_there_is_nothing_to_rotate(log_key: LogKeyCommand, folder: Path) -> None:
    with pytest.raises(CommandError, match="log_key create"):
        log_key("rotate")
    assert log_key("list") == ""


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "nonsense",
        f"{ORIGIN}+00000000+AQID",
        Signer.from_seed("other.example/log", bytes(32)).vkey,
        Cosigner.from_seed(ORIGIN, bytes(32)).vkey,
    ],
)
def test_what_is_no_key_of_this_log_is_not_announced(log_key: LogKeyCommand, vkey: str) -> None:
    with pytest.raises(CommandError):
        log_key("announce", vkey)
    assert not LogKey.objects.exists()


def test_only_the_platforms_own_commands_announce_and_retire(barbara: User) -> None:
    vkey = Signer.from_seed(ORIGIN, bytes(32)).vkey
    with pytest.raises(NotTheOperator):
        announce_key(actor=barbara.as_actor(), vkey=vkey, now=NOON)
    key = announce_key(actor=ROBOT, vkey=vkey, now=NOON)
    with pytest.raises(NotTheOperator):
        retire_key(actor=barbara.as_actor(), key_id=key.key_id, now=NOON)
    with pytest.raises(UnknownKey):
        retire_key(actor=ROBOT, key_id="00000000", now=NOON)
    with pytest.raises(UnfitKey, match="at most 200"):
        announce_key(actor=ROBOT, vkey=Signer.from_seed("a" * 150, bytes(32)).vkey, now=NOON)
    retire_key(actor=ROBOT, key_id=key.key_id, now=NOON)
    with pytest.raises(AlreadyRetired):
        announce_key(actor=ROBOT, vkey=vkey, now=NOON)
