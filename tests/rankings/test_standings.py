"""In which snapshots a vote counted and in which not, kept by the night that decided it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.audit.domain.actor import Actor
from apps.audit.domain.merkle import verify_inclusion
from apps.battles.models import Vote
from apps.rankings.flows import recompute_open_run
from apps.rankings.models import Snapshot, SnapshotBallots, VoteStanding
from apps.rankings.queries import counted_proof, record_of
from apps.rankings.services import publishing, request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

NIGHT = Actor.system("rankings.nightly")
DAY = timedelta(days=1)


@pytest.fixture
def votes(db: None) -> list[Vote]:
    """600 votes, which are more than two blocks of the snapshot's tree."""
    return plant_votes(600)


def night(number: int) -> Snapshot:
    at: datetime = NOON + number * DAY
    request_refit(actor=NIGHT, now=at)
    snapshot = recompute_open_run(actor=NIGHT, clock=lambda: at)
    assert snapshot is not None
    return snapshot


def leave_out(*votes: Vote, clause: str = "I1") -> None:
    ids = [vote.pk for vote in votes]
    Vote.objects.filter(pk__in=ids).update(excluded_under=clause, excluded_at=NOON if clause else None)


def stretches(vote: Vote) -> list[tuple[int, int | None, str, str]]:
    return [(one.first, one.last, one.left_out_because, one.clause) for one in record_of(vote).stretches]


def test_a_vote_counts_from_its_first_night_on(votes: list[Vote]) -> None:
    first, second = night(1), night(2)
    assert stretches(votes[0]) == [(first.pk, None, "", "")]
    record = record_of(votes[0])
    assert record.newest == second
    assert record.now is not None
    assert record.now.counted
    assert not record.waits
    assert record.unknown_up_to is None
    assert VoteStanding.objects.count() == 600, "a night on which nothing changes writes nothing"


def test_a_vote_that_no_night_has_read_waits(votes: list[Vote]) -> None:
    assert record_of(votes[0]).newest is None
    earlier = night(-1)
    record = record_of(votes[0])
    assert record.waits
    assert record.now is None
    assert record.newest == earlier
    assert record.unknown_up_to is None
    assert counted_proof(votes[0], earlier.pk) is None


def test_exclusion_and_return_are_kept_with_the_nights_they_belong_to(votes: list[Vote]) -> None:
    a, b = night(1), night(2)
    leave_out(votes[3])
    c = night(3)
    leave_out(votes[3], clause="")
    d = night(4)
    assert stretches(votes[3]) == [
        (a.pk, b.pk, "", ""),
        (c.pk, c.pk, "excluded", "I1"),
        (d.pk, None, "", ""),
    ]
    # What is true today does not change what was true then.
    assert counted_proof(votes[3], b.pk) is not None
    assert counted_proof(votes[3], c.pk) is None
    assert counted_proof(votes[3], d.pk) is not None


def test_another_clause_is_another_stretch(votes: list[Vote]) -> None:
    leave_out(votes[3])
    a = night(1)
    leave_out(votes[3], clause="I9")
    b = night(2)
    assert stretches(votes[3]) == [(a.pk, a.pk, "excluded", "I1"), (b.pk, None, "excluded", "I9")]


@pytest.mark.committed
def test_what_the_wall_takes_out_says_so(owner_connection: Any) -> None:
    votes = plant_votes(24)
    a = night(1)
    owner_connection.execute("UPDATE battles_battle SET tag = 'released' WHERE id = %s", [votes[5].battle_id])
    b = night(2)
    assert stretches(votes[5]) == [(a.pk, a.pk, "", ""), (b.pk, None, "released", "")]
    assert b.left_out == {"released": 1}


def test_every_counted_vote_is_proved_against_the_published_root(votes: list[Vote]) -> None:
    leave_out(*votes[10:20])
    snapshot = night(1)
    assert SnapshotBallots.objects.get().size == snapshot.votes_counted == 590
    indexes = set()
    for vote in votes:
        proof = counted_proof(vote, snapshot.pk)
        if vote in votes[10:20]:
            assert proof is None
            continue
        assert proof is not None
        assert proof.fault is None
        assert proof.root.hex() == snapshot.votes_root
        verify_inclusion(leaf=proof.leaf, index=proof.index, size=proof.size, proof=proof.proof, root=proof.root)
        indexes.add(proof.index)
    assert indexes == set(range(590))


def test_a_proof_reads_one_block_however_many_votes_there_are(
    votes: list[Vote], django_assert_num_queries: object
) -> None:
    snapshot = night(1)
    with django_assert_num_queries(2):  # type: ignore[operator]
        counted_proof(votes[300], snapshot.pk)


def test_a_vote_that_was_changed_afterwards_does_not_prove(votes: list[Vote], monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = night(1)
    kept = SnapshotBallots.objects.get()
    changed = bytearray(bytes(kept.roots))
    changed[0] ^= 1
    monkeypatch.setattr(
        SnapshotBallots.objects,
        "select_related",
        lambda *_names: _Found(SnapshotBallots(snapshot=snapshot, size=600, firsts=kept.firsts, roots=bytes(changed))),
    )
    faults = {proof.fault for vote in votes if (proof := counted_proof(vote, snapshot.pk))}
    # The changed block's own votes differ from its root; the proofs of the others lead to another root.
    assert faults == {"votes-differ", "root-mismatch"}


class _Found:
    def __init__(self, ballots: SnapshotBallots) -> None:
        self._ballots = ballots

    def filter(self, **_conditions: object) -> "_Found":
        return self

    def first(self) -> SnapshotBallots:
        return self._ballots


def test_snapshots_from_before_the_keeping_are_called_unknown(
    votes: list[Vote], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "write_standings", lambda *_what: None)
        old = night(1)
    new = night(2)
    record = record_of(votes[0])
    assert record.unknown_up_to == old.pk
    assert [(one.first, one.last) for one in record.stretches] == [(new.pk, None)]


def test_a_vote_has_one_present_standing(votes: list[Vote]) -> None:
    night(1)
    second = night(2)
    with pytest.raises(IntegrityError), transaction.atomic():
        VoteStanding.objects.create(vote=votes[0], since=second)
