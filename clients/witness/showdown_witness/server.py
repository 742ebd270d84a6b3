"""The witness over HTTP: every request is bounded in bytes and seconds, and so is the number of them at once."""

import io
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from showdown_witness.request import MOST_BYTES

REQUEST_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 30.0
MOST_CONNECTIONS: Final = 64
_PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, a body and what kind of text it is."""

    status: HTTPStatus
    body: bytes
    content_type: str = _PLAIN


def sentence(status: HTTPStatus, text: str) -> Answer:
    """Return an answer of one line for whoever reads the log's own records."""
    return Answer(status, f"{text}\n".encode())


class WitnessServer(ThreadingHTTPServer):
    """Serves ``add-checkpoint`` for logs, and what was countersigned for everybody."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        *,
        add_checkpoint: Callable[[bytes], Answer],
        read: Callable[[str], Answer | None],
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        """``read`` answers a GET by its path, or returns None for a path that does not exist."""
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.add_checkpoint = add_checkpoint
        self.read = read
        self.request_seconds = request_seconds
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread of its own, or close it when there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about connections that broke off; the witness itself answers 500 and speaks of its own faults."""


class _Reader(io.RawIOBase):
    """Reads from a socket until a moment, however slowly the bytes drip in."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "showdown-witness"
    sys_version = ""
    server: WitnessServer

    def setup(self) -> None:
        super().setup()
        # Each answer goes out at once; a log waits for it.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.rfile.close()
        self._reader = _Reader(self.connection)
        self._buffered = io.BufferedReader(self._reader)
        self.rfile = self._buffered

    def handle_one_request(self) -> None:
        self._reader.until = time.monotonic() + IDLE_SECONDS
        try:
            first = self._buffered.peek(1)
        except (OSError, ValueError):
            first = b""
        if not first:
            self.close_connection = True
            return
        self._reader.until = time.monotonic() + self.server.request_seconds
        super().handle_one_request()

    def do_POST(self) -> None:
        """Answer ``add-checkpoint``."""
        body = self._body()
        if isinstance(body, Answer):
            # What was not read would be taken for the next request.
            self.close_connection = True
            self._answer(body)
        elif self.path.partition("?")[0] != "/add-checkpoint":
            self._answer(sentence(HTTPStatus.NOT_FOUND, "Logs send their checkpoints to /add-checkpoint."))
        else:
            self._answer(self.server.add_checkpoint(body))

    def do_GET(self) -> None:
        """Answer with what was countersigned."""
        if self.headers.get("Transfer-Encoding") or self.headers.get("Content-Length", "0") != "0":
            self.close_connection = True
        path = self.path.partition("?")[0]
        if path == "/add-checkpoint":
            self._answer(sentence(HTTPStatus.METHOD_NOT_ALLOWED, "Checkpoints come by POST."))
            return
        self._answer(self.server.read(path) or sentence(HTTPStatus.NOT_FOUND, "There is nothing at this address."))

    def do_HEAD(self) -> None:
        """Answer like GET, without the body."""
        self.do_GET()

    def _body(self) -> bytes | Answer:
        told = self.headers.get_all("Content-Length") or []
        if self.headers.get("Transfer-Encoding") or len(told) != 1:
            return sentence(HTTPStatus.LENGTH_REQUIRED, "A request says its length, once, in Content-Length.")
        if not (told[0].isascii() and told[0].isdigit()):
            return sentence(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
        if len(told[0]) > len(str(MOST_BYTES)) or int(told[0]) > MOST_BYTES:
            return sentence(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request has at most {MOST_BYTES} bytes.")
        try:
            body = self.rfile.read(int(told[0]))
        except TimeoutError:
            return sentence(HTTPStatus.REQUEST_TIMEOUT, "The request did not come in time.")
        if len(body) != int(told[0]):
            return sentence(HTTPStatus.BAD_REQUEST, "The request ended before its Content-Length.")
        return body

    def _answer(self, answer: Answer) -> None:
        self.connection.settimeout(self.server.request_seconds)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: what happened to a checkpoint is told by the witness, and the rest is noise."""
