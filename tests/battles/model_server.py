"""A small server that speaks the chat interface of OpenAI, well or badly: one way of behaving for each path.

The address of a behaviour is ``server.address("stall")``; what was asked stands in ``server.requests``.
"""

import asyncio
import gzip
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

GOOD_ANSWER = ("Sixty", " minutes", ", since", " an hour\n\n", "- is an hour 🙂.")

Send = Callable[[bytes], Awaitable[None]]


@dataclass
class Asked:
    """One request as it came in."""

    behaviour: str
    headers: dict[str, str]
    body: dict[str, object]


@dataclass
class ModelServer:
    """Where the server listens and what it was asked."""

    port: int
    requests: list[Asked] = field(default_factory=list)
    open_streams: int = 0

    def address(self, behaviour: str = "good") -> str:
        """Return the base URL under which the server behaves like this."""
        return f"http://127.0.0.1:{self.port}/{behaviour}/v1"


def _chunk(text: str | None, *, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    data = {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(data)}\n\n".encode()


_DONE = b"data: [DONE]\n\n"


async def _whole(send: Send, pieces: tuple[str, ...] = GOOD_ANSWER, pause: float = 0.0) -> None:
    await send(_chunk(""))
    for piece in pieces:
        await asyncio.sleep(pause)
        await send(_chunk(piece))
    await send(_chunk(None, finish="stop") + _DONE)


async def _behave(behaviour: str, send: Send, left_alone: Callable[[], Awaitable[bytes]]) -> None:  # noqa: PLR0912
    """Write the body of a stream."""
    match behaviour:
        case "good":
            await _whole(send)
        case "slowly":
            await _whole(send, pause=0.3)
        case "named":
            await _whole(send, ("I am Cobalt 2,", " Cobalt 3 or Tamarind Large."))
        case "stall":
            await send(_chunk("Sixty"))
            await left_alone()
        case "silent":
            await left_alone()
        case "drip":
            while True:
                await send(_chunk("drip "))
                await asyncio.sleep(0.05)
        case "heartbeat":
            while True:
                await send(b": still here\n\n")
                await asyncio.sleep(0.05)
        case "endless":
            while True:
                await send(_chunk("words and " * 50))
        case "endless_line":
            while True:
                await send(b"x" * 65_536)
        case "empty":
            await send(_chunk(None, finish="stop") + _DONE)
        case "blank":
            await _whole(send, (" ", "\n\n"))
        case "garbage":
            await send(_chunk("Sixty"))
            await send(b'data: {"choices":[{"index":0,"delta":{"content":"\xff\xfe\xfa"}}]}\n\n' + _DONE)
        case "malformed":
            await send(_chunk("Sixty") + b"data: {not json\n\n")
        case "control":
            await _whole(send, ("Sixty\x00", "\x1b[31m"))
        case "surrogate":
            await send(b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"},"finish_reason":"stop"}]}\n\n')
        case "error_event":
            await send(_chunk("Sixty") + b'data: {"error":{"message":"overloaded: how many minutes"}}\n\n')
        case "nothing":
            pass
        case "cut":
            await send(_chunk("Sixty") + _chunk(" min"))
        case "length" | "filtered":
            await send(_chunk("Sixty"))
            await send(_chunk(None, finish="length" if behaviour == "length" else "content_filter") + _DONE)
        case _:
            raise ValueError(behaviour)


_WHOLE_RESPONSES = {
    "refuses": (500, "application/json", b'{"error": {"message": "no: how many minutes"}}', ""),
    "busy": (429, "application/json", b'{"error": {"message": "later"}}', "Retry-After: 0\r\n"),
    "unauthorized": (401, "application/json", b'{"error": {"message": "wrong key"}}', ""),
    "html": (200, "text/html", b"<!doctype html><h1>Welcome to the proxy</h1>", ""),
    "json": (200, "application/json", b'{"choices": [{"message": {"content": "whole"}}]}', ""),
    "redirect": (307, "text/plain", b"", "Location: /good/v1/chat/completions\r\n"),
    "compressed": (200, "text/event-stream", gzip.compress(_chunk("Sixty") * 5000), "Content-Encoding: gzip\r\n"),
}


async def _serve_one(server: ModelServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = json.loads(await reader.readexactly(int(headers["content-length"])))
    behaviour = head[0].split(" ")[1].split("/")[1]
    server.requests.append(Asked(behaviour, headers, body))
    asked = str(body["messages"][-1]["content"])
    told = {"quotes": (400, "application/json", json.dumps({"error": {"message": f"Not this: {asked}"}}).encode(), "")}
    if behaviour in _WHOLE_RESPONSES or behaviour in told:
        status, kind, content, more = _WHOLE_RESPONSES.get(behaviour) or told[behaviour]
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{more}"
            f"Connection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        return
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )

    async def send(part: bytes) -> None:
        writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()

    if behaviour == "dropped":
        await send(_chunk("Sixty"))
        # Announced and never sent: the connection breaks in the middle of a chunk.
        writer.write(b"ffff\r\ndata: {")
        await writer.drain()
        return
    if behaviour == "repeats":
        await _whole(send, ("You asked: ", asked))
    else:
        await _behave(behaviour, send, reader.read)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Run the server in a thread of its own on a free port of this machine."""
    loop = asyncio.new_event_loop()
    started: asyncio.Future[ModelServer] = loop.create_future()
    running = threading.Event()
    ended = asyncio.Event()

    async def run() -> None:
        server = ModelServer(port=0)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server.open_streams += 1
            try:
                await _serve_one(server, reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                server.open_streams -= 1
                writer.close()

        async with await asyncio.start_server(connected, "127.0.0.1", 0) as listening:
            server.port = listening.sockets[0].getsockname()[1]
            started.set_result(server)
            running.set()
            await ended.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    running.wait(5)
    try:
        yield started.result()
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5)
        loop.close()
