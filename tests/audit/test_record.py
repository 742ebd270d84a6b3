"""An entry is written with what it tells about, or not at all."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit.domain.canonical import UnfitForTheLog
from apps.audit.models import Entry
from apps.audit.queries import commitment_opens, entry_for, leaf_of, receipt_for, trail_of
from apps.audit.services import NoTransaction, commit_to, record
from tests.audit.garden import ROBOT, GardenEvent
from tests.conftest import NOON


def test_an_entry_tells_what_happened(ada: User) -> None:
    entry = record(
        GardenEvent.PLANTED,
        actor=ada.as_actor(),
        subject="gardens.tree:1",
        at=NOON,
        clause="4.2",
        facts={"height": 3, "kinds": ["mango"]},
    )
    stored = Entry.objects.get(pk=entry.pk)
    assert (stored.event, stored.subject, stored.clause, stored.recorded_at) == (
        "gardens.planted",
        "gardens.tree:1",
        "4.2",
        NOON,
    )
    assert (stored.actor_kind, stored.actor_pseudonym) == ("person", ada.pseudonym)
    assert stored.facts == {"height": 3, "kinds": ["mango"]}
    assert bytes(stored.body) == entry.body
    assert entry.ref == f"audit.entry:{stored.pk}"


def test_the_log_knows_the_pseudonym_and_nothing_else_about_a_person(ada: User) -> None:
    entry = record(GardenEvent.PLANTED, actor=ada.as_actor(), subject="gardens.tree:1", at=NOON)
    written = bytes(entry.body).decode()
    assert ada.pseudonym in written
    assert ada.email not in written
    assert ada.display_name not in written
    assert json.loads(written)["actor"] == {"kind": "person", "pseudonym": ada.pseudonym}


def test_two_equal_events_are_two_different_entries(db: None) -> None:
    one, other = (record(GardenEvent.WATERED, actor=ROBOT, subject="gardens.tree:1", at=NOON) for _ in range(2))
    assert bytes(one.body) != bytes(other.body)


def test_the_trail_is_in_order(db: None) -> None:
    for event in (GardenEvent.PLANTED, GardenEvent.WATERED, GardenEvent.WATERED):
        record(event, actor=ROBOT, subject="gardens.tree:1", at=NOON)
    record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:2", at=NOON)
    assert trail_of("gardens.tree:1") == [GardenEvent.PLANTED, GardenEvent.WATERED, GardenEvent.WATERED]


def test_a_fresh_entry_waits_for_its_leaf(db: None) -> None:
    entry = record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:1", at=NOON)
    row = entry_for("gardens.tree:1", GardenEvent.PLANTED)
    assert row is not None
    assert row.id == entry.pk
    assert row.leaf_index is None
    assert leaf_of(entry.pk) is None
    receipt = receipt_for("gardens.tree:1", GardenEvent.PLANTED)
    assert receipt is not None
    assert receipt.inclusion is None
    assert receipt_for("gardens.tree:1", GardenEvent.WATERED) is None


@pytest.mark.committed
def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(NoTransaction):
        record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:1", at=NOON)
    with pytest.raises(NoTransaction):
        commit_to("text", subject="gardens.tree:1")
    assert trail_of("gardens.tree:1") == []


@pytest.mark.committed
def test_an_undone_change_leaves_no_entry() -> None:
    with transaction.atomic():
        record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:1", at=NOON)
        transaction.set_rollback(True)
    assert trail_of("gardens.tree:1") == []


def test_an_unfit_fact_fails_before_anything_is_written(db: None) -> None:
    with pytest.raises(UnfitForTheLog):
        record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:1", at=NOON, facts={"who": "ada@demo.example"})
    with pytest.raises(UnfitForTheLog, match="events"):
        record("gardens.planted", actor=ROBOT, subject="gardens.tree:1", at=NOON)  # type: ignore[arg-type]
    assert trail_of("gardens.tree:1") == []


def test_a_commitment_hides_the_text_and_opens_for_it(db: None) -> None:
    one, other = (commit_to("left", subject="gardens.tree:1") for _ in range(2))
    assert one != other
    assert commitment_opens(one, "left")
    assert not commitment_opens(one, "right")
    with pytest.raises(UnfitForTheLog, match="subject"):
        commit_to("left", subject="the tree")


COLUMNS = {
    "event": "gardens.watered",
    "actor_kind": "person",
    "actor_pseudonym": "p-other",
    "subject": "gardens.tree:2",
    "clause": "9.9",
    "recorded_at": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_row_that_does_not_say_what_its_body_says_cannot_be_stored(db: None, column: str) -> None:
    entry = record(GardenEvent.PLANTED, actor=ROBOT, subject="gardens.tree:1", at=NOON, clause="4.2")
    told: dict[str, Any] = {name: getattr(entry, name) for name in COLUMNS} | {"body": entry.body}
    insert = (
        "INSERT INTO audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body) VALUES"
        " (%(event)s, %(actor_kind)s, %(actor_pseudonym)s, %(subject)s, %(clause)s, %(recorded_at)s, %(body)s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(insert, told)
        with pytest.raises(IntegrityError, match="audit_entry_body_agrees"), transaction.atomic():
            cursor.execute(insert, told | {column: COLUMNS[column]})
