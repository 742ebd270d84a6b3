"""A log on paper that publishes checkpoint and tiles over HTTP, and lies where a test wants it to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from apps.audit.domain.merkle import root_hash
from apps.audit.domain.tiles import InvalidTilePath, Tile, parse_path, width_at
from tests.witness.paper_log import PaperLog


class PublishedLog:
    """What is at the log's address: ``size`` leaves of ``log``, unless ``instead`` says otherwise for a path."""

    def __init__(self, log: PaperLog, size: int) -> None:
        self.log = log
        self.size = size
        self.instead: dict[str, bytes | None] = {}
        self.asked: list[str] = []

    def at(self, path: str) -> bytes | None:
        """Return what lies at a path, or None."""
        self.asked.append(path)
        if path in self.instead:
            return self.instead[path]
        if path == "checkpoint":
            return self.log.note(self.size)
        try:
            tile = parse_path(path)
        except InvalidTilePath:
            return None
        if not isinstance(tile, Tile) or width_at(tile.level, tile.index, self.size) < tile.width:
            return None
        leaves, each = self.log.leaves(self.size), 256**tile.level
        first = tile.index * 256 * each
        return b"".join(
            root_hash(leaves[first + place * each : first + (place + 1) * each]) for place in range(tile.width)
        )


@contextmanager
def published(content: PublishedLog) -> Iterator[str]:
    """Yield the address at which it is read."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = content.at(self.path.removeprefix("/log/"))
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/log"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
