"""The whole platform as real processes on a clone of the database, and a real browser to visit it with.

A test that asks for ``live_platform`` is a committed test: the cast's people are committed to its clone, where the
web server, the worker, beat and the sequencer find them. Each of them costs seconds to start, so that a story in which
some have no part says with ``@pytest.mark.runs("web")`` which ones it needs.
"""

import asyncio
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page

from showdown.supervisor import demo, processes, schema
from showdown.supervisor.chromium import FLAGS, find_chromium
from showdown.supervisor.folders import Var
from showdown.supervisor.platform_processes import environment_of, platform_processes, stop_all
from showdown.supervisor.redis_server import EmbeddedRedis
from tests import services

SCREENSHOTS: Final = schema.REPOSITORY / "var" / "screenshots"


@dataclass(frozen=True, slots=True)
class LivePlatform:
    """A running platform: its address, its processes by name, and the folder with its logs and mails."""

    address: str
    processes: dict[str, processes.Child]
    redis: EmbeddedRedis
    var: Var

    def url(self, path: str) -> str:
        """Return the address of a path such as ``/log/``."""
        return f"{self.address}{path}"

    def log_of(self, name: str, lines: int = 40) -> str:
        """Return the end of a process's log, to show when a journey fails."""
        return processes.tail(self.var.log / f"{name}.log", lines)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let whatever the cast does before a visit be committed, and visits come first.

    They are the longest tests by far: one that began last would keep a single worker busy while the others have nothing
    left. The first share of tests goes to one worker, so that no two platforms start at a time either.
    """
    items.sort(key=lambda item: "live_platform" not in getattr(item, "fixturenames", ()))
    for item in items:
        if "live_platform" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.committed)
            item.add_marker(pytest.mark.django_db)


_OF_A_BROWSER: Final = frozenset({"playwright", "browser", "context", "page", "chromium", "visit"})


@pytest.fixture(autouse=True)
def _a_loop_of_its_own(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test without a browser run its own event loop.

    Playwright's loop is marked as running in this thread from the first browser test to the end of the session, also
    while nothing of it runs, and asyncio would refuse a second one to every test that comes after.
    """
    if _OF_A_BROWSER & set(request.fixturenames):
        # Django keeps other connections while a loop runs. The first browser test starts the loop; were that after its
        # database was prepared, it would give back other connections than it had led to its clone.
        request.getfixturevalue("playwright")
        yield
        return
    playwrights = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(playwrights)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def live_platform(request: pytest.FixtureRequest, _django_db_helper: None) -> Iterator[LivePlatform]:
    """Run the web server, the sequencer, one worker for both queues and beat on this test's clone, or those named."""
    marker = request.node.get_closest_marker("runs")
    needed = set(marker.args) if marker else {"web", "sequencer", "worker", "beat"}
    folder = Path(tempfile.mkdtemp(prefix="live-", dir=services.run_folder().folder))
    var = Var(folder)
    var.make()
    (folder / "r").mkdir()
    redis = EmbeddedRedis(folder / "r", var.log / "redis.log")
    children: list[processes.Child] = []
    try:
        redis.start()
        port = free_port()
        site = f"http://localhost:{port}"
        addresses = services.database_variables(connections.settings["default"]["NAME"])
        addresses |= {"REDIS_URL": redis.address}
        if "sequencer" in needed:
            # The log signs from the first second, with a key of this platform's own.
            keys = environment_of(var, addresses, "DATABASE_URL", SHOWDOWN_LOG_KEYS=str(var.log_keys))
            subprocess.run(
                schema.manage("log_key", "create"), cwd=schema.REPOSITORY, env=keys, check=True, capture_output=True
            )
        children = [child for child in platform_processes(var, addresses, port, site) if child.name in needed]
        for child in children:
            # The cast's passwords are hashed as in tests; the demo's own pages, such as its mails, are there too.
            child.environment = {**child.environment, "SHOWDOWN_TESTING": "1", "PYTHONWARNINGS": "default"}
            child.program = ["default,language" if part == "default" else part for part in child.program]
            child.start()
        web = children[0]
        if not processes.wait_until(lambda: demo.answers(port) or not web.is_running, seconds=60, step=0.1):
            pytest.fail(f"The web server does not answer:\n{web.last_words(40)}")
        if not web.is_running:
            pytest.fail(f"The web server ended:\n{web.last_words(40)}")
        yield LivePlatform(site, {child.name: child for child in children}, redis, var)
    finally:
        stop_all(children, at_once=lambda: True)
        # Pytest shows this for a journey that failed, and for no other.
        for child in children:
            sys.stdout.write(f"--- {child.name} ---\n{child.last_words(40)}\n")
        redis.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Lead Playwright to the machine's Chromium; ``make test`` has installed one where there was none."""
    flags = [flag for flag in FLAGS if flag != "--headless"]
    chromium = str(find_chromium(install=False))
    return {**browser_type_launch_args, "executable_path": chromium, "headless": True, "args": flags}


@pytest.fixture(scope="session")
def chromium(browser: Browser) -> Browser:
    """The browser itself; ``context`` and ``page`` are fresh ones of it."""
    return browser


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open separate visits, one for each person of a story: ``visit().new_page()``."""
    opened: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        context = chromium.new_context(**options)
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


def sign_in(page: Page, platform: LivePlatform, email: str, password: str) -> None:
    """Sign in by the real form."""
    page.goto(platform.url("/accounts/login/"))
    form = page.locator("form", has=page.locator("input[name=password]"))
    form.locator("input[name=login]").fill(email)
    form.locator("input[name=password]").fill(password)
    with page.expect_navigation(url=re.compile(r"^(?!.*/accounts/login/).*$")) as arrival:
        form.locator("button[type=submit]").first.click()
    assert arrival.value.ok, f"{arrival.value.status} at {page.url}:\n{platform.log_of('web')}"


def screenshot(page: Page, name: str) -> Path:
    """Keep what the page looks like in ``var/screenshots/``."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
