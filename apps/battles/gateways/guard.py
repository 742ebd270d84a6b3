"""The limits that hold for every provider: how long, how slow, how much, and what text is."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from apps.battles.domain.answers import is_readable
from apps.battles.gateways.provider import ProviderFault
from apps.battles.models import VoidReason

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds for the whole answer, seconds without a new piece, and characters."""

    total_seconds: float
    stall_seconds: float
    characters: int

    @classmethod
    def from_settings(cls) -> Self:
        """Return the limits that this platform runs with."""
        return cls(
            total_seconds=settings.PROVIDER_TIMEOUT_SECONDS,
            stall_seconds=settings.PROVIDER_STALL_SECONDS,
            characters=settings.PROVIDER_MAX_CHARACTERS,
        )


async def guarded(pieces: AsyncGenerator[str, None], limits: Limits) -> AsyncGenerator[str, None]:
    """Pass an answer on while it keeps within the limits, and end with ``ProviderFault`` when it does not.

    Whatever else a provider's library raises becomes a fault too; its message may quote the answer and is dropped.
    """
    ends_at = time.monotonic() + limits.total_seconds
    characters, has_words = 0, False
    async with aclosing(pieces):
        while True:
            piece = await _next_piece(pieces, ends_at=ends_at, limits=limits)
            if piece is None:
                break
            if not piece:
                continue
            characters += len(piece)
            if characters > limits.characters:
                raise ProviderFault(VoidReason.ENDLESS)
            if not is_readable(piece):
                raise ProviderFault(VoidReason.GARBAGE)
            has_words = has_words or not piece.isspace()
            yield piece
    if not has_words:
        raise ProviderFault(VoidReason.EMPTY)


async def _next_piece(pieces: AsyncGenerator[str, None], *, ends_at: float, limits: Limits) -> str | None:
    left = ends_at - time.monotonic()
    try:
        async with asyncio.timeout(max(0.0, min(left, limits.stall_seconds))):
            return await anext(pieces, None)
    except TimeoutError as late:
        reason = VoidReason.TOO_SLOW if left <= limits.stall_seconds else VoidReason.STALLED
        raise ProviderFault(reason) from late
    except ProviderFault:
        raise
    except Exception as unexpected:
        _log.warning("A provider failed in an unforeseen way: %s", type(unexpected).__name__)
        raise ProviderFault(VoidReason.FAILED) from unexpected
