"""Streaming a battle: both answers at once, whoever watches, and whatever goes wrong."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.battles import flows
from apps.battles.events import BattleEvent
from apps.battles.flows import AnswerEvent, AnswerEventKind, Providers, fetch_answers, stream_battle
from apps.battles.gateways import ModelProvider, ScriptedProvider, provider_of
from apps.battles.models import Battle, BattleState, Choice, Endpoint, EndpointFailure, Side, SkipReason, VoidReason
from apps.battles.services import AnswersMissing, BattleIsOver, NoSuchBattle, cast_vote, expire_battle, skip_battle
from tests.battles.arena import Arena
from tests.battles.model_server import GOOD_ANSWER, ModelServer
from tests.conftest import NOON
from tests.trails import trail_of

pytestmark = pytest.mark.committed
T = TypeVar("T")
LEFT = ("It is ", "sixty.")
RIGHT = ("Sixty ", "minutes ", "make an hour.")


class GatedProvider:
    """Says half of its answer, and the rest when the gate is opened."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.times_asked = 0

    async def stream(self, prompt: str, endpoint: Endpoint) -> AsyncGenerator[str, None]:
        self.times_asked += 1
        yield "Half of it, "
        self.has_begun.set()
        await self.gate.wait()
        yield "and the rest."


def run(story: Callable[[], Awaitable[T]]) -> T:
    """Run a story on an event loop, and wait for every answer that it left to be fetched."""

    async def whole() -> T:
        result = await story()
        await asyncio.gather(*flows._fetching, return_exceptions=True)
        return result

    try:
        return asyncio.run(whole())
    finally:
        connections.close_all()


def script(battle: Battle, left: ModelProvider | None = None, right: ModelProvider | None = None) -> Providers:
    """Let the two corners of a battle say what they are told."""
    given = {
        battle.left_endpoint_id: left or ScriptedProvider(LEFT),
        battle.right_endpoint_id: right or ScriptedProvider(RIGHT),
    }

    def provider(endpoint: Endpoint) -> ModelProvider:
        return given[endpoint.pk]

    return provider


async def events_of(battle: Battle, actor: Actor, providers: Providers = provider_of) -> list[AnswerEvent]:
    return [event async for event in stream_battle(battle_id=battle.pk, actor=actor, providers=providers)]


def text_of(events: list[AnswerEvent], side: Side) -> str:
    return "".join(event.text for event in events if event.side == side)


