"""After a backup was restored, the entries that were published since come back with their places, or nothing does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from apps.accounts.models import User
from apps.audit.domain.stopped import RolledBack
from apps.audit.models import Entry, Leaf
from apps.audit.queries import newest_head, proved_entry
from apps.audit.services import NotTheOperator, recover_entries
from tests.audit.dumps import dump, restored
from tests.audit.garden import plant, sequence_what_was_there
from tests.audit.press import ORIGIN, Press, assert_the_shown_log_holds
from tests.audit.test_sequence_waiting import assert_the_tree_is_whole
from tests.conftest import NOON

pytestmark = pytest.mark.committed


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Iterator[Press]:
    made = Press.new(tmp_path)
    with override_settings(LOG_KEYS=made.keys, LOG_FILES=made.public, LOG_ORIGIN=ORIGIN):
        yield made


@contextmanager
def as_the_owner() -> Iterator[None]:
    """Work with the owner's address alone."""
    connections.close_all()
    settings = connections.settings["default"]
    before = dict(settings)
    settings.update(connections.settings["owner"])
    try:
        yield
    finally:
        connections.close_all()
        settings.update(before)


def grow(press: Press, count: int) -> int:
    plant(count)
    sequence_what_was_there()
    return press.publish()


@pytest.fixture
def older(press: Press, tmp_path: Path) -> Iterator[int]:
    """A database restored from a dump; how many leaves were published after it was taken, in bundles and a half."""
    grow(press, 300)
    # One that waits for its leaf while the dump is taken is in both.
    plant(1)
    taken = dump(tmp_path)
    size = grow(press, 400)
    with restored(taken):
        yield size


def recover() -> None:
    with as_the_owner():
        call_command("log_recover")


def test_the_log_is_again_what_was_published(press: Press, older: int, capsys: pytest.CaptureFixture[str]) -> None:
    seen = press.shown()
    # Somebody acted before the operator noticed.
    plant(5)
    with pytest.raises(RolledBack):
        press.publish()
    recover()
    assert f"400 entries are back; the tree has {older:,} leaves" in capsys.readouterr().out
    head = newest_head()
    assert head is not None
    assert seen is not None
    assert (head.size, head.root) == (seen.size, seen.root)
    told = Entry.objects.get(event="audit.entries_recovered")
    assert told.facts == {"first": 300, "size": older, "written": 400}
    # What came in between, and this entry itself, get the next leaves.
    sequence_what_was_there()
    assert press.publish() == older + 6
    assert_the_shown_log_holds(press, seen)
    assert_the_tree_is_whole()
    for number in Leaf.objects.filter(leaf_index__in=(299, 300, older - 1)).values_list("entry_id", flat=True):
        proved = proved_entry(number)
        assert proved is not None
        assert proved.inclusion is not None
        assert proved.inclusion.verified
    with pytest.raises(CommandError, match=r"no more than .* were signed"):
        recover()


@pytest.mark.usefixtures("older")
def test_entries_that_were_changed_do_not_come_back(press: Press) -> None:
    bundle = press.public / "tile/entries/001"
    data = bundle.read_bytes()
    before = Entry.objects.count(), Leaf.objects.count()
    changed = data.replace(b"gardens.tree:150", b"gardens.tree:151")
    assert changed != data
    bundle.write_bytes(changed)
    with pytest.raises(CommandError, match="another root than the one that was signed"):
        recover()
    assert Leaf.objects.count() == before[1]
    # The refusal alone was written.
    assert Entry.objects.count() == before[0] + 1
    for damaged in (b"", data[:-1]):
        bundle.write_bytes(damaged)
        with pytest.raises(CommandError, match="missing or damaged"):
            recover()
    bundle.unlink()
    with pytest.raises(CommandError, match="missing or damaged"):
        recover()
    bundle.write_bytes(data)
    recover()
    assert_the_shown_log_holds(press, press.shown())


@pytest.mark.usefixtures("older")
def test_it_waits_until_no_sequencer_is_at_work(press: Press) -> None:
    with press.key_folder.held(), pytest.raises(CommandError, match="Another process signs"):
        recover()
    with pytest.raises(CommandError, match="Set DATABASE_OWNER_URL, and no other"):
        call_command("log_recover")


@pytest.mark.usefixtures("press")
def test_nobody_recovers_from_a_page(barbara: User) -> None:
    with pytest.raises(NotTheOperator):
        recover_entries(actor=barbara.as_actor(), bodies=[], root=bytes(32), now=NOON)
