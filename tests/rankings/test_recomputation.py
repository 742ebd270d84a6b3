"""A night's recomputation: from votes to a published snapshot, once, whole, and whatever dies on the way."""

import os
import subprocess
import sys
import time
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.merkle import leaf_hash, root_hash
from apps.audit.domain.refusal import NotPermitted
from apps.audit.queries import trail_of
from apps.battles.models import Choice, Vote
from apps.jobs.models import JobRun
from apps.jobs.services import request_cancel
from apps.rankings.domain.ballot_tree import ballot_tree
from apps.rankings.events import RankingEvent
from apps.rankings.flows import recompute_open_run, running
from apps.rankings.models import Method, RefitRun, RunState, Snapshot
from apps.rankings.queries import board_view, counted_votes, latest_snapshot
from apps.rankings.services import Night, NotTheRunner, RefitAlreadyRunning, Standings, publish_snapshot, request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

NIGHT = Actor.system("rankings.nightly")


@pytest.fixture
def votes(db: None) -> list[Vote]:
    """480 votes by 24 people on three models of known strength."""
    return plant_votes()


def recomputed() -> Snapshot:
    request_refit(actor=NIGHT, now=NOON)
    snapshot = recompute_open_run(actor=NIGHT)
    assert snapshot is not None
    return snapshot


def test_a_night_publishes_a_board_that_finds_the_true_order(votes: list[Vote]) -> None:
    snapshot = recomputed()
    view = board_view(snapshot=snapshot, method=Method.PLAIN)
    assert view is not None
    assert [row.model.name for row in view.rows] == ["Alder", "Birch", "Cedar"]
    assert view.board.votes == snapshot.votes_counted == 480
    assert sum(row.rating for row in view.rows) / 3 == pytest.approx(1000, abs=1e-5)
    assert latest_snapshot() == snapshot
    assert trail_of(snapshot.ref) == [RankingEvent.PUBLISHED]
    assert trail_of(snapshot.run.ref) == [RankingEvent.REQUESTED, RankingEvent.TAKEN_UP]


def test_the_root_commits_to_every_counted_vote_in_the_order_of_their_ids(votes: list[Vote]) -> None:
    said = {Choice.LEFT: 0, Choice.RIGHT: 1, Choice.BOTH_GOOD: 2, Choice.BOTH_BAD: 3}
    leaves = [
        leaf_hash(bytes(vote.nonce) + vote.public_id.bytes + bytes([said[Choice(vote.choice)]]))
        for vote in sorted(votes, key=lambda vote: vote.public_id.bytes)
    ]
    assert recomputed().votes_root == root_hash(leaves).hex()


def test_excluded_votes_are_left_out_and_counted(votes: list[Vote]) -> None:
    Vote.objects.filter(pk__in=[vote.pk for vote in votes[:7]]).update(excluded_under="I1", excluded_at=NOON)
    snapshot = recomputed()
    assert snapshot.votes_counted == 473
    assert snapshot.left_out == {"excluded": 7}


def test_boards_of_countries_are_rounded_and_small_ones_hidden(votes: list[Vote]) -> None:
    snapshot = recomputed()
    brazil = board_view(snapshot=snapshot, segment="country=BR", method=Method.PLAIN)
    angola = board_view(snapshot=snapshot, segment="country=AO", method=Method.PLAIN)
    assert brazil is not None
    assert angola is not None
    assert all(row.rating == round(row.rating) and row.votes % 10 == 0 for row in brazil.rows)
    assert (angola.board.votes, angola.board.contributors, angola.rows) == (0, 0, [])
    assert angola.board.suppressed_because == "too-few-contributors"


def test_a_night_is_asked_for_once_and_a_second_run_is_refused_by_name(votes: list[Vote], radia: User) -> None:
    tonight = date(2026, 9, 14)
    run = request_refit(actor=NIGHT, now=NOON, night=tonight)
    assert request_refit(actor=NIGHT, now=NOON, night=tonight) == run
    with pytest.raises(RefitAlreadyRunning):
        request_refit(actor=radia.as_actor(), now=NOON)
    assert recompute_open_run(actor=NIGHT) is not None
    assert request_refit(actor=NIGHT, now=NOON, night=tonight) == run
    assert recompute_open_run(actor=NIGHT) is None


def test_nobody_but_an_administrator_starts_one(grace: User, mallory: User) -> None:
    for somebody in (grace, mallory):
        with pytest.raises(NotPermitted):
            request_refit(actor=somebody.as_actor(), now=NOON)


def advisory_locks() -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1, 2"
        )
        return [(space, number) for space, number in cursor.fetchall()]


