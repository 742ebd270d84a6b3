"""Streaming a battle: claim the answers, fetch both at once, confirm them or make the battle void.

The fetching is a task of its own. Whoever watches may leave; it goes on, and the answers wait. When the process dies,
its claim stays, and whoever watches then, or else the sweeper, makes the battle void after the rulebook's minutes. No
transaction is open meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.battles.domain.answers import WholeAnswer
from apps.battles.gateways import Limits, ModelProvider, ProviderFault, guarded, provider_of
from apps.battles.models import Battle, BattleState, Endpoint, Side, VoidReason
from apps.battles.queries import awaited_until, standing_of
from apps.battles.services import (
    AnswersAlreadyAsked,
    BattleIsOver,
    HalfABattle,
    claim_answers,
    confirm_answers,
    expire_battle,
    void_battle,
)

P = ParamSpec("P")
T = TypeVar("T")
Providers = Callable[[Endpoint], ModelProvider]

_log = logging.getLogger(__name__)
_PLATFORM: Final = Actor.system("battles.answers")
_LOOK_AGAIN_SECONDS: Final = 0.5
# The loop itself keeps only weak references to its tasks.
_fetching: set[asyncio.Task[None]] = set()


class AnswerEventKind(StrEnum):
    """What can happen while answers arrive."""

    TEXT = "text"
    FINISHED = "finished"
    WAITING = "waiting"
    READY = "ready"
    VOID = "void"
    CLOSED = "closed"


ENDS: Final = frozenset({AnswerEventKind.READY, AnswerEventKind.VOID, AnswerEventKind.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEvent:
    """One thing that happened; ``text`` is a further piece of the side's answer."""

    kind: AnswerEventKind
    side: Side | None = None
    text: str = ""


Listener = Callable[[AnswerEvent], None]


async def stream_battle(
    *, battle_id: int, actor: Actor, providers: Providers = provider_of
) -> AsyncGenerator[AnswerEvent, None]:
    """Yield what happens until both answers are there, the battle is void, or it ended otherwise.

    The first to ask starts the answers. Whoever asks later, another tab or the same after a broken connection, waits
    until they are whole and gets them from their beginning. Raises what ``claim_answers`` refuses, but for these two.
    """
    try:
        battle = await _in_thread(claim_answers, actor=actor, battle_id=battle_id, now=timezone.now())
    except (AnswersAlreadyAsked, BattleIsOver):
        async for seen in _watch(battle_id):
            yield seen
        return
    events: asyncio.Queue[AnswerEvent | None] = asyncio.Queue()
    task = _begin(battle, actor=actor, providers=providers, listener=events.put_nowait)
    task.add_done_callback(lambda _done: events.put_nowait(None))
    while (event := await events.get()) is not None:
        yield event
    await task


async def fetch_answers(*, battle_id: int, actor: Actor, providers: Providers = provider_of) -> None:
    """Run a battle's answers to the end for somebody who does not watch them arrive."""
    try:
        battle = await _in_thread(claim_answers, actor=actor, battle_id=battle_id, now=timezone.now())
    except (AnswersAlreadyAsked, BattleIsOver):
        async for _event in _watch(battle_id):
            pass
        return
    await asyncio.shield(_begin(battle, actor=actor, providers=providers, listener=None))


def _begin(battle: Battle, *, actor: Actor, providers: Providers, listener: Listener | None) -> asyncio.Task[None]:
    task = asyncio.create_task(_fetch(battle, actor=actor, providers=providers, listener=listener))
    _fetching.add(task)
    task.add_done_callback(_fetching.discard)
    return task


async def _fetch(battle: Battle, *, actor: Actor, providers: Providers, listener: Listener | None) -> None:
    """Fetch both answers and write what came of it; the platform itself acts from here on."""
    tell: Listener = listener or (lambda _event: None)
    if battle.state == BattleState.VOIDED:
        tell(AnswerEvent(kind=AnswerEventKind.VOID))
        return
    try:
        try:
            answers = await _both_answers(battle, providers=providers, tell=tell, watched=listener is not None)
        except _SideFailed as failed:
            _log.info("%s is void: %s", battle.ref, failed.reason)
            after = await _in_thread(
                void_battle,
                actor=_PLATFORM,
                battle_id=battle.pk,
                reason=failed.reason,
                side=failed.side,
                now=timezone.now(),
            )
        else:
            try:
                after = await _in_thread(
                    confirm_answers, actor=_PLATFORM, battle_id=battle.pk, answers=answers, now=timezone.now()
                )
            except HalfABattle:
                # Every piece was readable, and the whole is not.
                after = await _in_thread(
                    void_battle,
                    actor=_PLATFORM,
                    battle_id=battle.pk,
                    reason=VoidReason.GARBAGE,
                    now=timezone.now(),
                )
    except BattleIsOver:
        # Skipped or expired meanwhile: nobody waits for these answers.
        tell(AnswerEvent(kind=AnswerEventKind.CLOSED))
        return
    tell(AnswerEvent(kind=AnswerEventKind.READY if after.state == BattleState.READY else AnswerEventKind.VOID))


