"""The one vote that a battle gets, by the one person to whom it was shown."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.audit.queries import commitment_opens
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, Choice, Side, SkipReason, VoidReason, Vote
from apps.battles.services import (
    AlreadyVoted,
    AnswersMissing,
    BattleIsOver,
    NoSuchBattle,
    cast_vote,
    skip_battle,
    void_battle,
)
from apps.contributors.models import DemographicClaim, Standing
from apps.contributors.queries import NotAContributor
from tests.battles.arena import PLATFORM, Arena
from tests.conftest import NOON
from tests.trails import facts_about, trail_of

LATER = NOON + timedelta(minutes=3)


def vote_on(battle: Battle, user: User, choice: Choice = Choice.LEFT, *, key: uuid.UUID | None = None) -> Vote:
    return cast_vote(actor=user.as_actor(), battle=battle, choice=choice, ballot_key=key, now=LATER)


def test_a_vote_counts_and_remembers_who_the_voter_said_to_be(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    vote = vote_on(battle, ada, Choice.BOTH_GOOD)
    battle.refresh_from_db()
    assert (battle.state, battle.voted) == (BattleState.VOTED, True)
    assert vote.choice == Choice.BOTH_GOOD
    assert (vote.country, vote.profession, vote.age_band, vote.education) == ("BR", "2310", "35-44", "7")
    assert (vote.language, vote.category) == ("en", arena.prompt.category)
    assert trail_of(battle) == [
        BattleEvent.OPENED,
        BattleEvent.ASKED,
        BattleEvent.ANSWERED,
        BattleEvent.VOTE_CAST,
    ]


def test_a_later_change_of_mind_about_oneself_does_not_reach_the_vote(ada: User, arena: Arena) -> None:
    vote = vote_on(arena.ready(ada), ada)
    DemographicClaim.objects.filter(contributor__account=ada, attribute="country").update(ended_at=LATER)
    vote.refresh_from_db()
    assert vote.country == "BR"


def test_the_log_commits_to_the_choice_and_never_tells_it(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    vote = vote_on(battle, ada, Choice.BOTH_BAD)
    body = bytes(Entry.objects.get(event=BattleEvent.VOTE_CAST).body).decode()
    facts = facts_about(battle)
    assert (facts["vote"], facts["choice"]) == (vote.ref, vote.commitment)
    # The sides of the draw are the names of two choices.
    drawn = json.dumps(facts["draw"], sort_keys=True, separators=(",", ":"))
    for choice in Choice:
        assert choice.value not in body.replace(drawn, "").replace('"choice":', "")
    assert commitment_opens(vote.commitment, Choice.BOTH_BAD.value)
    assert not commitment_opens(vote.commitment, Choice.LEFT.value)


def test_equal_choices_cannot_be_told_from_their_commitments_nor_nonces(ada: User, arena: Arena) -> None:
    votes = [vote_on(arena.ready(ada), ada, Choice.LEFT) for _time in range(3)]
    assert len({vote.commitment for vote in votes}) == 3
    assert len({bytes(vote.nonce) for vote in votes}) == 3
    assert {len(bytes(vote.nonce)) for vote in votes} == {16}


def test_a_vote_counts_once(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    vote_on(battle, ada, Choice.LEFT)
    with pytest.raises(AlreadyVoted) as refused:
        vote_on(battle, ada, Choice.RIGHT)
    assert refused.value.clause == "B1"
    assert Vote.objects.get().choice == Choice.LEFT
    assert trail_of(battle).count(BattleEvent.VOTE_CAST) == 1


def test_a_second_click_on_the_same_form_finds_the_first_vote(ada: User, arena: Arena) -> None:
    battle, key = arena.ready(ada), uuid.uuid4()
    first = vote_on(battle, ada, Choice.LEFT, key=key)
    assert vote_on(battle, ada, Choice.RIGHT, key=key) == first
    assert Vote.objects.get().choice == Choice.LEFT
    assert trail_of(battle).count(BattleEvent.VOTE_CAST) == 1
    with pytest.raises(AlreadyVoted):
        vote_on(battle, ada, Choice.LEFT, key=uuid.uuid4())
    with pytest.raises(AlreadyVoted):
        vote_on(battle, ada, Choice.LEFT, key=None)


def test_nobody_votes_on_somebody_elses_battle_and_nothing_is_told(ada: User, mallory: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    with pytest.raises(NoSuchBattle) as theirs:
        vote_on(battle, mallory)
    with pytest.raises(NoSuchBattle) as nobodys:
        vote_on(Battle(pk=battle.pk + 1000), mallory)
    assert theirs.value.message == nobodys.value.message
    assert isinstance(theirs.value, NotPermitted)
    # The same holds for a battle that has its vote, so that nobody learns that it has one.
    vote_on(battle, ada)
    with pytest.raises(NoSuchBattle):
        vote_on(battle, mallory)
    assert Vote.objects.get().contributor == ada.contributor


def test_staff_and_suspended_people_do_not_vote(ada: User, grace: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    with pytest.raises(NotAContributor):
        vote_on(battle, grace)
    type(ada.contributor).objects.filter(account=ada).update(standing=Standing.SUSPENDED)
    with pytest.raises(NotAContributor):
        vote_on(battle, ada)
    assert not Vote.objects.exists()


def test_no_vote_before_both_answers_are_there(ada: User, arena: Arena) -> None:
    for battle in (arena.opened(ada), arena.asked(ada)):
        with pytest.raises(AnswersMissing):
            vote_on(battle, ada)


def test_no_vote_on_half_a_battle_even_when_its_state_says_ready(ada: User, arena: Arena) -> None:
    battle = arena.asked(ada)
    Battle.objects.filter(pk=battle.pk).update(state=BattleState.READY)
    battle.responses.create(
        side=Side.LEFT,
        text="One answer",
        tokens=2,
        headers=0,
        lists=0,
        bold=0,
        first_token_ms=1,
        last_token_ms=2,
        created_at=NOON,
    )
    with pytest.raises(AnswersMissing):
        vote_on(battle, ada)


def test_no_vote_after_a_battle_has_ended(ada: User, arena: Arena) -> None:
    void = arena.asked(ada)
    void_battle(actor=PLATFORM, battle_id=void.pk, reason=VoidReason.STALLED, side=Side.LEFT, now=NOON)
    skipped = arena.ready(ada)
    skip_battle(actor=ada.as_actor(), battle=skipped, reason=SkipReason.OTHER, now=NOON)
    for battle in (void, skipped):
        with pytest.raises(BattleIsOver):
            vote_on(battle, ada)


def test_a_vote_after_24_hours_is_too_late_although_no_sweeper_came(ada: User, arena: Arena) -> None:
    battle = arena.ready(ada)
    with pytest.raises(BattleIsOver) as refused:
        cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.LEFT, now=NOON + timedelta(hours=24))
    assert refused.value.clause == "B2"
    in_time = NOON + timedelta(hours=23, minutes=59)
    assert cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.LEFT, now=in_time).cast_at == in_time


def test_the_database_itself_knows_one_vote_per_battle(ada: User, arena: Arena) -> None:
    vote = vote_on(arena.ready(ada), ada)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'battles_vote'::regclass AND indisunique"
            " AND indkey::text = (SELECT attnum::text FROM pg_attribute"
            " WHERE attrelid = 'battles_vote'::regclass AND attname = 'battle_id')"
        )
        assert cursor.fetchone() == (1,)
    assert json.dumps(facts_about(vote.battle)).count(str(vote.public_id)) == 1


@pytest.mark.committed
@pytest.mark.parametrize("same_form", [True, False])
def test_two_clicks_at_the_same_moment_are_one_vote(ada: User, arena: Arena, same_form: bool) -> None:
    battle, actor, key = arena.ready(ada), ada.as_actor(), uuid.uuid4()

    def click(choice: Choice) -> uuid.UUID | None:
        try:
            given = key if same_form else uuid.uuid4()
            return cast_vote(
                actor=actor, battle=Battle.objects.get(pk=battle.pk), choice=choice, ballot_key=given, now=LATER
            ).public_id
        except AlreadyVoted:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(click, list(Choice) * 2))
    found = {result for result in results if result is not None}
    assert len(found) == 1
    assert results.count(None) == (0 if same_form else 7)
    assert Vote.objects.count() == 1
    assert trail_of(battle).count(BattleEvent.VOTE_CAST) == 1
