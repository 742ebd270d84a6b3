"""The twin for tests: says what it is told to say, at once, and speaks to nobody."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from apps.battles.gateways.provider import ProviderFault
from apps.battles.models import Endpoint, VoidReason


class ScriptedProvider:
    """Answers every prompt with the same pieces, then ends, fails or stays silent."""

    def __init__(
        self,
        pieces: Sequence[str] = ("A whole ", "answer."),
        *,
        fault: VoidReason | None = None,
        pause: float = 0.0,
        then_silent: bool = False,
    ) -> None:
        self._pieces = tuple(pieces)
        self._fault = fault
        self._pause = pause
        self._then_silent = then_silent
        self.asked: list[tuple[str, str]] = []

    async def stream(self, prompt: str, endpoint: Endpoint) -> AsyncGenerator[str, None]:
        """Yield the pieces with a pause (seconds) before each."""
        self.asked.append((prompt, endpoint.remote_name))
        for piece in self._pieces:
            await asyncio.sleep(self._pause)
            yield piece
        if self._then_silent:
            await asyncio.Event().wait()
        if self._fault is not None:
            raise ProviderFault(self._fault)
