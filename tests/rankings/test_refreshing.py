"""A board changes only for enough people at once, and whoever recomputes sees what would change before it does."""

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.models import Battle, Vote
from apps.rankings.domain.segments import EVERYONE
from apps.rankings.flows import fitting, preview_night, recompute_open_run
from apps.rankings.models import BoardHolding, Method, RefitRun, RunState, Snapshot
from apps.rankings.queries import board_view, moves_of
from apps.rankings.services import request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

NIGHT = Actor.system("rankings.nightly")


def night(number: int) -> Snapshot:
    at = NOON + number * timedelta(days=1)
    request_refit(actor=NIGHT, now=at)
    snapshot = recompute_open_run(actor=NIGHT, clock=lambda: at)
    assert snapshot is not None
    return snapshot


def vote_again(votes: list[Vote]) -> None:
    for vote in votes:
        battle = Battle.objects.get(pk=vote.battle_id)
        battle.pk, battle.opening_key = None, uuid.uuid4()
        battle.save(force_insert=True)
        again = Vote.objects.get(pk=vote.pk)
        again.pk, again.battle, again.public_id = None, battle, uuid.uuid4()
        again.save(force_insert=True)


def numbers(snapshot: Snapshot, method: Method, segment: str = EVERYONE) -> list[tuple[object, ...]]:
    view = board_view(snapshot=snapshot, method=method, segment=segment)
    assert view is not None
    return [(row.model.name, row.rank, row.rating, row.lower, row.upper, row.votes) for row in view.rows]


def test_a_board_stands_until_ten_peoples_votes_changed(db: None, client: Client) -> None:
    votes = plant_votes(240)
    first = night(1)
    assert numbers(first, Method.PLAIN)
    vote_again(votes[:9])
    second = night(2)
    assert second.votes_counted == 249, "the votes count, and their root says so; the board waits"
    board = second.boards.get(segment=EVERYONE, method=Method.PLAIN)
    assert board.stands_from is not None
    assert board.stands_from.snapshot == first
    assert board.votes == 240
    assert numbers(second, Method.PLAIN) == numbers(first, Method.PLAIN)
    page = " ".join(client.get("/?style=off").content.decode().split())
    assert "Stands since" in page
    found = moves_of(second, method=Method.PLAIN)
    assert found is not None
    assert (found.stands, found.anew) == (True, 0)
    # A third night on which nothing happens points to the first as well: what stands there is what was published.
    assert night(3).boards.get(segment=EVERYONE, method=Method.PLAIN).stands_from == board.stands_from
    vote_again(votes[9:10])
    fourth = night(4)
    assert fourth.boards.get(segment=EVERYONE, method=Method.PLAIN).stands_from is None
    assert fourth.boards.get(segment=EVERYONE, method=Method.PLAIN).votes == 250
    assert BoardHolding.objects.get(segment=EVERYONE).board.snapshot == fourth
    # Nobody in Portugal voted again.
    assert fourth.boards.get(segment="country=PT", method=Method.PLAIN).stands_from is not None


def test_the_board_under_uniform_opponents_stands_beside_the_board_of_record(db: None) -> None:
    plant_votes(240)
    snapshot = night(1)
    board = snapshot.boards.get(segment=EVERYONE, method=Method.UNIFORM)
    assert board.fit["weighing"] == {
        "target": "uniform",
        "trim": 5.0,
        "trimmed": 0,
        "effective_votes": 240.0,
        "without_probability": 0,
    }
    # All pairs were drawn equally often here, so that both boards say the same.
    for uniform, drawn in zip(numbers(snapshot, Method.UNIFORM), numbers(snapshot, Method.PLAIN), strict=True):
        assert uniform[:2] == drawn[:2]
        assert uniform[2] == pytest.approx(drawn[2], abs=1e-5)


def test_a_dry_run_says_what_would_change_and_changes_nothing(db: None) -> None:
    votes = plant_votes(240)
    first = night(1)
    vote_again(votes[:24])
    told = preview_night(actor=NIGHT, now=NOON + timedelta(days=2))
    assert (told.votes_counted, told.moves["plain"]["moved"] > 0) == (264, True)
    out = StringIO()
    call_command("recompute_rankings", "--dry-run", stdout=out, stderr=StringIO())
    assert "Nothing was published" in out.getvalue()
    assert (Snapshot.objects.get(), RefitRun.objects.count()) == (first, 1)
    second = night(2)
    assert second.votes_root == told.votes_root
    assert second.moves == told.moves
    found = moves_of(second, method=Method.PLAIN)
    assert found is not None
    assert {line.model for line in found.lines} <= {"Alder", "Birch", "Cedar"}
    assert found.lines


def test_an_administrator_reads_at_home_what_the_last_recomputation_changed(
    db: None, client: Client, radia: User
) -> None:
    votes = plant_votes(240)
    client.force_login(radia)
    assert "What the last recomputation changed" not in client.get("/home/").content.decode()
    night(1)
    vote_again(votes[:24])
    night(2)
    page = " ".join(client.get("/home/").content.decode().split())
    assert "What the last recomputation changed" in page
    assert "boards were computed anew" in page


def test_whoever_starts_it_in_a_terminal_can_stop_it_there(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_votes(48)

    def interrupted(*_what: object, **_how: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fitting, "fit_board", interrupted)
        with pytest.raises(CommandError, match="The last snapshot stays up"):
            call_command("recompute_rankings", stdout=StringIO(), stderr=StringIO())
    assert RefitRun.objects.get().state == RunState.CANCELLED
    out, progress = StringIO(), StringIO()
    call_command("recompute_rankings", stdout=out, stderr=progress)
    assert "Published" in out.getvalue()
    assert "computed anew" in out.getvalue()
    assert "fitting boards: " in progress.getvalue()
