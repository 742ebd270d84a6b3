"""A server on the loopback that answers in whatever odd way a test wants."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, bytes], None]


@contextmanager
def odd_server(behave: Behaviour) -> Iterator[str]:
    """Yield the address of a server that reads one request and then behaves; it forgets its threads at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            behave(connection, _request(connection))
            connection.close()

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _address = listener.accept()
                open_ones.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            connection.close()


def _request(connection: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard:
        part = connection.recv(65536)
        if not part:
            return heard
        heard += part
    head, _gap, body = heard.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return body


def answering(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """Answer properly with this status and body."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]

    def behave(connection: socket.socket, _request: bytes) -> None:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return behave


def sending(raw: bytes) -> Behaviour:
    """Send these bytes and close."""

    def behave(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(raw)

    return behave


def silent(connection: socket.socket, _request: bytes) -> None:
    """Say nothing until the other side goes away."""
    connection.recv(1)


def dripping(connection: socket.socket, _request: bytes) -> None:
    """Begin well and then send a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def dripping_headers(connection: socket.socket, _request: bytes) -> None:
    """Say one header after another, a byte at a time, and never come to the answer."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nA: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def never_beginning(connection: socket.socket, _request: bytes) -> None:
    """Promise an answer again and again."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.02)


def endless(connection: socket.socket, _request: bytes) -> None:
    """Send without end, as quickly as possible."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
