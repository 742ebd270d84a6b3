"""Asking witnesses over HTTP (C2SP tlog-witness), all at once and never longer than the log can wait."""

import functools
import queue
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import httpx2

MOST_REPLY_BYTES: Final = 16_384
_NO_REPLY: Final = "no-reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request to countersign: the witness's address and the body of ``add-checkpoint``."""

    address: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a witness answered, unchecked: its status, what kind of text it says it is, and at most 16 KB of it."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer that could be read: ``reason`` is a short word, such as ``"timeout"``."""

    reason: str


class WitnessClient(Protocol):
    """Something that carries questions to witnesses."""

    def ask_all(self, questions: Mapping[int, Question], *, seconds: float) -> dict[int, Reply | Silence]:
        """Ask all at once and return an answer or a silence for each; takes hardly longer than ``seconds``."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...


class NullWitnesses:
    """Witnesses of whom none ever answers."""

    def ask_all(self, questions: Mapping[int, Question], *, seconds: float) -> dict[int, Reply | Silence]:
        """Return a silence for each."""
        return {number: Silence(_NO_REPLY) for number in questions}

    def close(self) -> None:
        """Do nothing: there is no connection."""


class HttpWitnesses:
    """Asks over HTTP, each witness from a thread of its own.

    A thread that hangs where no timeout reaches, as in the resolution of a name, is left behind; until it is back, its
    witness counts as silent.
    """

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._changing = threading.Lock()
        self._client = httpx2.Client(
            verify=_certificates(),
            # The checkpoint goes to this address and to no other: no redirects, no proxies from the environment.
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "showdown-log"},
        )

    def ask_all(self, questions: Mapping[int, Question], *, seconds: float) -> dict[int, Reply | Silence]:
        """Return what each answered, or why it counts as silent."""
        until = time.monotonic() + seconds
        answers: dict[int, Reply | Silence] = {}
        arriving: queue.SimpleQueue[tuple[int, Reply | Silence]] = queue.SimpleQueue()
        for number, question in questions.items():
            with self._changing:
                is_busy = question.address in self._busy
                self._busy.add(question.address)
            if is_busy:
                answers[number] = Silence("still-busy")
                continue
            threading.Thread(target=self._ask, args=(number, question, until, arriving), daemon=True).start()
        while len(answers) < len(questions):
            try:
                number, answer = arriving.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            answers[number] = answer
        return {number: answers.get(number, Silence("timeout")) for number in questions}

    def close(self) -> None:
        """Close the connections that are kept open between two questions."""
        self._client.close()

    def _ask(
        self,
        number: int,
        question: Question,
        until: float,
        arriving: "queue.SimpleQueue[tuple[int, Reply | Silence]]",
    ) -> None:
        try:
            arriving.put((number, self._answer(question, until)))
        finally:
            with self._changing:
                self._busy.discard(question.address)

    def _answer(self, question: Question, until: float) -> Reply | Silence:
        try:
            left = max(0.01, until - time.monotonic())
            request = self._client.build_request(
                "POST",
                f"{question.address}/add-checkpoint",
                content=question.body,
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=left,
            )
            response = self._client.send(request, stream=True)
            try:
                return _read(response, until)
            finally:
                response.close()
        except httpx2.TimeoutException:
            return Silence("timeout")
        except httpx2.HTTPError as error:
            return Silence(_word(error))
        except (ValueError, OSError) as error:
            # What a library raises for an address or a header that nobody foresaw.
            return Silence(_word(error))


def _read(response: httpx2.Response, until: float) -> Reply | Silence:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return Silence("compressed")
    body = b""
    for part in response.iter_raw():
        body += part
        if len(body) > MOST_REPLY_BYTES:
            return Silence("endless")
        if time.monotonic() > until:
            return Silence("timeout")
    content_type = response.headers.get("content-type", "")
    return Reply(status=response.status_code, content_type=content_type, body=body)


def _word(error: Exception) -> str:
    return type(error).__name__.lower()


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates; reading them takes longer than opening a connection."""
    return ssl.create_default_context()
