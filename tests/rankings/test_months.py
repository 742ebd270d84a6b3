"""Closed months as files beside the database: whole or not there, and never believed more than the database."""

import errno
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from apps.audit.domain.actor import Actor
from apps.battles.models import Battle, Vote
from apps.rankings.flows import recompute_open_run
from apps.rankings.flows.gathering import NightInput, VotesDiffer, gather, gather_again
from apps.rankings.flows.months import months_to_write
from apps.rankings.models import Snapshot, VotePartition
from apps.rankings.queries import counted_votes, one_moment, overlay_of
from apps.rankings.services import request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

NIGHT = Actor.system("rankings.nightly")
LATER = datetime(2026, 10, 9, 3, 0, tzinfo=UTC)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RANKINGS_DIR = tmp_path / "rankings"
    return tmp_path / "rankings" / "months"


def night(at: datetime = LATER) -> Snapshot:
    request_refit(actor=NIGHT, now=at)
    snapshot = recompute_open_run(actor=NIGHT, clock=lambda: at)
    assert snapshot is not None
    return snapshot


def one_more(like: Vote, cast_at: datetime) -> Vote:
    battle = Battle.objects.get(pk=like.battle_id)
    battle.pk, battle.opening_key = None, uuid.uuid4()
    battle.save(force_insert=True)
    vote = Vote.objects.get(pk=like.pk)
    vote.pk, vote.battle, vote.public_id, vote.cast_at = None, battle, uuid.uuid4(), cast_at
    vote.save(force_insert=True)
    return vote


def quiet(_done: int, _total: int) -> None:
    """Watch nothing."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) + sorted(path.name for path in folder.glob(".*"))


def test_a_closed_month_is_read_from_its_file_and_gives_the_same_snapshot(db: None, folder: Path) -> None:
    votes = plant_votes(240)
    straight = night(NOON + timedelta(hours=1))
    assert not VotePartition.objects.exists(), "the month was not over"
    first = night()
    row = VotePartition.objects.get()
    assert (row.month.isoformat(), row.rows, row.stale_since) == ("2026-09-01", 240, None)
    (name,) = names(folder)
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert first.votes_root == straight.votes_root
    assert months_to_write(until=LATER) == []
    one_more(votes[0], LATER - timedelta(days=1))
    second = night()
    assert second.votes_counted == 241
    assert names(folder) == [name], "the closed month stays as it was written"
    assert counted_votes(until=LATER).columns.sha256() == gather(taken_at=LATER, tell=quiet)[1].sha256()


def test_a_vote_that_arrives_late_in_a_closed_month_counts_and_its_file_is_written_anew(db: None, folder: Path) -> None:
    votes = plant_votes(60)
    night()
    (before,) = names(folder)
    one_more(votes[0], NOON)
    assert months_to_write(until=LATER) == ["2026-09"]
    # Even where it arrives between the writing of the files and the reading of the votes.
    assert len(gather(taken_at=LATER, tell=quiet)[1]) == 61
    assert night().votes_counted == 61
    (after,) = names(folder)
    assert after != before
    assert VotePartition.objects.get().rows == 61


def test_a_damaged_file_is_not_believed_and_the_next_night_writes_it_anew(db: None, folder: Path) -> None:
    plant_votes(60)
    first = night()
    (name,) = names(folder)
    damaged = bytearray((folder / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / name).write_bytes(damaged)
    assert night().votes_root == first.votes_root
    assert VotePartition.objects.get().stale_since is not None
    assert night().votes_root == first.votes_root
    assert VotePartition.objects.get().stale_since is None
    assert (folder / name).read_bytes() != bytes(damaged)
    (folder / name).unlink()
    assert months_to_write(until=LATER) == ["2026-09"]


def test_a_full_disk_costs_the_file_and_never_the_night(
    db: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_votes(60)

    written = pq.write_table

    def no_room(table: Any, file: Any, **options: Any) -> None:
        if "winner" in table.column_names:
            # Without room for that one nothing is published, which is another test's story.
            written(table, file, **options)
            return
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", no_room)
        assert night().votes_counted == 60
    assert names(folder) == []
    assert VotePartition.objects.get().stale_since is not None
    assert night().votes_counted == 60
    assert len(names(folder)) == 1


def test_another_worker_computes_from_the_very_same_votes_or_says_so(db: None, folder: Path) -> None:
    votes = plant_votes(60)
    recent = one_more(votes[0], LATER - timedelta(days=1))
    found, columns = gather(taken_at=LATER, tell=quiet)
    again, _told, _arrays = NightInput.from_bytes(found.to_bytes({}, {}))
    # What was cast meanwhile, or is decided meanwhile, belongs to the next night.
    one_more(votes[1], LATER - timedelta(days=1))
    Vote.objects.filter(pk=recent.pk).update(excluded_under="I1", excluded_at=NOON)
    assert gather_again(again).sha256() == columns.sha256()
    assert again.overlay.aside == ()
    erased = replace(again, months=(*again.months[:-1], replace(again.months[-1], sha256="0" * 64)))
    with pytest.raises(VotesDiffer):
        gather_again(erased)


@pytest.mark.committed
def test_what_is_erased_leaves_the_file_and_nothing_is_half_seen(
    owner_connection: psycopg.Connection[Any], folder: Path
) -> None:
    votes = plant_votes(48)
    first = night()
    (before,) = names(folder)
    with one_moment():
        assert overlay_of(None, until=LATER).aside == ()
        owner_connection.execute(
            "UPDATE battles_vote SET excluded_under = 'I1', excluded_at = now() WHERE id = %s", [votes[3].pk]
        )
        # The votes that were read a moment ago and what is decided about them are of one moment.
        assert overlay_of(None, until=LATER).aside == ()
    assert len(overlay_of(None, until=LATER).aside) == 1
    assert VotePartition.objects.get().stale_since is None, "a decision is laid over the file and not in it"
    owner_connection.execute(
        "UPDATE battles_vote SET country = '' WHERE contributor_id = %s", [votes[0].contributor_id]
    )
    assert VotePartition.objects.get().stale_since is not None
    assert night().votes_counted == first.votes_counted - 1
    (after,) = names(folder)
    assert after != before
    assert VotePartition.objects.get().stale_since is None
