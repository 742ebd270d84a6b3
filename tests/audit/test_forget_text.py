"""Forgetting a text: nobody can open its commitment any more, and every proof holds as before."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.audit.checks import what_was_forgotten_stays_so
from apps.audit.domain.merkle import leaf_hash, verify_inclusion
from apps.audit.models import Entry, Salt
from apps.audit.queries import ProvedEntry, commitment_opens, commitments_about, proved_entry, trail_of
from apps.audit.services import AlreadyForgotten, commit_to, forget_text, record, sequence_waiting
from tests.audit.garden import ROBOT, GardenEvent
from tests.conftest import NOON

POEM = "Minha terra tem palmeiras, onde canta o sabiá."


def describe(text: str) -> tuple[Entry, str]:
    with transaction.atomic():
        commitment = commit_to(text, subject="gardens.tree:1")
        entry = record(
            GardenEvent.DESCRIBED,
            actor=ROBOT,
            subject="gardens.tree:1",
            at=NOON,
            facts={"commitment": commitment, "length": len(text)},
        )
    return entry, commitment


def proof_of(entry: Entry) -> ProvedEntry:
    proved = proved_entry(entry.pk, using="auditor")
    assert proved is not None
    return proved


@pytest.mark.committed
def test_a_forgotten_text_is_gone_and_every_proof_still_holds() -> None:
    entry, commitment = describe(POEM)
    describe("another text")
    sequence_waiting(using="sequencer", limit=100, now=NOON)
    before = proof_of(entry)
    assert before.inclusion is not None
    assert commitment_opens(commitment, POEM)

    forget_text(actor=ROBOT, commitment=commitment, now=NOON)

    # Whoever still has the text cannot show that it is the one; and guessing texts leads nowhere either.
    assert not commitment_opens(commitment, POEM)
    assert not Salt.objects.filter(pk=commitment).exists()
    assert len(commitments_about("gardens.tree:1")) == 1
    # The entry and the proof that somebody kept are what they were, and in the grown tree there is a new one.
    sequence_waiting(using="sequencer", limit=100, now=NOON)
    after = proof_of(entry)
    assert after.body == before.body
    assert after.inclusion is not None
    assert after.inclusion.verified
    assert after.inclusion.size > before.inclusion.size
    verify_inclusion(
        leaf=leaf_hash(before.body),
        index=before.inclusion.leaf_index,
        size=before.inclusion.size,
        proof=before.inclusion.proof,
        root=before.inclusion.root,
    )
    assert trail_of("gardens.tree:1") == ["gardens.described", "gardens.described", "audit.text_forgotten"]


def test_a_text_is_forgotten_once(db: None) -> None:
    _entry, commitment = describe(POEM)
    entry = forget_text(actor=ROBOT, commitment=commitment, now=NOON)
    assert entry.facts == {"commitment": commitment}
    with pytest.raises(AlreadyForgotten):
        forget_text(actor=ROBOT, commitment=commitment, now=NOON)
    with pytest.raises(AlreadyForgotten):
        forget_text(actor=ROBOT, commitment="0" * 64, now=NOON)


@pytest.mark.committed
def test_a_backup_that_brings_a_salt_back_forgets_it_again_before_it_serves() -> None:
    _entry, commitment = describe(POEM)
    _other, kept = describe("another text")
    salt = Salt.objects.get(pk=commitment)
    forget_text(actor=ROBOT, commitment=commitment, now=NOON)
    assert what_was_forgotten_stays_so(databases=["default"]) == []
    # What a restored backup does: the row is there again, and log_recover has put the newer entries back.
    salt.save(force_insert=True)
    assert commitment_opens(commitment, POEM)
    (wrong,) = what_was_forgotten_stays_so(databases=["default"])
    assert (wrong.id, "after_restore" in str(wrong.hint)) == ("audit.E004", True)
    told = StringIO()
    call_command("after_restore", stdout=told)
    assert told.getvalue() == "1 texts that the backup had brought back are forgotten again.\n"
    assert not Salt.objects.filter(pk=commitment).exists()
    assert Salt.objects.filter(pk=kept).exists()
    assert what_was_forgotten_stays_so(databases=["default"]) == []
    entry = Entry.objects.latest("pk")
    assert (entry.event, entry.facts) == ("audit.backup_restored", {"forgotten_again": 1})
