"""A question that was just handed in is read now and not at beat's next look; a broker that is away costs a moment."""

import base64
import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import redis
from celery import current_app
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.prompts.models import Prompt, PromptState
from apps.prompts.services import submit_prompt
from showdown.supervisor.redis_server import EmbeddedRedis
from tests.prompts.writing import written

QUESTION = "Why does bread dough rise faster next to a warm oven?"


@pytest.fixture
def broker(
    redis_server_factory: Callable[[], EmbeddedRedis], monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmbeddedRedis]:
    """A broker of this test's own, which it may stop."""
    server = redis_server_factory()
    address = server.address.replace("unix://", "redis+socket://")
    monkeypatch.setattr(current_app.conf, "broker_url", address)
    monkeypatch.setattr(current_app.conf, "broker_write_url", address)
    yield server
    signalled(server, signal.SIGCONT)


def signalled(server: EmbeddedRedis, number: signal.Signals) -> None:
    """Send a signal to the server's process while it runs."""
    if server.server is not None and server.server.pid is not None:
        os.kill(server.server.pid, number)


def hand_in(client: Client, ada: User) -> float:
    """Submit a question by its form, which must succeed; return the seconds that it took."""
    client.force_login(ada)
    form = {"text": QUESTION, "language": "en", "category": "knowledge", "submission_key": uuid.uuid4()}
    began = time.monotonic()
    answer = client.post("/prompts/new/", form)
    took = time.monotonic() - began
    assert answer.status_code == 302
    assert Prompt.objects.get().state == PromptState.SUBMITTED
    return took


def test_handing_in_wakes_the_worker_and_tells_it_nothing(client: Client, ada: User, broker: EmbeddedRedis) -> None:
    hand_in(client, ada)
    with redis.Redis.from_url(broker.address) as queues:
        (message,) = queues.lrange("language", 0, -1)
    told = json.loads(message)
    assert told["headers"]["task"] == "prompts.screen_due"
    assert "bread" not in str(told)
    assert json.loads(base64.b64decode(told["body"]))[:2] == [[], {}]


def test_without_a_broker_the_question_is_kept(client: Client, ada: User, broker: EmbeddedRedis) -> None:
    broker.kill()
    assert hand_in(client, ada) < 1.5


def test_a_broker_that_hangs_holds_nobody_up(client: Client, ada: User, broker: EmbeddedRedis) -> None:
    signalled(broker, signal.SIGSTOP)
    assert hand_in(client, ada) < 4


def test_a_question_that_is_refused_wakes_nobody(client: Client, ada: User, broker: EmbeddedRedis) -> None:
    client.force_login(ada)
    form = {"text": "", "language": "en", "category": "knowledge", "submission_key": uuid.uuid4()}
    assert client.post("/prompts/new/", form).status_code == 422
    with redis.Redis.from_url(broker.address) as queues:
        assert queues.llen("language") == 0


def test_the_page_asks_soon_at_first_and_tells_what_waits_before(client: Client, ada: User, mallory: User) -> None:
    written(mallory, "What is the tallest plant that flowers in one summer?", language="en")
    now = timezone.now()
    fresh = waiting_since(ada, now)
    client.force_login(ada)
    shown = client.get(f"/prompts/{fresh.pk}/").content.decode()
    assert 'hx-trigger="every 600ms"' in shown
    late = waiting_since(ada, now - timedelta(minutes=3))
    shown = client.get(f"/prompts/{late.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in shown
    # Mallory's was written in the cast's time, long before.
    assert "1 question is read before it" in shown


def waiting_since(by: User, moment: datetime) -> Prompt:
    return submit_prompt(
        actor=by.as_actor(),
        text=f"How long do bees sleep in winter, and since {moment}?",
        language="en",
        category="knowledge",
        submission_key=uuid.uuid4(),
        now=moment,
    )