class _SideFailed(Exception):
    """One side's answer will not come, and so the battle is over."""

    def __init__(self, side: Side, reason: VoidReason) -> None:
        super().__init__(side, reason)
        self.side = side
        self.reason = reason


@dataclass(slots=True)
class _Writing:
    """One side's answer while it arrives; times in milliseconds since the answers were asked for."""

    pieces: list[str] = field(default_factory=list)
    first_ms: int = 0
    last_ms: int = 0


async def _both_answers(
    battle: Battle, *, providers: Providers, tell: Listener, watched: bool
) -> Mapping[Side, WholeAnswer]:
    started = time.monotonic()
    prompt = battle.prompt.text if battle.prompt else ""
    endpoints = {Side.LEFT: battle.left_endpoint, Side.RIGHT: battle.right_endpoint}
    written = {side: _Writing() for side in Side}

    async def write(side: Side) -> None:
        writing, endpoint = written[side], endpoints[side]
        try:
            if endpoint is None:
                raise ProviderFault(VoidReason.FAILED)
            async for piece in guarded(providers(endpoint).stream(prompt, endpoint), Limits.from_settings()):
                writing.last_ms = _elapsed_ms(started)
                writing.first_ms = writing.first_ms if writing.pieces else writing.last_ms
                writing.pieces.append(piece)
                tell(AnswerEvent(kind=AnswerEventKind.TEXT, side=side, text=piece))
        except ProviderFault as fault:
            raise _SideFailed(side, fault.reason) from None
        tell(AnswerEvent(kind=AnswerEventKind.FINISHED, side=side))

    try:
        async with asyncio.TaskGroup() as both:
            for side in Side:
                both.create_task(write(side))
    except* _SideFailed as failures:
        # The first failure stopped the other side; a second one at the same moment adds nothing.
        raise _first(failures) from None
    whole_ms = _elapsed_ms(started)
    return {
        side: WholeAnswer(
            text="".join(writing.pieces),
            # Without a stream the reader sees everything at once, when everything is there.
            first_token_ms=writing.first_ms if watched else whole_ms,
            last_token_ms=writing.last_ms if watched else whole_ms,
        )
        for side, writing in written.items()
    }


def _first(failures: BaseExceptionGroup[_SideFailed]) -> _SideFailed:
    found = failures.exceptions[0]
    return found if isinstance(found, _SideFailed) else _first(found)


async def _watch(battle_id: int) -> AsyncGenerator[AnswerEvent, None]:
    """Wait for answers that another task fetches, here or in another process, and tell them whole.

    When their time is over, the battle is closed at once; nobody who watches waits for the sweeper.
    """
    until: datetime | None = None
    while True:
        standing = await _in_thread(standing_of, battle_id)
        match standing.state:
            case BattleState.OPENED | BattleState.ANSWERING:
                until = until or await _in_thread(awaited_until, battle_id)
                if until is not None and timezone.now() >= until:
                    await _in_thread(expire_battle, actor=_PLATFORM, battle_id=battle_id, now=timezone.now())
                yield AnswerEvent(kind=AnswerEventKind.WAITING)
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                continue
            case BattleState.READY:
                for side, text in standing.texts.items():
                    yield AnswerEvent(kind=AnswerEventKind.TEXT, side=side, text=text)
                    yield AnswerEvent(kind=AnswerEventKind.FINISHED, side=side)
                yield AnswerEvent(kind=AnswerEventKind.READY)
            case BattleState.VOIDED:
                yield AnswerEvent(kind=AnswerEventKind.VOID)
            case _:
                yield AnswerEvent(kind=AnswerEventKind.CLOSED)
        return


def _elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


async def _in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call something that uses the database from a thread of the pool, and give its connection back.

    A task may outlive the request that began it, so it must not depend on the request's own thread.
    """

    def run() -> T:
        try:
            return call(*args, **kwargs)
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()
