"""Redis hangs and dies: people sign in, vote and read what waits, the log grows; afterwards what waited goes on."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import PATIENT, ask, choose, wait_until_shown, wait_until_title

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("demo_network")]


def test_without_redis_a_vote_counts_and_a_question_waits(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    failures: list[str] = []

    def new_page() -> Page:
        page = visit(viewport={"width": 1280, "height": 900}).new_page()
        page.on("response", note)
        return page

    def note(answer: Response) -> None:
        if answer.status >= 500:
            failures.append(f"{answer.status} {answer.request.method} {answer.url}\n{live_platform.log_of('web')}")

    page = new_page()
    sign_in(page, live_platform, "ada@demo.example", services.demo_password())

    # The worst way to be away: the socket is there and takes everything, and nothing answers.
    assert live_platform.redis.server is not None
    os.kill(live_platform.redis.server.pid or 0, signal.SIGSTOP)
    sign_in(new_page(), live_platform, "grace@demo.example", services.demo_password())
    ask(page, live_platform, "Which vegetables can I still sow in October in a cold greenhouse near the sea?")
    waiting = page.url

    live_platform.redis.kill()
    page.goto(live_platform.url("/battles/"))
    page.get_by_role("button", name=re.compile("A question from the pool|Start the battle")).first.click()
    page.wait_for_url(re.compile(r"/battles/\d+/$"))
    expect(page.locator("form[data-vote] fieldset")).to_be_enabled(timeout=PATIENT)
    choose(page, "B is better")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.locator("h1")).to_have_text(re.compile(r"^\s*A was .+, B was .+\s*$"), timeout=PATIENT)
    wait_until_shown(page, "checked now, it holds")

    page.goto(waiting)
    expect(page.locator("h1")).to_have_text("Your question waits, and nothing is lost", timeout=PATIENT)
    screenshot(page, "redis-is-gone")

    live_platform.redis.start()
    wait_until_title(page, "Your question can be fought over")
    assert not failures, "\n".join(failures)
    assert all(child.is_running for child in live_platform.processes.values())
