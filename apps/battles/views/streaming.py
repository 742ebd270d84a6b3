"""Answers on their way to the browser: as server-sent events, or all at once for who has no script."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.middleware import acting
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.middleware import remember_refusal
from apps.battles.domain.markdown import block_to_html, cut_into_blocks
from apps.battles.flows import ENDS, AnswerEvent, AnswerEventKind, fetch_answers, stream_battle
from apps.battles.models import Side
from apps.battles.queries import own_battle
from apps.contributors.queries import membership_of

_FORBIDDEN: Final = 403
_SHOWN: Final = {Side.LEFT: "A", Side.RIGHT: "B"}
# The eye does not see more; a long paragraph, which is sent again as it grows, gets more time.
_LEAST_GAP: Final = 0.08
_CHARACTERS_A_SECOND: Final = 50_000
_HEARTBEAT_SECONDS: Final = 10.0
_RECONNECT_MS: Final = 1500


@require_GET
@login_required
async def stream(request: HttpRequest, battle_id: int) -> HttpResponseBase:
    """Send what happens to a battle's answers, as events; the first to ask starts them."""
    # Another site could make a browser ask; only our own page may start the answers.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return HttpResponse(status=_FORBIDDEN)
    actor = await _actor_of_own(request, battle_id)
    return StreamingHttpResponse(
        _frames(request, battle_id, actor),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@require_POST
@login_required
async def answers(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Fetch both answers to the end and go back to the page, which shows them."""
    actor = await _actor_of_own(request, battle_id)
    await fetch_answers(battle_id=battle_id, actor=actor)
    return redirect("battles:battle", battle_id)


async def _actor_of_own(request: HttpRequest, battle_id: int) -> Actor:
    """Return who asks when the battle is theirs; else there is no such page."""

    def look() -> Actor | None:
        actor = acting(request)
        contributor = membership_of(actor)
        return actor if contributor is not None and own_battle(contributor, battle_id) is not None else None

    actor = await sync_to_async(look)()
    if actor is None:
        raise Http404
    return actor


@dataclass(slots=True)
class _Shown:
    """One side as the browser knows it: its text, the blocks that it has whole, and when it was last told."""

    text: list[str] = field(default_factory=list)
    whole_blocks: int = 0
    is_behind: bool = False
    told_at: float = 0.0
    gap: float = _LEAST_GAP

    def blocks_to_tell(self) -> list[tuple[int, str]]:
        """Return the blocks that changed, with their places; the last may still grow."""
        blocks = cut_into_blocks("".join(self.text))
        changed = [(place, block_to_html(block)) for place, block in enumerate(blocks) if place >= self.whole_blocks]
        self.whole_blocks = max(0, len(blocks) - 1)
        self.gap = max(_LEAST_GAP, len(blocks[-1]) / _CHARACTERS_A_SECOND) if blocks else _LEAST_GAP
        self.is_behind, self.told_at = False, time.monotonic()
        return changed


async def _frames(request: HttpRequest, battle_id: int, actor: Actor) -> AsyncGenerator[bytes, None]:
    """Yield the stream. Blocks are sent by their place, so whatever is sent twice is shown once."""
    yield f"retry: {_RECONNECT_MS}\n\n".encode()
    try:
        async with aclosing(stream_battle(battle_id=battle_id, actor=actor)) as events:
            async for frame in _told(events):
                yield frame
    except Refused as refused:
        # Too late for a status: the page is told to look again, and shows what is the matter.
        await sync_to_async(remember_refusal)(request, refused)
        yield _frame("closed", {})


async def _told(events: AsyncGenerator[AnswerEvent, None]) -> AsyncIterator[bytes]:
    shown = {side: _Shown() for side in Side}
    pending: asyncio.Task[AnswerEvent] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(events))
            done, _still = await asyncio.wait({pending}, timeout=_until_next(shown))
            for side, state in shown.items():
                if state.is_behind and time.monotonic() >= state.told_at + state.gap:
                    yield _text_frame(side, state)
            if not done:
                if not any(state.is_behind for state in shown.values()):
                    yield b": waiting\n\n"
                continue
            try:
                event = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            for frame in _frames_of(event, shown):
                yield frame
            if event.kind in ENDS:
                return
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)


def _frames_of(event: AnswerEvent, shown: dict[Side, _Shown]) -> list[bytes]:
    match event.kind:
        case AnswerEventKind.WAITING:
            # Another tab or process fetches them: the page shows until when it waits.
            return [_frame("waiting", {})]
        case AnswerEventKind.TEXT if event.side is not None:
            state = shown[event.side]
            state.text.append(event.text)
            state.is_behind = True
            return [_text_frame(event.side, state)] if time.monotonic() >= state.told_at + state.gap else []
        case AnswerEventKind.FINISHED if event.side is not None:
            state = shown[event.side]
            rest = [_text_frame(event.side, state)] if state.is_behind else []
            return [*rest, _frame("finished", {"side": _SHOWN[event.side]})]
        case _:
            return [_frame(event.kind.value, {})]


def _until_next(shown: dict[Side, _Shown]) -> float:
    """Return the seconds until something must be told even when nothing new happens."""
    due = [state.told_at + state.gap for state in shown.values() if state.is_behind]
    return max(0.0, min(due) - time.monotonic()) if due else _HEARTBEAT_SECONDS


def _text_frame(side: Side, state: _Shown) -> bytes:
    blocks = [{"place": place, "html": html} for place, html in state.blocks_to_tell()]
    return _frame("text", {"side": _SHOWN[side], "blocks": blocks})


def _frame(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
