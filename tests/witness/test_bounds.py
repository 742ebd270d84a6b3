"""Whoever sends too much, too slowly, nonsense, or nothing at all holds up nobody."""

import socket
import time
from contextlib import suppress

import pytest

from tests.witness.paper_log import PaperLog
from tests.witness.running import RunningWitness

MOST = 128 * 1024


def raw(witness: RunningWitness, *parts: bytes, pause: float = 0.0, patience: float = 15.0) -> bytes:
    """Send bytes as they are and return what comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", witness.port), timeout=patience) as connection:
        with suppress(OSError):
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        heard = b""
        with suppress(OSError):
            while part := connection.recv(65536):
                heard += part
        return heard


def post(length: bytes, body: bytes = b"", *more: bytes) -> bytes:
    headers = b"".join(b"\r\n" + line for line in (b"Host: elm.example", b"Connection: close", *more))
    return b"POST /add-checkpoint HTTP/1.1" + headers + b"\r\nContent-Length: " + length + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (b"0", b"400"), (b"131073", b"413"), (b"9" * 40, b"413"), (b"-1", b"400"), (b"+5", b"400"), (b"5 5", b"400"),
        (b"five", b"400"), ("٣".encode(), b"400"), (b"", b"400"),
    ],
)  # fmt: skip
def test_a_length_is_a_number_and_not_too_large(witness: RunningWitness, length: bytes, status: bytes) -> None:
    assert raw(witness, post(length)).startswith(b"HTTP/1.1 " + status)


def test_a_request_says_its_length_once(witness: RunningWitness, log: PaperLog) -> None:
    body = log.question(0, 3)
    chunked = post(b"3", b"3\r\nold\r\n0\r\n\r\n", b"Transfer-Encoding: chunked")
    assert raw(witness, chunked).startswith(b"HTTP/1.1 411")
    twice = post(b"%d" % len(body), body, b"Content-Length: 3")
    assert raw(witness, twice).startswith(b"HTTP/1.1 411")
    none = b"POST /add-checkpoint HTTP/1.1\r\nHost: elm.example\r\n\r\n" + body
    heard = raw(witness, none)
    # What follows is not taken for a second request.
    assert heard.startswith(b"HTTP/1.1 411")
    assert heard.count(b"HTTP/1.1") == 1


def test_the_largest_body_is_read_and_one_more_byte_is_not(witness: RunningWitness) -> None:
    assert witness.ask(b"old 0\n\n" + b"x" * (MOST - 7)).status == 404
    assert raw(witness, post(b"%d" % (MOST + 1), b"x" * (MOST + 1))).startswith(b"HTTP/1.1 413")


def test_an_endless_body_is_not_read(witness: RunningWitness) -> None:
    began = time.monotonic()
    raw(witness, post(b"9" * 18), *[b"x" * 65536] * 200)
    assert time.monotonic() - began < 10


def test_a_body_that_ends_early_is_refused(witness: RunningWitness) -> None:
    with socket.create_connection(("127.0.0.1", witness.port), timeout=10) as connection:
        connection.sendall(post(b"500", b"old 0\n"))
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00" * 70_000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\r\n\r\n",
        b"POST /add-checkpoint HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_answered_or_dropped_and_nobody_notices(
    witness: RunningWitness, log: PaperLog, nonsense: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", witness.port), timeout=10) as connection:
        with suppress(OSError):
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            assert b" 200 " not in connection.recv(65536)
    assert witness.ask(log.question(0, 3)).status == 200
    assert "Traceback" not in witness.told()


def test_a_body_that_drips_is_cut_off(witness: RunningWitness, log: PaperLog) -> None:
    began = time.monotonic()
    heard = raw(witness, post(b"200"), *[b"o"] * 24, pause=0.5)
    # Each byte comes in time, and the whole does not.
    assert heard == b"" or heard.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 14
    assert witness.ask(log.question(0, 3)).status == 200


def test_those_who_hold_every_connection_are_told_apart_by_time(witness: RunningWitness, log: PaperLog) -> None:
    held = [socket.create_connection(("127.0.0.1", witness.port), timeout=20) for _ in range(64)]
    try:
        for connection in held:
            connection.sendall(b"POST /add-ch")
        until = time.monotonic() + 20
        while True:
            try:
                assert witness.ask(log.question(0, 3)).status == 200
                break
            except OSError:
                assert time.monotonic() < until, "Sixty-four who say nothing keep everybody else out."
                time.sleep(0.2)
    finally:
        for connection in held:
            connection.close()
    assert "Traceback" not in witness.told()
