"""A log's folder served over HTTP on the loopback, which misbehaves at the paths where a test wants it to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Instead = Callable[[BaseHTTPRequestHandler], None]


class Served:
    """What is served below ``/log/``: the files of ``folder``, unless ``instead`` has something for a path."""

    def __init__(self, folder: Path, everywhere: Instead | None) -> None:
        self.folder = folder
        self.everywhere = everywhere
        self.instead: dict[str, Instead] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.address = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one question."""
        path = handler.path.removeprefix("/log/")
        self.asked.append(path)
        self.headers.append(dict(handler.headers.items()))
        instead = self.everywhere or self.instead.get(path)
        if instead is not None:
            instead(handler)
            return
        file = self.folder / path
        if file.is_file():
            say(handler, file.read_bytes())
        else:
            say(handler, b"not here", status=404)


def say(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, **headers: str) -> None:
    """Answer properly."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def saying(body: bytes, *, status: int = 200, **headers: str) -> Instead:
    """Return what answers with this body."""
    return lambda handler: say(handler, body, status=status, **headers)


@contextmanager
def serving(folder: Path, everywhere: Instead | None = None) -> Iterator[Served]:
    """Serve a folder until the block ends, or give one answer everywhere."""
    served = Served(folder, everywhere)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def setup(self) -> None:
            served.connections += 1
            super().setup()

        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: Any) -> None:
            """Whoever went away in the middle of an answer is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}/log"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
