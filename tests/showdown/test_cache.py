"""The cache while Redis is away in every way in which a server can be: nothing fails, nobody waits, limits go on."""

import os
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar, Final

import pytest
from django.conf import settings
from django.test import Client, override_settings

from apps.accounts.models import User
from showdown import cache as cache_module
from showdown.cache import RedisOrMemory
from showdown.supervisor.redis_server import EmbeddedRedis
from tests.conftest import PASSWORD

SOON: Final = 3.0
"""Seconds that one request may wait for a server that does not answer, on a busy machine."""
AT_ONCE: Final = 0.3
_OPTIONS: Final = {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1}


@pytest.fixture
def redis(redis_server_factory: Callable[[], EmbeddedRedis]) -> Iterator[EmbeddedRedis]:
    """A Redis of this test's own; whatever was done to it, it is ended."""
    server = redis_server_factory()
    yield server
    _continue(server)
    while Impostor.all_of_them:
        impostor = Impostor.all_of_them.pop()
        impostor.shutdown()
        impostor.server_close()


def _continue(redis: EmbeddedRedis) -> None:
    if redis.server is not None and redis.is_running and redis.server.pid is not None:
        os.kill(redis.server.pid, signal.SIGCONT)


def hang(redis: EmbeddedRedis) -> None:
    """Let the server keep its socket and do nothing."""
    assert redis.server is not None
    assert redis.server.pid is not None
    os.kill(redis.server.pid, signal.SIGSTOP)


def vanish(redis: EmbeddedRedis) -> None:
    """Leave not even a socket."""
    redis.kill()
    redis.socket.unlink(missing_ok=True)


class Impostor(socketserver.ThreadingUnixStreamServer):
    """Something at the address of a Redis that gives one answer to everything."""

    daemon_threads = True
    all_of_them: ClassVar[list["Impostor"]] = []

    def __init__(self, address: str, answer: bytes, *, hangs_up: bool) -> None:
        self.answer, self.hangs_up = answer, hangs_up
        super().__init__(address, _OneAnswer)
        self.all_of_them.append(self)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class _OneAnswer(socketserver.BaseRequestHandler):
    server: Impostor

    def handle(self) -> None:
        while self.request.recv(65_536):
            self.request.sendall(self.server.answer)
            if self.server.hangs_up:
                return


def says(answer: bytes, *, and_hangs_up: bool = False) -> Callable[[EmbeddedRedis], None]:
    """Return the way of being away in which somebody else answers."""

    def speak(redis: EmbeddedRedis) -> None:
        vanish(redis)
        Impostor(str(redis.socket), answer, hangs_up=and_hangs_up)

    return speak


AWAY: Final = {
    "killed": EmbeddedRedis.kill,
    "vanished": vanish,
    "hangs": hang,
    "loads": says(b"-LOADING Redis is loading the dataset in memory\r\n"),
    "is full": says(b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
    "may not write": says(b"-MISCONF Redis is configured to save RDB snapshots\r\n"),
    "stops half-way": says(b"$1000\r\nabc"),
    "hangs up half-way": says(b"$1000\r\nabc", and_hangs_up=True),
    "is something else": says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
}


def cache_of(redis: EmbeddedRedis) -> RedisOrMemory:
    return RedisOrMemory(redis.address, {"OPTIONS": _OPTIONS})


@pytest.mark.parametrize("way", AWAY)
def test_without_redis_a_process_remembers_by_itself(redis: EmbeddedRedis, way: str) -> None:
    cache = cache_of(redis)
    cache.set("before", 1)
    assert cache.get("before") == 1

    AWAY[way](redis)
    began = time.monotonic()
    assert cache.get("before", "forgotten") == "forgotten"
    assert time.monotonic() - began < SOON

    began = time.monotonic()
    assert cache.add("lock", "mine", timeout=60)
    assert not cache.add("lock", "yours", timeout=60)
    assert cache.delete("lock")
    cache.set("count", 1, timeout=60)
    assert cache.incr("count") == 2
    assert "count" in cache
    cache.set_many({"a": 1, "b": 2}, timeout=60)
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert cache.touch("a", 60)
    cache.delete_many(["a"])
    assert cache.get("a") is None
    cache.clear()
    assert cache.get("b") is None
    # Other threads' caches know it too, and wait for nothing.
    assert cache_of(redis).get("b") is None
    assert time.monotonic() - began < AT_ONCE


@pytest.mark.parametrize("way", ["killed", "hangs"])
def test_redis_is_asked_again_when_it_is_back(
    redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    monkeypatch.setattr(cache_module, "PAUSE", 0.2)
    cache = cache_of(redis)
    cache.set("where", "Redis")
    AWAY[way](redis)
    cache.set("where", "memory")
    assert cache.get("where") == "memory"

    if redis.is_running:
        _continue(redis)
    else:
        redis.start()
    time.sleep(0.25)
    cache.set("where", "Redis again")
    assert cache_of(redis).get("where") == "Redis again"
    told = [record.message.split(":")[0] for record in caplog.records if record.name == "showdown.cache"]
    assert told[0].startswith("Redis is away")
    assert told[-1] == "Redis answers again."


def test_a_server_that_hangs_delays_one_thread_and_not_the_others(redis: EmbeddedRedis) -> None:
    cache_of(redis).set("a", 1)
    hang(redis)
    assert cache_of(redis).get("a") is None
    waited: list[float] = []

    def look() -> None:
        began = time.monotonic()
        cache_of(redis).get("a")
        waited.append(time.monotonic() - began)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(waited) < AT_ONCE


@pytest.mark.parametrize("way", ["killed", "hangs", "loads"])
def test_people_sign_in_without_redis_and_guessing_is_still_limited(
    redis: EmbeddedRedis, ada: User, client: Client, way: str
) -> None:
    caches = {"default": {**settings.CACHES["default"], "LOCATION": redis.address}}
    client.get("/accounts/login/")  # The first request of a process also loads the site.
    AWAY[way](redis)
    with override_settings(CACHES=caches, ACCOUNT_RATE_LIMITS={}):
        began = time.monotonic()
        right = client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
        assert right.status_code == 302
        assert time.monotonic() - began < SOON

        for number in range(12):
            wrong = Client().post("/accounts/login/", {"login": ada.email, "password": f"guess {number}"})
            assert wrong.status_code < 500
    assert "Too many failed login attempts" in wrong.content.decode()


@pytest.mark.parametrize("way", ["killed", "hangs", "loads"])
def test_the_public_contract_is_read_without_redis(redis: EmbeddedRedis, db: None, client: Client, way: str) -> None:
    caches = {"default": {**settings.CACHES["default"], "LOCATION": redis.address}}
    client.get("/api/v1/log/")
    AWAY[way](redis)
    with override_settings(CACHES=caches):
        began = time.monotonic()
        answer = client.get("/api/v1/log/")
        assert answer.status_code == 200
        assert time.monotonic() - began < SOON
