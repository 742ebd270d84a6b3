"""Answers on their way to the browser, over the real views and a real server of models."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar, cast

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.utils import timezone

from apps.accounts.models import User
from apps.battles import flows
from apps.battles.models import Battle, BattleState, Side, SkipReason
from apps.battles.services import skip_battle
from tests.battles.arena import Arena
from tests.battles.model_server import GOOD_ANSWER, ModelServer

pytestmark = pytest.mark.committed
T = TypeVar("T")
Frame = tuple[str, dict[str, Any]]
HTML = '<p dir="auto">Sixty minutes, since an hour</p>'


def run(story: Callable[[], Awaitable[T]]) -> T:
    async def whole() -> T:
        try:
            result = await story()
            await asyncio.gather(*flows._fetching, return_exceptions=True)
            return result
        finally:
            # The thread of the views outlives this test, and its database does not.
            await sync_to_async(connections.close_all)()

    try:
        return asyncio.run(whole())
    finally:
        connections.close_all()


async def frames_of(client: AsyncClient, battle: Battle, **headers: str) -> AsyncGenerator[Frame, None]:
    """Yield the events as a browser would read them."""
    response = await client.get(f"/battles/{battle.pk}/stream/", headers=headers)
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    rest = b""
    async for part in cast(StreamingHttpResponse, response):
        rest += part
        while b"\n\n" in rest:
            frame, _, rest = rest.partition(b"\n\n")
            lines = dict(line.split(": ", 1) for line in frame.decode().split("\n") if not line.startswith(":"))
            if "event" in lines:
                yield lines["event"], json.loads(lines["data"])


def shown(frames: list[Frame], side: str) -> str:
    """Put the blocks together as the page's script does."""
    blocks: dict[int, str] = {}
    for name, data in frames:
        if name == "text" and data["side"] == side:
            blocks |= {block["place"]: block["html"] for block in data["blocks"]}
    return "".join(blocks[place] for place in sorted(blocks))


@pytest.fixture
def adas(ada: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(ada)
    return client


def begin(arena: Arena, ada: User, models_at: ModelServer, behaviour: str = "good") -> Battle:
    arena.answer_over_http(models_at.address(behaviour))
    return arena.opened(ada, now=timezone.now())


def test_both_answers_are_streamed_as_blocks(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at)

    async def watch() -> list[Frame]:
        return [frame async for frame in frames_of(adas, battle)]

    frames = run(watch)
    for side in ("A", "B"):
        assert shown(frames, side) == f'{HTML}<ul dir="auto"><li>is an hour 🙂.</li></ul>'
    assert [data["side"] for name, data in frames if name == "finished"] in (["A", "B"], ["B", "A"])
    assert frames[-1] == ("ready", {})
    assert battle.left_model.name not in json.dumps(frames)


def test_words_are_shown_while_they_are_written(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at, "slowly")

    async def watch() -> list[tuple[float, str]]:
        started = time.monotonic()
        return [(time.monotonic() - started, name) async for name, _data in frames_of(adas, battle)]

    seen = run(watch)
    texts = [at for at, name in seen if name == "text"]
    assert len(texts) >= 6
    assert texts[0] < seen[-1][0] - 0.6


def test_whoever_loads_the_page_again_gets_it_all(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at, "slowly")

    async def leave_and_return() -> tuple[list[Frame], list[Frame]]:
        first = []
        watching = frames_of(adas, battle)
        async for frame in watching:
            first.append(frame)
            break
        await watching.aclose()
        return first, [frame async for frame in frames_of(adas, battle, **{"Last-Event-ID": "3"})]

    first, second = run(leave_and_return)
    assert len(first) == 1
    assert "".join(GOOD_ANSWER[:2]) in shown(second, "A")
    assert second[-1] == ("ready", {})
    battle.refresh_from_db()
    assert battle.state == BattleState.READY
    assert len(models_at.requests) == 2


def test_a_void_battle_sends_the_page_to_look_again(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at, "dropped")

    async def watch() -> list[Frame]:
        return [frame async for frame in frames_of(adas, battle)]

    assert run(watch)[-1] == ("void", {})


def test_a_battle_that_has_ended_sends_the_page_to_look_again(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at)
    skip_battle(actor=ada.as_actor(), battle=battle, reason=SkipReason.OTHER, now=timezone.now())

    async def watch() -> list[Frame]:
        return [frame async for frame in frames_of(adas, battle)]

    assert run(watch) == [("closed", {})]
    assert models_at.requests == []


def test_another_site_cannot_start_the_answers(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at)

    async def ask() -> int:
        response = await adas.get(f"/battles/{battle.pk}/stream/", headers={"Sec-Fetch-Site": "cross-site"})
        return int(response.status_code)

    assert run(ask) == 403
    assert models_at.requests == []


def test_somebody_else_sees_no_stream(mallory: User, ada: User, arena: Arena, models_at: ModelServer) -> None:
    battle = begin(arena, ada, models_at)
    client = AsyncClient()
    client.force_login(mallory)

    async def ask() -> tuple[int, int]:
        got = await client.get(f"/battles/{battle.pk}/stream/")
        posted = await client.post(f"/battles/{battle.pk}/answers/")
        return got.status_code, posted.status_code

    assert run(ask) == (404, 404)
    assert models_at.requests == []


def test_without_script_a_button_fetches_both(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at)

    async def press() -> tuple[str, str]:
        before = (await adas.get(f"/battles/{battle.pk}/")).content.decode()
        after = await adas.post(f"/battles/{battle.pk}/answers/", follow=True)
        return before, after.content.decode()

    before, after = run(press)
    assert f'action="/battles/{battle.pk}/answers/"' in before
    assert after.count(HTML) == 2
    assert "<fieldset disabled>" not in after


def test_a_second_press_waits_for_the_first(adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer) -> None:
    battle = begin(arena, ada, models_at, "slowly")

    async def press_twice() -> list[str]:
        async def press() -> str:
            return (await adas.post(f"/battles/{battle.pk}/answers/", follow=True)).content.decode()

        return list(await asyncio.gather(press(), press()))

    for text in run(press_twice):
        assert text.count(HTML) == 2
    assert len(models_at.requests) == 2


def test_a_failure_without_script_shows_the_kind_page(
    adas: AsyncClient, ada: User, arena: Arena, models_at: ModelServer
) -> None:
    battle = begin(arena, ada, models_at, "refuses")

    async def press() -> str:
        return (await adas.post(f"/battles/{battle.pk}/answers/", follow=True)).content.decode()

    assert "This battle did not work out" in run(press)
    assert not battle.responses.filter(side=Side.LEFT).exists()
