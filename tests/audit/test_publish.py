"""From a head to a checkpoint that everybody sees; and whatever would contradict what others hold is not signed."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.note import open_note
from apps.audit.domain.stopped import Forked, MemoryLost, NoKey, RolledBack, TileConflict
from apps.audit.domain.tiles import EntryBundle, Tile
from apps.audit.flows import Countersigning
from apps.audit.flows.publishing import Pace
from apps.audit.models import PublishedCheckpoint
from apps.audit.services import TreeIsBroken
from tests.audit.dumps import dump, restored
from tests.audit.garden import plant, plant_many, sequence_what_was_there
from tests.audit.press import ORIGIN, Press, assert_the_shown_log_holds, forged, text_of

pytestmark = pytest.mark.committed


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Press:
    """A press whose log is still unpublished."""
    sequence_what_was_there()
    return Press.new(tmp_path)


def grow(count: int) -> int:
    """Write entries and give them leaves; return the size of the tree."""
    plant(count)
    return sequence_what_was_there()


# --- What is shown ---


def test_what_is_published_can_be_checked_from_its_bytes_alone(press: Press) -> None:
    seen = None
    for count in (1, 254, 1, 1, 300, 0, 600):
        size = grow(count)
        assert press.publish() == size
        seen = assert_the_shown_log_holds(press, seen)
        assert seen is not None
        assert seen.size == size
    note = press.files.checkpoint()
    assert note is not None
    assert text_of(note).splitlines() == [ORIGIN, str(seen.size if seen else 0), *text_of(note).splitlines()[2:]]
    kept = PublishedCheckpoint.objects.latest("size")
    assert bytes(kept.note) == note


def test_tiles_end_where_they_should(press: Press) -> None:
    """Sizes of 255 to 257 and 65,535 to 65,537 leaves: a tile is full, one begins, and one begins above it."""
    seen, tree = None, sequence_what_was_there()
    for size in (255, 256, 257, 65_535, 65_536, 65_537):
        if size > tree:
            plant_many(size - tree)
            tree = sequence_what_was_there()
        assert tree == size
        assert press.publish() == size
        seen = assert_the_shown_log_holds(press, seen)
        # The full form has taken the place of the narrower ones.
        partial = {path.parent.name for path in (press.public / "tile").rglob("*.p/*")}
        assert partial == ({"000.p"} if size == 255 else _partial_at(size)), size


def _partial_at(size: int) -> set[str]:
    return {f"{index % 1000:03}.p" for count in _counts(size) if count % 256 for index in [count // 256]}


def _counts(size: int) -> list[int]:
    return [size >> 8 * level for level in range(4) if size >> 8 * level]


def test_an_unchanged_tree_is_not_signed_again(press: Press) -> None:
    grow(5)
    press.publish()
    before = (press.public / "checkpoint").stat().st_mtime_ns
    publisher = press.publisher()
    for _ in range(3):
        publisher.publish_head(using="sequencer")
    assert (press.public / "checkpoint").stat().st_mtime_ns == before
    assert PublishedCheckpoint.objects.count() == 1


def test_an_empty_tree_has_no_checkpoint(press: Press) -> None:
    assert press.publish() == 0
    assert press.files.checkpoint() is None


def test_every_key_that_signs_signs(press: Press) -> None:
    grow(3)
    press.publish()
    old = press.vkeys
    press.another_key()
    grow(3)
    press.publish()
    note = press.files.checkpoint()
    assert note is not None
    assert len(open_note(note, press.vkeys).signatures) == 2
    # Whoever knows the old key alone still reads it.
    assert len(open_note(note, old).signatures) == 1
    press.key_folder.destroy(old[0].split("+")[1])
    grow(3)
    press.publish()
    note = press.files.checkpoint()
    assert note is not None
    assert len(open_note(note, press.vkeys).signatures) == 1


def test_the_witnesses_lines_come_below_the_logs_own(press: Press) -> None:
    class Elm:
        asked: list[Countersigning] = []

        def countersign(self, wanted: Countersigning) -> Sequence[str]:
            self.asked.append(wanted)
            return [] if len(self.asked) == 1 else ["\N{EM DASH} elm.example AAAAAAAA"]

    elm, size = Elm(), grow(3)
    publisher = press.publisher(elm)
    publisher.publish_head(using="sequencer")
    assert "elm" not in (press.public / "checkpoint").read_text()
    # One that was away is asked again for the same checkpoint.
    publisher.publish_head(using="sequencer")
    note = press.files.checkpoint()
    assert note is not None
    assert text_of(note).splitlines()[-2:] == [ORIGIN, "elm.example"]
    assert [wanted.checkpoint.size for wanted in elm.asked] == [size, size]
    assert elm.asked[0].prove(1)
    assert bytes(PublishedCheckpoint.objects.get().note) == elm.asked[1].note
    assert press.shown() is not None


# --- What was damaged heals, when nothing contradicts it ---


def test_lost_files_are_written_again(press: Press) -> None:
    grow(700)
    press.publish()
    before = {path: path.read_bytes() for path in press.public.rglob("*") if path.is_file()}
    (press.public / "tile/0/001").unlink()
    shutil.rmtree(press.public / "tile/entries")
    press.publish()
    assert {path: path.read_bytes() for path in press.public.rglob("*") if path.is_file()} == before
    shutil.rmtree(press.public)
    press.publish()
    assert {path: path.read_bytes() for path in press.public.rglob("*") if path.is_file()} == before


def test_a_checkpoint_that_the_log_did_not_sign_is_replaced(press: Press) -> None:
    grow(10)
    press.publish()
    note = press.files.checkpoint()
    # Taken for ours, the second would look like a rollback.
    larger = Checkpoint(ORIGIN, 10_000, bytes(32))
    for other in (b"", b"nonsense", forged(press.memory.last()), forged(larger)):
        (press.public / "checkpoint").write_bytes(other)
        press.publish()
        assert press.files.checkpoint() == note


def test_what_killed_processes_left_is_cleared(press: Press) -> None:
    grow(300)
    press.publish()
    for left in ("tile/0/000.p/7", "tile/entries/000.p/7"):
        (press.public / left).parent.mkdir(exist_ok=True)
        (press.public / left).write_bytes(b"left")
    press.publish()
    assert not (press.public / "tile/0/000.p").exists()
    assert not (press.public / "tile/entries/000.p").exists()


def test_narrow_tiles_are_answered_from_the_full_one(press: Press) -> None:
    tree = sequence_what_was_there()
    grow(200 - tree)
    press.publish()
    narrow = press.files.read(Tile(0, 0, 200)), press.files.read(EntryBundle(0, 200))
    grow(100)
    press.publish()
    assert not (press.public / "tile/0/000.p").exists()
    assert (press.files.read(Tile(0, 0, 200)), press.files.read(EntryBundle(0, 200))) == narrow
    assert press.files.read(Tile(0, 1, 200)) is None


def test_a_full_disk_stops_nothing_but_publication(press: Press) -> None:
    said: list[str] = []
    grow(3)
    press.public.parent.mkdir(exist_ok=True)
    press.public.write_bytes(b"a file stands where the folder should be")
    pace = Pace(press.publisher(), said.append)
    pace.publish_if_due(using="sequencer")
    assert "cannot be written" in said[0]
    assert "again in 2 s" in said[0]
    assert 1 < pace.seconds_left <= 2
    # It is not tried again before its time.
    pace.publish_if_due(using="sequencer")
    assert len(said) == 1
    press.public.unlink()
    assert press.publish() == sequence_what_was_there()


def test_a_backlog_is_published_as_a_whole_and_not_for_ever_later(press: Press) -> None:
    now = 0.0

    def seen() -> int:
        shown = press.shown()
        return shown.size if shown else 0

    pace = Pace(press.publisher(), print, monotonic=lambda: now)
    grow(3)
    pace.publish_if_due(using="sequencer", is_behind=True)
    assert seen() == 0, "more entries wait, and the auditors' samples are drawn from all of them"
    size = grow(3)
    pace.publish_if_due(using="sequencer")
    assert seen() == size
    later = grow(3)
    for now, expected in ((9.9, size), (10.1, later)):  # noqa: B007 - The pace reads it.
        pace.publish_if_due(using="sequencer", is_behind=True)
        assert seen() == expected


# --- What would contradict what others hold is refused ---


@pytest.fixture
def older(press: Press, tmp_path: Path) -> Iterator[str]:
    """Work on a database restored from a dump that was taken before the log was published once more."""
    grow(40)
    press.publish()
    taken = dump(tmp_path)
    grow(40)
    press.publish()
    with restored(taken) as name:
        yield name


@pytest.mark.usefixtures("older")
def test_a_restored_older_database_is_not_signed(press: Press) -> None:
    files = {path: path.read_bytes() for path in press.public.rglob("*") if path.is_file()}
    remembered = press.memory.last()
    with pytest.raises(RolledBack, match=r"has \d+ leaves, and one of \d+ was signed.*'Restoring a backup'"):
        press.publish()
    grow(39)
    with pytest.raises(RolledBack):
        press.publish()
    # As large as before, with other entries.
    grow(1)
    with pytest.raises(Forked, match="does not begin with the one of"):
        press.publish()
    grow(500)
    with pytest.raises(Forked, match="'When the sequencer refuses'"):
        press.publish()
    assert press.memory.last() == remembered
    assert {path: path.read_bytes() for path in press.public.rglob("*") if path.is_file()} == files
    assert PublishedCheckpoint.objects.count() == 1


@pytest.mark.usefixtures("older")
def test_nor_is_it_when_the_memory_was_restored_too(press: Press) -> None:
    """The public checkpoint alone tells that more was signed than the restored memory knows."""
    kept = PublishedCheckpoint.objects.get()
    press.memory.path.write_bytes(bytes(kept.note).partition(b"\n\n")[0] + b"\n")
    assert press.memory.last().size == kept.size
    with pytest.raises(RolledBack):
        press.publish()


def test_a_stored_tree_that_was_changed_is_not_signed(press: Press, owner_connection: psycopg.Connection) -> None:
    grow(300)
    press.publish()
    grow(10)
    owner_connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    owner_connection.execute(
        "UPDATE audit_entry SET body = convert_to(replace(convert_from(body, 'UTF8'), '\"nonce\":\"', '\"nonce\":\"0'),"
        " 'UTF8') WHERE id = (SELECT entry_id FROM audit_leaf WHERE leaf_index = 305)"
    )
    shown = press.files.checkpoint()
    with pytest.raises(TreeIsBroken, match="do not give the root"):
        press.publish()
    assert press.files.checkpoint() == shown


def test_a_published_file_never_changes(press: Press) -> None:
    tree = grow(10)
    press.publish()
    target = press.public / f"tile/entries/000.p/{tree + 1}"
    target.write_bytes(b"another truth")
    grow(1)
    with pytest.raises(TileConflict, match="written before with other bytes"):
        press.publish()
    assert target.read_bytes() == b"another truth"
    shown = press.shown()
    assert shown is not None
    assert shown.size == tree


def test_without_a_key_nothing_is_signed(press: Press) -> None:
    grow(3)
    (key,) = press.keys.glob("*.key")
    content = key.read_text()

    def refused(words: str) -> None:
        with pytest.raises(NoKey, match=words):
            press.publish()
        assert press.files.checkpoint() is None

    key.chmod(0o640)
    refused(r"Others can read the key .*: chmod 600")
    key.chmod(0o600)
    key.write_text(content[:-9])
    refused("holds no key")
    key.write_text(content.replace(ORIGIN, "other.example/log"))
    refused("holds no key|is named other.example/log")
    key.unlink()
    refused("holds no key. A new log gets its key with `manage.py log_key create`")
    key.write_text(content)
    key.chmod(0o600)
    assert press.publish()


def test_without_a_memory_nothing_is_signed(press: Press) -> None:
    grow(3)
    content = press.memory.path.read_text()
    for damaged in ("", "nonsense", content.replace(ORIGIN, "other.example/log")):
        press.memory.path.write_text(damaged)
        with pytest.raises(MemoryLost, match="log_key remember"):
            press.publish()
    press.memory.path.unlink()
    with pytest.raises(MemoryLost, match="is not there"):
        press.publish()
    assert press.files.checkpoint() is None
    assert not PublishedCheckpoint.objects.exists()


def test_a_memory_never_goes_back(press: Press) -> None:
    grow(3)
    press.publish()
    last = press.memory.last()
    press.memory.remember(last)
    smaller = Checkpoint(ORIGIN, last.size - 1, last.root)
    with pytest.raises(ValueError, match="never goes back"):
        press.memory.remember(smaller)
