"""Every entry gets one leaf, in a tree without gap, duplicate or fork, whoever writes at the same time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from apps.audit.domain.merkle import consistency_proof, leaf_hash, root_hash, verify_consistency
from apps.audit.models import Entry, Leaf, Node, TreeHead
from apps.audit.queries import proved_entry
from apps.audit.services import SequencerBusy, SequencerMemory, TreeIsBroken, record
from tests.audit.garden import ROBOT, GardenEvent, plant, sequence, sequence_what_was_there
from tests.conftest import NOON

pytestmark = pytest.mark.committed


@pytest.fixture(autouse=True)
def before(_django_db_helper: None) -> int:
    """How many leaves there were before the test, whose own come after them."""
    return sequence_what_was_there()


def assert_the_tree_is_whole() -> None:
    """Rebuild everything from the entries' bytes and compare it with what is stored."""
    leaves = list(Leaf.objects.select_related("entry").order_by("leaf_index"))
    assert [leaf.leaf_index for leaf in leaves] == list(range(len(leaves)))
    hashes = [leaf_hash(bytes(leaf.entry.body)) for leaf in leaves]
    assert [bytes(leaf.leaf_hash) for leaf in leaves] == hashes
    assert not Entry.objects.filter(leaf=None).exists()
    heads = [(head.size, bytes(head.root)) for head in TreeHead.objects.order_by("size")]
    assert heads[-1][0] == len(hashes)
    # Checking a sample of heads keeps a long run quick; the last is always among them.
    for size, root in heads[:: max(1, len(heads) // 20)] + heads[-1:]:
        assert root == root_hash(hashes[:size])
        verify_consistency(
            old_size=size,
            new_size=len(hashes),
            old_root=root,
            new_root=heads[-1][1],
            proof=consistency_proof(hashes, size, len(hashes)),
        )
    assert Node.objects.count() == sum(len(hashes) >> level for level in range(1, 40))


def test_entries_get_leaves_in_their_order(before: int) -> None:
    entries = plant(5)
    assert sequence(limit=3) == 3
    assert sequence(limit=3) == 2
    assert sequence(limit=3) == 0
    leaves = Leaf.objects.order_by("leaf_index").values_list("entry_id", flat=True)[before:]
    assert list(leaves) == [entry.pk for entry in entries]
    assert [head.size - before for head in TreeHead.objects.order_by("size")][-2:] == [3, 5]
    assert_the_tree_is_whole()


def test_every_entry_is_proved_from_stored_hashes(before: int) -> None:
    memory = SequencerMemory()
    entries: list[Entry] = []
    for count in (1, 1, 5, 30, 100, 3):
        entries += plant(count)
        sequence(memory=memory)
    for entry in entries:
        proved = proved_entry(entry.pk)
        assert proved is not None
        assert proved.inclusion is not None
        assert proved.inclusion.verified
        assert proved.inclusion.size == before + 140
    assert_the_tree_is_whole()


def test_a_late_commit_with_an_early_id_is_not_lost(before: int) -> None:
    """The race that a poller by id loses: the smaller id becomes visible after the larger."""
    memory = SequencerMemory()
    with transaction.atomic():
        early = record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:1", at=NOON)
        late = write_elsewhere()
        assert late > early.pk
        for _ in range(3):
            sequence(memory=memory)
        assert list(Leaf.objects.filter(leaf_index__gte=before).values_list("entry_id", flat=True)) == [late]
        assert memory.floor < early.pk
    assert sequence(memory=memory) == 1
    assert_the_tree_is_whole()


def write_elsewhere() -> int:
    """Write and commit one entry from another connection; return its id."""
    found: list[int] = []

    def write() -> None:
        found.extend(entry.pk for entry in plant(1))
        connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    return found[0]


def test_what_is_surely_done_is_not_looked_at_again() -> None:
    memory = SequencerMemory()
    plant(10)
    with transaction.atomic():
        plant(3)
        transaction.set_rollback(True)
    newest = plant(1)[0].pk
    for _ in range(4):
        sequence(memory=memory)
    assert memory.floor == newest
    plant(2)
    assert sequence(memory=memory) == 2


def test_two_sequencers_do_not_work_at_once(database_urls: dict[str, str]) -> None:
    plant(3)
    with holding_the_lock(database_urls["sequencer"]), pytest.raises(SequencerBusy):
        sequence()
    assert sequence() == 3
    assert_the_tree_is_whole()


@contextmanager
def holding_the_lock(url: str) -> Iterator[None]:
    from apps.audit.services.sequencing import LOCK

    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield
        # The server notices a closed connection only some time later, and the lock would last until then.
        other.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def test_memory_of_another_time_is_not_trusted() -> None:
    old = SequencerMemory()
    plant(3)
    sequence(memory=old)
    plant(4)
    sequence()
    plant(5)
    assert sequence(memory=old) == 5
    assert_the_tree_is_whole()


def test_nothing_is_built_on_a_broken_tree(owner_connection: psycopg.Connection[Any], before: int) -> None:
    # As many as make the size odd in its third bit, so that a subtree of four leaves is a peak.
    count = 4 + -before % 8
    plant(count)
    sequence()
    owner_connection.execute("ALTER TABLE audit_node DISABLE TRIGGER USER")
    owner_connection.execute("UPDATE audit_node SET hash = sha256('x') WHERE level = 2")
    plant(1)
    with pytest.raises(TreeIsBroken, match="root"):
        sequence()
    owner_connection.execute("DELETE FROM audit_node WHERE level = 2")
    with pytest.raises(TreeIsBroken, match="missing"):
        sequence()
    assert Leaf.objects.count() == before + count


def test_a_rewritten_entry_shows_in_its_proof(owner_connection: psycopg.Connection[Any]) -> None:
    entry = plant(6)[2]
    sequence()
    owner_connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    owner_connection.execute(
        "UPDATE audit_entry SET body = convert_to(replace(convert_from(body, 'UTF8'), '\"v\":1', '\"v\":2'), 'UTF8')"
        " WHERE id = %s",
        [entry.pk],
    )
    proved = proved_entry(entry.pk)
    assert proved is not None
    assert proved.inclusion is not None
    assert not proved.inclusion.verified
    assert proved.inclusion.fault == "root-mismatch"
    owner_connection.execute("ALTER TABLE audit_node DISABLE TRIGGER USER")
    owner_connection.execute("DELETE FROM audit_node WHERE level = 1")
    proved = proved_entry(entry.pk)
    assert proved is not None
    assert proved.inclusion is not None
    assert proved.inclusion.fault == "stored-hash-missing"


def test_a_proof_takes_three_reads(django_assert_num_queries: Any) -> None:
    entry = plant(200)[77]
    sequence()
    with django_assert_num_queries(3):
        assert proved_entry(entry.pk) is not None


def write_and_sequence(*, writers: int, seconds: float) -> None:
    """Let many write, one in five of them in vain, while two sequencers compete; then check everything."""
    until = time.monotonic() + seconds
    writing = threading.Event()
    errors: list[BaseException] = []

    def guarded(work: Any) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - shown by the test below.
                errors.append(error)
            finally:
                connections.close_all()

        return threading.Thread(target=run)

    def write() -> None:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            with transaction.atomic():
                record(GardenEvent.PLANTED, actor=ROBOT, subject=f"gardens.tree:{turn}", at=NOON)
                if turn % 3 == 0:
                    time.sleep(0.01)
                if turn % 5 == 0:
                    transaction.set_rollback(True)

    def compete() -> None:
        memory = SequencerMemory()
        while not writing.is_set():
            try:
                sequence(limit=50, memory=memory)
            except SequencerBusy:
                memory = SequencerMemory()

    workers = [guarded(write) for _ in range(writers)]
    sequencers = [guarded(compete) for _ in range(2)]
    for thread in workers + sequencers:
        thread.start()
    for thread in workers:
        thread.join()
    writing.set()
    for thread in sequencers:
        thread.join()
    assert not errors
    while sequence():
        pass
    assert Leaf.objects.count() > 100
    assert_the_tree_is_whole()


def test_many_writers_and_two_sequencers_leave_no_gap() -> None:
    write_and_sequence(writers=8, seconds=2)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_sixteen_writers_and_two_sequencers_for_a_minute() -> None:
    write_and_sequence(writers=16, seconds=60)
