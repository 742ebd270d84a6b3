"""Providers that speak the chat interface of OpenAI over HTTP, which most of them do."""

import functools
import logging
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import httpx2
import openai

from apps.battles.gateways.guard import Limits
from apps.battles.gateways.provider import ProviderFault
from apps.battles.models import Endpoint, VoidReason

_log = logging.getLogger(__name__)

_NO_KEY: Final = "none"  # The library insists on one; servers without keys ignore it.
_CONNECT_SECONDS: Final = 10.0
# Each piece comes in an envelope of some hundred bytes, and many models send a few letters at a time.
_BYTES_PER_CHARACTER: Final = 400
_NOT_AN_ANSWER: Final = (UnicodeDecodeError, ValueError, TypeError, AttributeError, LookupError)


class OpenAIProvider:
    """Streams one chat completion, once: a second attempt could repeat half of the first."""

    def __init__(self, *, limits: Limits) -> None:
        self._limits = limits

    async def stream(self, prompt: str, endpoint: Endpoint) -> AsyncGenerator[str, None]:
        """Yield the pieces of the answer and end after the model's own end of it."""
        async with self._client(endpoint) as client:
            try:
                raw = await client.chat.completions.with_raw_response.create(
                    model=endpoint.remote_name,
                    messages=[{"role": "user", "content": prompt}],
                    stream=True,
                )
            except openai.APITimeoutError as late:
                raise ProviderFault(VoidReason.TOO_SLOW) from late
            except openai.APIError as error:
                # Its message may quote the question; the kind of error is enough.
                _log.warning("Endpoint %s: %s", endpoint.pk, type(error).__name__)
                raise ProviderFault(VoidReason.FAILED) from None
            if not raw.headers.get("content-type", "").lower().startswith("text/event-stream"):
                raise ProviderFault(VoidReason.GARBAGE)
            async for piece in _pieces(raw.parse()):
                yield piece

    def _client(self, endpoint: Endpoint) -> openai.AsyncOpenAI:
        timeout = httpx2.Timeout(self._limits.total_seconds, connect=_CONNECT_SECONDS)
        transport = _BoundedTransport(
            verify=_certificates(), trust_env=False, most=self._limits.characters * _BYTES_PER_CHARACTER
        )
        return openai.AsyncOpenAI(
            api_key=_key_of(endpoint),
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=timeout,
            # The question goes to this address and to no other: no redirects, no proxies from the environment.
            http_client=httpx2.AsyncClient(
                transport=transport, timeout=timeout, follow_redirects=False, trust_env=False
            ),
            default_headers={"Accept-Encoding": "identity"},
        )


async def _pieces(chunks: "openai.AsyncStream[openai.types.chat.ChatCompletionChunk]") -> AsyncGenerator[str, None]:
    ended = False
    try:
        async for chunk in chunks:
            for choice in chunk.choices[:1]:
                if content := choice.delta.content:
                    yield str(content)
                match choice.finish_reason:
                    case None:
                        pass
                    case "length":
                        raise ProviderFault(VoidReason.ENDLESS)
                    case "stop":
                        ended = True
                    case _:
                        raise ProviderFault(VoidReason.CUT)
    except openai.APITimeoutError as late:
        raise ProviderFault(VoidReason.STALLED) from late
    except (openai.APIConnectionError, httpx2.HTTPError) as broken:
        raise ProviderFault(VoidReason.CUT) from broken
    except openai.APIError:
        raise ProviderFault(VoidReason.FAILED) from None
    except _NOT_AN_ANSWER:
        raise ProviderFault(VoidReason.GARBAGE) from None
    if not ended:
        raise ProviderFault(VoidReason.CUT)


def _key_of(endpoint: Endpoint) -> str:
    """Return the key, read at the moment of use, so that a changed one needs no restart of its owner."""
    if not endpoint.key_reference:
        return _NO_KEY
    key = os.environ.get(endpoint.key_reference, "")
    if not key:
        _log.warning("Endpoint %s: %s is not in the environment.", endpoint.pk, endpoint.key_reference)
        raise ProviderFault(VoidReason.FAILED)
    return key


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates; reading them takes longer than opening a connection."""
    return ssl.create_default_context()


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """Reads at most so many bytes of a response, also when no line of it ever ends."""

    def __init__(self, *, verify: ssl.SSLContext, trust_env: bool, most: int) -> None:
        super().__init__(verify=verify, trust_env=trust_env)
        self._most = most

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            # A compressed stream could unfold into any size; we asked for none.
            await response.aclose()
            raise httpx2.DecodingError("The response is compressed, which was not asked for.", request=request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _BoundedStream(response.stream, self._most)
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for part in self._stream:
            seen += len(part)
            if seen > self._most:
                raise ProviderFault(VoidReason.ENDLESS)
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
