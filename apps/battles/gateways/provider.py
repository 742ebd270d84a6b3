"""What every provider of answers can do, and how it fails."""

from collections.abc import AsyncGenerator
from typing import Protocol

from apps.battles.models import Endpoint, VoidReason


class ProviderFault(Exception):
    """No whole answer came; ``reason`` says what happened instead, and no word of the answer is kept."""

    def __init__(self, reason: VoidReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class ModelProvider(Protocol):
    """Something that answers a prompt piece by piece."""

    def stream(self, prompt: str, endpoint: Endpoint) -> AsyncGenerator[str, None]:
        """Yield the answer in pieces and end when it is whole; raises ``ProviderFault`` when it will not be."""
        ...
