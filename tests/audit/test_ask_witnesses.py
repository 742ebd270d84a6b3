"""Asking witnesses over HTTP: all at once, bounded in time and bytes, and nowhere else than at their address."""

import socket
import threading
import time
from contextlib import ExitStack

import pytest

from apps.audit.gateways import HttpWitnesses, NullWitnesses, Question, Reply, Silence
from apps.audit.gateways.witnesses import MOST_REPLY_BYTES
from tests.audit.odd_server import Behaviour, answering, dripping, endless, odd_server, sending, silent


def asked(questions: dict[int, Question], *, seconds: float) -> dict[int, Reply | Silence]:
    witnesses = HttpWitnesses()
    try:
        return witnesses.ask_all(questions, seconds=seconds)
    finally:
        witnesses.close()


def ask(*behaviours: Behaviour, seconds: float = 1.0) -> list[Reply | Silence]:
    with ExitStack() as stack:
        addresses = [stack.enter_context(odd_server(behave)) for behave in behaviours]
        questions = {number: Question(address=address, body=b"old 0\n\n") for number, address in enumerate(addresses)}
        answers = asked(questions, seconds=seconds)
    assert list(answers) == list(questions)
    return list(answers.values())


def test_an_answer_comes_back_as_it_is() -> None:
    (answer,) = ask(answering("409 Conflict", b"17\n", "Content-Type: text/x.tlog.size"))
    assert answer == Reply(status=409, content_type="text/x.tlog.size", body=b"17\n")


def test_the_question_arrives_at_add_checkpoint() -> None:
    heard: list[bytes] = []

    def remember(connection: socket.socket, request: bytes) -> None:
        heard.append(request)
        answering("200 OK")(connection, request)

    assert ask(remember) == [Reply(status=200, content_type="", body=b"")]
    assert heard == [b"old 0\n\n"]


def test_the_slowest_does_not_hold_up_the_others() -> None:
    began = time.monotonic()
    answers = ask(answering("200 OK", b"quick"), silent, dripping, answering("404 Not Found"), silent)
    # One after the other, the three would take three seconds.
    assert time.monotonic() - began < 2.5
    assert [type(answer) for answer in answers] == [Reply, Silence, Silence, Reply, Silence]
    assert all(answer.reason == "timeout" for answer in answers if isinstance(answer, Silence))


def test_thirty_two_are_asked_at_once() -> None:
    together = threading.Barrier(32)

    def wait_for_all(connection: socket.socket, request: bytes) -> None:
        together.wait(5)
        answering("200 OK")(connection, request)

    assert all(isinstance(answer, Reply) for answer in ask(*[wait_for_all] * 32, seconds=5))


@pytest.mark.parametrize(
    "behave",
    [
        endless,
        answering("200 OK", b"x" * (MOST_REPLY_BYTES + 1)),
        answering("200 OK", b"\x1f\x8b" + b"x" * 100, "Content-Encoding: gzip"),
        sending(b""),
        sending(b"\x00" * 5000),
        sending(b"HTTP/1.1 2000 OK\r\n\r\n"),
        sending(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort"),
        sending(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000),
    ],
)
def test_whatever_is_no_answer_counts_as_silence(behave: Behaviour) -> None:
    began = time.monotonic()
    (answer,) = ask(behave)
    assert isinstance(answer, Silence)
    assert time.monotonic() - began < 2.5


def test_nobody_is_led_elsewhere() -> None:
    with odd_server(answering("200 OK", b"reached")) as elsewhere:
        (answer,) = ask(answering("307 Temporary Redirect", b"", f"Location: {elsewhere}/add-checkpoint"))
    assert isinstance(answer, Reply)
    assert answer.status == 307


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(answering("200 OK", b"from the proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        (answer,) = ask(answering("200 OK", b"from the witness"))
    assert isinstance(answer, Reply)
    assert answer.body == b"from the witness"


def test_a_closed_port_is_silence_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.monotonic()
    answers = asked({7: Question(address=f"http://127.0.0.1:{port}", body=b"")}, seconds=5)
    assert isinstance(answers[7], Silence)
    assert time.monotonic() - began < 2.5


def test_one_who_hangs_is_not_asked_again_until_the_thread_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()
    resolve = socket.getaddrinfo

    def never(host: str, *arguments: object, **options: object) -> object:
        if host == "hangs.example":
            hangs.wait(10)
        return resolve("127.0.0.1", *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", never)
    witnesses = HttpWitnesses()
    question = {1: Question(address="http://hangs.example:9", body=b"")}
    before = threading.active_count()
    assert witnesses.ask_all(question, seconds=0.2) == {1: Silence("timeout")}
    for _ in range(5):
        assert witnesses.ask_all(question, seconds=0.2) == {1: Silence("still-busy")}
    assert threading.active_count() <= before + 1
    hangs.set()
    until = time.monotonic() + 5
    while witnesses.ask_all(question, seconds=1) == {1: Silence("still-busy")}:
        assert time.monotonic() < until
        time.sleep(0.01)
    witnesses.close()


def test_the_null_twin_has_nobody_to_ask() -> None:
    question = Question(address="https://elm.example", body=b"")
    assert NullWitnesses().ask_all({1: question}, seconds=1) == {1: Silence("no-reply")}