def test_a_worker_that_dies_loses_nothing(votes: list[Vote], monkeypatch: pytest.MonkeyPatch) -> None:
    first = recomputed()
    request_refit(actor=NIGHT, now=NOON)

    class WorkerKilled(BaseException):
        """What no code catches, as a SIGKILL."""

    def die(*_: object, **__: object) -> None:
        raise WorkerKilled

    # The transaction around a test keeps the locks of the services that it called.
    before = advisory_locks()
    with monkeypatch.context() as patched:
        patched.setattr(running, "ballots_to_bytes", die)
        with pytest.raises(WorkerKilled):
            recompute_open_run(actor=NIGHT)
    assert advisory_locks() == before
    assert latest_snapshot() == first
    assert RefitRun.objects.get(state=RunState.RUNNING)
    second = recompute_open_run(actor=NIGHT)
    assert second is not None
    assert latest_snapshot() == second
    assert trail_of(second.run.ref).count(RankingEvent.TAKEN_UP) == 2
    assert second.votes_root == first.votes_root


def test_a_cancelled_run_publishes_nothing(votes: list[Vote], radia: User) -> None:
    first = recomputed()
    run = request_refit(actor=radia.as_actor(), now=NOON)
    request_cancel(actor=radia.as_actor(), job_id=run.job_id, now=NOON)
    assert recompute_open_run(actor=NIGHT) is None
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert latest_snapshot() == first


def test_a_run_is_published_once(votes: list[Vote]) -> None:
    snapshot = recomputed()
    with pytest.raises(NotTheRunner):
        publish_snapshot(
            actor=NIGHT,
            run_id=snapshot.run_id,
            night=Night(
                boards=[],
                taken_at=NOON,
                policy_version=1,
                method={},
                code_version="1.0",
                standings=Standings(counted=np.empty(0, np.int64), aside=[], ballots=ballot_tree([])),
            ),
            now=NOON,
        )


def test_no_votes_make_a_snapshot_that_says_so(db: None) -> None:
    snapshot = recomputed()
    view = board_view(snapshot=snapshot, method=Method.PLAIN)
    assert view is not None
    assert view.rows == []
    assert view.board.suppressed_because


def test_votes_after_the_moment_do_not_count(votes: list[Vote]) -> None:
    assert len(counted_votes(until=NOON - timedelta(seconds=1)).votes) == 0


def test_a_visitor_reads_the_board_and_why_a_cut_is_not_on_the_list(votes: list[Vote], client: Client) -> None:
    empty = client.get("/")
    assert empty.status_code == 200
    recomputed()
    page = client.get("/").content.decode()
    assert "Alder" in page
    assert page.index("Alder") < page.index("Cedar")
    assert client.get("/?country=BR&style=off").status_code == 200
    assert "not on the list" in client.get("/?country=BR&language=en").content.decode()
    assert client.get("/?country=XX").status_code == 404
    lines = client.get("/leaderboard.csv?style=off").content.decode().splitlines()
    assert len(lines) == 4
    board = client.get("/api/v1/leaderboard/?style=off").json()
    assert [model["model"] for model in board["models"]] == ["Alder", "Birch", "Cedar"]
    assert client.get("/api/v1/leaderboard/?country=BR&language=en").status_code == 400
    assert client.get("/api/v1/leaderboard/?style=sideways").status_code == 400


@pytest.mark.committed
def test_a_recomputation_killed_in_the_middle_is_finished_by_the_next(database_urls: dict[str, str]) -> None:
    """A real process dies by SIGKILL while it holds the lock; the next one publishes, nothing twice, nothing half."""
    plant_votes(240)
    program = [sys.executable, "manage.py", "recompute_rankings"]
    environment = {**os.environ, "DATABASE_URL": database_urls["app"]}
    doomed = subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not JobRun.objects.filter(phase="fitting boards").exists():
        assert doomed.poll() is None, "the command ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    doomed.kill()
    doomed.wait()
    assert RefitRun.objects.get().state == RunState.RUNNING
    assert not Snapshot.objects.exists()
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert "Published" in done.stdout
    assert RefitRun.objects.get().state == RunState.DONE
    assert Snapshot.objects.get().votes_counted == 240
    assert trail_of(Snapshot.objects.get().ref) == [RankingEvent.PUBLISHED]


def test_the_board_of_an_earlier_night_keeps_its_address(votes: list[Vote], client: Client) -> None:
    first, second = recomputed(), recomputed()
    assert f"Snapshot {second.pk}" in " ".join(client.get("/").content.decode().split())
    assert f"Snapshot {first.pk}" in " ".join(client.get(f"/?snapshot={first.pk}").content.decode().split())
    assert client.get(f"/leaderboard.csv?snapshot={first.pk}").status_code == 200
    for number in ("0", "99999999", "-1", "1e3", "x" * 500):
        assert client.get("/", {"snapshot": number}).status_code == 404
