"""The night's look at everybody's votes: it puts down findings and touches no vote."""

from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.battles.models import Vote
from apps.integrity import services, tasks
from apps.integrity.events import IntegrityEvent
from apps.integrity.models import Finding, FindingState, Sweep
from tests.conftest import NOON
from tests.integrity.domain.worlds import always_left, like_a_coin
from tests.integrity.electorate import as_contributor, cast_votes, neighbours
from tests.trails import facts_about, refusals, trail_of

NIGHT = Actor.system("integrity.nightly")

pytestmark = pytest.mark.django_db


@pytest.fixture
def electorate(mallory: User) -> None:
    """Forty people vote with care, and Mallory always presses the first button."""
    cast_votes(neighbours(40), 70, seed=2)
    cast_votes([as_contributor(mallory)], 120, habit=always_left, seed=3)


def test_a_night_finds_who_stands_out_and_leaves_every_vote_alone(electorate: None, mallory: User) -> None:
    sweep = services.test_voters_tonight(actor=NIGHT, now=NOON)
    finding = Finding.objects.get()
    assert finding.contributor == as_contributor(mallory)
    assert (finding.state, finding.test, finding.votes) == (FindingState.OPEN, "position", 120)
    assert finding.p_value < 1e-6
    assert (sweep.voters, sweep.flagged, sweep.findings) == (41, 1, 1)
    assert Vote.objects.excluded().count() == 0
    position = next(told for told in finding.evidence["tests"] if told["test"] == "position")
    assert (position["seen"], position["votes"], position["side"]) == (120, 120, "high")
    assert 40 < position["expected"] < 80


def test_the_log_tells_of_the_look_and_of_each_finding_and_names_nobody(electorate: None, mallory: User) -> None:
    sweep = services.test_voters_tonight(actor=NIGHT, now=NOON)
    finding = Finding.objects.get()
    assert trail_of(sweep) == [IntegrityEvent.VOTERS_TESTED]
    assert trail_of(finding) == [IntegrityEvent.FOUND]
    assert facts_about(sweep)["voters"] == 41
    for entry in Entry.objects.filter(event__startswith="integrity."):
        told = bytes(entry.body).decode()
        assert mallory.pseudonym not in told
        assert as_contributor(mallory).ref not in told


def test_a_night_is_swept_once_and_the_next_one_again(electorate: None) -> None:
    first = services.test_voters_tonight(actor=NIGHT, now=NOON)
    again = services.test_voters_tonight(actor=NIGHT, now=NOON + timedelta(hours=3))
    assert again == first
    tomorrow = services.test_voters_tonight(actor=NIGHT, now=NOON + timedelta(days=1))
    assert tomorrow != first
    # The finding is still open, so nobody is accused twice of the same thing.
    assert (tomorrow.flagged, tomorrow.findings) == (1, 0)
    assert Finding.objects.count() == 1


def test_beat_may_wake_it_as_often_as_it_likes(electorate: None) -> None:
    tasks.nightly()
    tasks.nightly()
    assert Sweep.objects.count() == 1


def test_the_database_keeps_one_sweep_a_night(electorate: None) -> None:
    sweep = services.test_voters_tonight(actor=NIGHT, now=NOON)
    sweep.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        sweep.save(force_insert=True)


def test_whoever_was_cleared_is_judged_by_later_votes_only(electorate: None, mallory: User, grace: User) -> None:
    services.test_voters(actor=NIGHT, now=NOON)
    services.dismiss_finding(
        actor=grace.as_actor(), finding=Finding.objects.get(), clause="I1", now=NOON + timedelta(hours=1)
    )
    assert services.test_voters(actor=NIGHT, now=NOON + timedelta(hours=2)).flagged == 0
    later = NOON + timedelta(hours=3)
    cast_votes([as_contributor(mallory)], 80, habit=always_left, seed=5, at=later)
    assert services.test_voters(actor=NIGHT, now=later + timedelta(hours=1)).findings == 1
    assert Finding.objects.get(state=FindingState.OPEN).votes == 80


def test_votes_that_do_not_count_are_not_tested(electorate: None, mallory: User) -> None:
    Vote.objects.filter(contributor__account=mallory).update(excluded_under="I1", excluded_at=NOON)
    assert services.test_voters(actor=NIGHT, now=NOON).voters == 40


@pytest.mark.committed
def test_votes_of_battles_that_the_wall_marked_are_not_tested(
    electorate: None, mallory: User, owner_connection: psycopg.Connection
) -> None:
    # Only the owner of the tables, for whom the wall's functions act, can mark a battle as released.
    owner_connection.execute(
        "UPDATE battles_battle SET tag = 'released' WHERE contributor_id = %s", [as_contributor(mallory).pk]
    )
    assert services.test_voters(actor=NIGHT, now=NOON).voters == 40


def test_a_platform_without_votes_is_swept_in_peace(db: None) -> None:
    sweep = services.test_voters(actor=NIGHT, now=NOON)
    assert (sweep.voters, sweep.votes, sweep.flagged) == (0, 0, 0)


def test_the_same_moment_draws_the_same_chances(electorate: None) -> None:
    seeds = {services.test_voters(actor=NIGHT, now=NOON).seed for _ in range(2)}
    assert len(seeds) == 1


def test_people_do_not_test_people(electorate: None, mallory: User, grace: User) -> None:
    for person in (mallory, grace):
        with pytest.raises(NotPermitted):
            services.test_voters(actor=person.as_actor(), now=NOON)
    assert Sweep.objects.count() == 0


def test_the_command_says_what_it_found(mallory: User) -> None:
    cast_votes(neighbours(40), 70, seed=2)
    cast_votes([as_contributor(mallory)], 400, habit=like_a_coin, seed=3)
    out = StringIO()
    call_command("test_voters", stdout=out)
    assert "41 voters" in out.getvalue()
    assert "1 new findings" in out.getvalue()


@pytest.mark.committed
def test_a_refused_command_ends_with_its_reason_and_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.integrity.management.commands import test_voters as command

    monkeypatch.setattr(command.Command, "actor", Actor.visitor(request_id="nobody"))
    with pytest.raises(CommandError, match="by the platform itself"):
        call_command("test_voters", stdout=StringIO())
    assert refusals() == ["not-permitted"]
