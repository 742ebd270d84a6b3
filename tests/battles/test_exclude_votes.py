"""Votes left out by a decision, and taken back in after an appeal."""

import hashlib
from datetime import timedelta

import pytest

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.battles.events import BattleEvent
from apps.battles.models import Choice, Vote
from apps.battles.services import cast_vote, exclude_votes, restore_votes
from tests.battles.arena import Arena
from tests.conftest import NOON
from tests.trails import facts_about, trail_of

LATER = NOON + timedelta(days=1)


def vote(user: User, arena: Arena) -> Vote:
    return cast_vote(actor=user.as_actor(), battle=arena.ready(user), choice=Choice.LEFT, now=NOON)


def test_a_decision_leaves_out_every_vote_of_one_person(ada: User, mallory: User, grace: User, arena: Arena) -> None:
    bad = [vote(mallory, arena) for _time in range(3)]
    good = vote(ada, arena)
    assert exclude_votes(actor=grace.as_actor(), contributor=mallory.contributor, clause="I1", now=LATER) == 3
    assert list(Vote.objects.counted()) == [good]
    assert {v.excluded_under for v in Vote.objects.excluded()} == {"I1"}
    expected = hashlib.sha256(b"".join(sorted(v.public_id.bytes for v in bad))).hexdigest()
    assert facts_about(mallory.contributor) == {"votes": 3, "ids_digest": expected}


def test_an_appeal_brings_them_back(mallory: User, grace: User, arena: Arena) -> None:
    vote(mallory, arena)
    moderator = grace.as_actor()
    exclude_votes(actor=moderator, contributor=mallory.contributor, clause="I1", now=LATER)
    assert restore_votes(actor=moderator, contributor=mallory.contributor, now=LATER) == 1
    assert Vote.objects.counted().count() == 1
    assert trail_of(mallory.contributor)[-2:] == [BattleEvent.VOTES_EXCLUDED, BattleEvent.VOTES_RESTORED]


def test_the_first_decisions_clause_stays(mallory: User, grace: User, arena: Arena) -> None:
    moderator = grace.as_actor()
    vote(mallory, arena)
    exclude_votes(actor=moderator, contributor=mallory.contributor, clause="I1", now=LATER)
    vote(mallory, arena)
    assert exclude_votes(actor=moderator, contributor=mallory.contributor, clause="A1", now=LATER) == 1
    assert sorted(Vote.objects.values_list("excluded_under", flat=True)) == ["A1", "I1"]


def test_only_moderators_decide_whether_votes_count(ada: User, mallory: User, radia: User, arena: Arena) -> None:
    vote(ada, arena)
    for person in (mallory, radia, ada):
        with pytest.raises(NotPermitted):
            exclude_votes(actor=person.as_actor(), contributor=ada.contributor, clause="I1", now=LATER)
        with pytest.raises(NotPermitted):
            restore_votes(actor=person.as_actor(), contributor=ada.contributor, now=LATER)
    assert Vote.objects.counted().count() == 1