def test_both_answers_arrive_and_the_battle_waits_for_its_vote(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    events = run(lambda: events_of(battle, actor, script(battle)))
    assert (text_of(events, Side.LEFT), text_of(events, Side.RIGHT)) == ("".join(LEFT), "".join(RIGHT))
    assert [event.side for event in events if event.kind == AnswerEventKind.FINISHED] == [Side.LEFT, Side.RIGHT]
    assert events[-1].kind == AnswerEventKind.READY
    battle.refresh_from_db()
    assert battle.state == BattleState.READY
    assert battle.responses.get(side=Side.RIGHT).text == "".join(RIGHT)
    assert trail_of(battle) == [BattleEvent.OPENED, BattleEvent.ASKED, BattleEvent.ANSWERED]


def test_both_are_asked_at_once(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    slow = ScriptedProvider(["a ", "b ", "c "], pause=0.05)
    events = run(lambda: events_of(battle, actor, script(battle, slow, slow)))
    sides = [event.side for event in events if event.kind == AnswerEventKind.TEXT]
    assert set(sides[:2]) == set(Side)
    assert slow.asked == [(arena.prompt.text, slow.asked[0][1]), (arena.prompt.text, slow.asked[1][1])]


def test_the_times_shown_are_kept(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    slow = ScriptedProvider(["a ", "b ", "c "], pause=0.3)
    run(lambda: events_of(battle, actor, script(battle, slow)))
    left, right = battle.responses.get(side=Side.LEFT), battle.responses.get(side=Side.RIGHT)
    assert left.first_token_ms >= 290
    assert left.last_token_ms >= left.first_token_ms + 550
    assert right.last_token_ms < left.last_token_ms


def test_whoever_does_not_watch_sees_everything_at_the_end(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    slow = ScriptedProvider(["a ", "b "], pause=0.1)
    run(lambda: fetch_answers(battle_id=battle.pk, actor=actor, providers=script(battle, slow)))
    left, right = battle.responses.get(side=Side.LEFT), battle.responses.get(side=Side.RIGHT)
    assert left.first_token_ms == left.last_token_ms == right.first_token_ms == right.last_token_ms >= 180


@pytest.mark.parametrize("side", list(Side))
def test_one_side_that_fails_makes_the_battle_void(ada: User, arena: Arena, side: Side) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    bad, slow = ScriptedProvider(["Half an "], fault=VoidReason.CUT), ScriptedProvider(["a"] * 50, pause=0.1)
    pair = (bad, slow) if side == Side.LEFT else (slow, bad)
    events = run(lambda: events_of(battle, actor, script(battle, *pair)))
    assert events[-1].kind == AnswerEventKind.VOID
    battle.refresh_from_db()
    assert (battle.state, battle.void_reason) == (BattleState.VOIDED, VoidReason.CUT)
    assert not battle.responses.exists()
    assert EndpointFailure.objects.get(battle=battle).side == side
    with pytest.raises(BattleIsOver):
        cast_vote(actor=actor, battle=battle, choice=Choice.LEFT, now=battle.opened_at)


def test_two_sides_that_fail_make_it_void_once(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    bad = ScriptedProvider([], fault=VoidReason.FAILED)
    events = run(lambda: events_of(battle, actor, script(battle, bad, bad)))
    assert events[-1].kind == AnswerEventKind.VOID
    assert trail_of(battle).count(BattleEvent.VOIDED) == 1


def test_an_answer_that_names_its_model_makes_it_void(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    vain = ScriptedProvider([f"I am {battle.left_model.name}."])
    events = run(lambda: events_of(battle, actor, script(battle, vain)))
    assert events[-1].kind == AnswerEventKind.VOID
    battle.refresh_from_db()
    assert battle.void_reason == VoidReason.NAMED_ITSELF


def test_answers_are_fetched_to_the_end_when_the_reader_leaves(ada: User, arena: Arena) -> None:
    battle, actor, gated = arena.opened(ada), ada.as_actor(), GatedProvider()

    async def leave_early() -> None:
        stream = stream_battle(battle_id=battle.pk, actor=actor, providers=script(battle, gated))
        async with aclosing(stream):
            async for _event in stream:
                break
        gated.gate.set()

    run(leave_early)
    battle.refresh_from_db()
    assert battle.state == BattleState.READY
    assert battle.responses.get(side=Side.LEFT).text == "Half of it, and the rest."


def test_answers_are_fetched_to_the_end_when_a_request_without_script_is_broken_off(ada: User, arena: Arena) -> None:
    battle, actor, gated = arena.opened(ada), ada.as_actor(), GatedProvider()

    async def break_off() -> None:
        request = asyncio.create_task(fetch_answers(battle_id=battle.pk, actor=actor, providers=script(battle, gated)))
        await gated.has_begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        gated.gate.set()

    run(break_off)
    battle.refresh_from_db()
    assert battle.state == BattleState.READY


def test_a_second_tab_waits_and_gets_the_whole_answers(ada: User, arena: Arena) -> None:
    battle, actor, gated = arena.opened(ada), ada.as_actor(), GatedProvider()

    async def two_tabs() -> tuple[list[AnswerEvent], list[AnswerEvent]]:
        first = asyncio.create_task(events_of(battle, actor, script(battle, gated)))
        await gated.has_begun.wait()
        seen = []
        async for event in stream_battle(battle_id=battle.pk, actor=actor, providers=script(battle, gated)):
            seen.append(event)
            gated.gate.set()
        return await first, seen

    first, second = run(two_tabs)
    assert second[0].kind == AnswerEventKind.WAITING
    assert second[-1].kind == AnswerEventKind.READY
    for side in Side:
        assert text_of(first, side) == text_of(second, side)
    assert gated.times_asked == 1
    assert trail_of(battle).count(BattleEvent.ASKED) == 1


def test_many_tabs_at_the_same_moment_ask_once(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    left, right = ScriptedProvider(LEFT, pause=0.05), ScriptedProvider(RIGHT, pause=0.05)

    async def many() -> list[list[AnswerEvent]]:
        return await asyncio.gather(*(events_of(battle, actor, script(battle, left, right)) for _tab in range(5)))

    for events in run(many):
        assert events[-1].kind == AnswerEventKind.READY
    assert (len(left.asked), len(right.asked)) == (1, 1)


def test_a_reconnection_replays_what_is_there(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    first = run(lambda: events_of(battle, actor, script(battle)))
    again = run(lambda: events_of(battle, actor, script(battle)))
    assert text_of(again, Side.LEFT) == text_of(first, Side.LEFT)
    assert [event.kind for event in again][-1] == AnswerEventKind.READY


def test_a_battle_skipped_while_it_is_answered_stays_skipped(ada: User, arena: Arena) -> None:
    battle, actor, gated = arena.opened(ada), ada.as_actor(), GatedProvider()

    async def skip_meanwhile() -> list[AnswerEvent]:
        watching = asyncio.create_task(events_of(battle, actor, script(battle, gated)))
        await gated.has_begun.wait()
        await flows._in_thread(skip_battle, actor=actor, battle=battle, reason=SkipReason.OTHER, now=NOON)
        gated.gate.set()
        return await watching

    events = run(skip_meanwhile)
    assert events[-1].kind == AnswerEventKind.CLOSED
    battle.refresh_from_db()
    assert battle.state == BattleState.SKIPPED
    assert not battle.responses.exists()


def test_nobody_streams_somebody_elses_battle(ada: User, mallory: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), mallory.as_actor()
    with pytest.raises(NoSuchBattle):
        run(lambda: events_of(battle, actor, script(battle)))
    battle.refresh_from_db()
    assert battle.state == BattleState.OPENED


def test_a_battle_that_has_ended_says_so(ada: User, arena: Arena) -> None:
    battle, actor = arena.opened(ada), ada.as_actor()
    skip_battle(actor=actor, battle=battle, reason=SkipReason.OTHER, now=battle.opened_at)
    events = run(lambda: events_of(battle, actor, script(battle)))
    assert [event.kind for event in events] == [AnswerEventKind.CLOSED]


def test_over_a_real_connection(ada: User, arena: Arena, models_at: ModelServer) -> None:
    arena.answer_over_http(models_at.address())
    battle, actor = arena.opened(ada), ada.as_actor()
    events = run(lambda: events_of(battle, actor))
    assert events[-1].kind == AnswerEventKind.READY
    assert {battle.responses.get(side=side).text for side in Side} == {"".join(GOOD_ANSWER)}


@pytest.mark.parametrize("behaviour", ["refuses", "cut", "garbage", "html", "unauthorized", "dropped", "endless"])
def test_a_bad_provider_voids_the_battle_and_nobody_can_vote(
    ada: User, arena: Arena, models_at: ModelServer, behaviour: str
) -> None:
    arena.answer_over_http(models_at.address(behaviour))
    battle, actor = arena.opened(ada), ada.as_actor()
    events = run(lambda: events_of(battle, actor))
    assert events[-1].kind == AnswerEventKind.VOID
    with pytest.raises(BattleIsOver):
        cast_vote(actor=actor, battle=battle, choice=Choice.LEFT, now=battle.opened_at)
    assert not battle.responses.exists()


def test_nobody_votes_while_answers_arrive(ada: User, arena: Arena) -> None:
    battle, actor, gated = arena.opened(ada), ada.as_actor(), GatedProvider()

    async def vote_early() -> Refused:
        watching = asyncio.create_task(events_of(battle, actor, script(battle, gated)))
        await gated.has_begun.wait()
        with pytest.raises(AnswersMissing) as refused:
            await flows._in_thread(cast_vote, actor=actor, battle=battle, choice=Choice.LEFT, now=NOON)
        gated.gate.set()
        await watching
        return refused.value

    assert run(vote_early).clause == "B1"


def test_a_process_that_dies_leaves_a_claim_that_the_sweeper_closes(ada: User, arena: Arena) -> None:
    battle, actor, gated = arena.opened(ada, now=timezone.now()), ada.as_actor(), GatedProvider()

    async def die() -> None:
        watching = asyncio.create_task(events_of(battle, actor, script(battle, gated)))
        await gated.has_begun.wait()
        for task in (watching, *flows._fetching):
            task.cancel()

    run(die)
    battle.refresh_from_db()
    assert battle.state == BattleState.ANSWERING
    assert battle.claimed_at is not None
    later = battle.claimed_at + timedelta(minutes=11)
    closed = expire_battle(actor=Actor.system("battles.expire_due"), battle_id=battle.pk, now=later)
    assert (closed.state, closed.void_reason) == (BattleState.VOIDED, VoidReason.ABANDONED)
